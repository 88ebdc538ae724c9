"""What the gateway looks up when it is asked, because it is never pinned: providers and secrets.

Kept for a second in memory: what another process changed takes effect within it, what this one did at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from governance import budgets, documents, secrets
from governance.models import Project
from governance.refusals import NotFound
from registry.calls import CallFailed
from registry.offloop import Fresh
from registry.prices import Price, price


@dataclass(frozen=True, slots=True)
class Provider:
    """An active provider document and its key."""

    document: dict
    api_key: str | None = field(repr=False)
    prices: dict[str, Price | None] = field(default_factory=dict)

    def price(self, model: str) -> Price | None:
        """The price of one of its models; None: unpriced."""
        if model not in self.prices:
            self.prices[model] = price(self.document, model)
        return self.prices[model]

    def may_be_unpriced(self, model: str) -> bool:
        """Whether a call without a price may draw on a budget, as 0: it is marked so, or nobody is ever paid."""
        marked = self.document.get("prices", {}).get(model, {}).get("unpriced", False)
        return marked or self.document["type"] == "scripted"


async def provider(project_id: int, slug: str) -> Provider:
    """The provider that is active now. Raises CallFailed where there is none, or its key is not there."""
    try:
        return await _providers.get(project_id, slug)
    except (NotFound, secrets.Unreadable) as missing:
        raise CallFailed("provider_error", f"provider {slug!r}: {missing}") from missing


async def secret_values(project_id: int, names: Iterable[str]) -> dict[str, str]:
    """The values behind the names. Raises CallFailed for one that is not there."""
    try:
        return {name: await _secrets.get(project_id, name) for name in names}
    except (NotFound, secrets.Unreadable) as missing:
        raise CallFailed("step_failed", str(missing)) from missing


def forget() -> None:
    """Looks everything up anew: for tests and for whoever just changed something in this process."""
    _providers.forget()
    _secrets.forget()
    budgets.forget()


def heed(kind: str, **_: object) -> None:
    """A document is in force, or out of it (governance.documents.changes)."""
    if kind == "provider":
        _providers.forget()


def _load_provider(project_id: int, slug: str) -> Provider:
    version = documents.find(Project(pk=project_id), "provider", slug)
    document = documents.content(version)
    name = document.get("secret")
    return Provider({**document, "slug": slug}, secrets.reveal(project_id, name) if name else None)


_providers: Fresh[Provider] = Fresh(_load_provider)
_secrets: Fresh[str] = Fresh(secrets.reveal)
