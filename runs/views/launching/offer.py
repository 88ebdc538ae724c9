"""What may be launched: a flow's active version (or another one), its input schema, and what a run may cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from flows.estimate import estimate
from flows.kind import lookup_in
from flows.time_estimate import time_estimate
from governance import documents
from governance.models import Document, Project, Version
from governance.refusals import NotFound
from runs.inspection import Prices


@dataclass(frozen=True, slots=True)
class Offer:
    """A flow to launch. Without a `version` it was never published, and `body` is empty."""

    project: Project
    document: Document
    version: Version | None
    body: Mapping[str, Any]

    @property
    def slug(self) -> str:
        return self.document.slug

    @property
    def name(self) -> str:
        return self.body.get("name") or self.document.name or self.slug

    @property
    def schema(self) -> Mapping | None:
        """The input's schema; None where the flow takes anything."""
        found = self.body.get("input_schema")
        return found if isinstance(found, Mapping) and found else None

    @property
    def reference(self) -> str:
        """What to launch: the active version by the slug alone, so that it is the one of that moment."""
        is_active = self.version is None or self.version.pk == self.document.active_id
        return self.slug if is_active else f"{self.slug}@{self.version.number}"

    def cost(self) -> dict:
        """{expected_usd, worst_usd, unbounded} as the check of the API has it, and the same as `time`, in seconds."""
        lookup = lookup_in(self.project, self.body)
        money = estimate(self.body, lookup, Prices(self.project))
        return {**money, "time": time_estimate(self.body, lookup)}


def offered(project: Project, flow: str, number: str = "") -> Offer:
    """The flow with its active version, or with version `number`. Raises NotFound."""
    document = documents.load(project, "flow", flow)
    version = document.active
    if number:
        version = document.versions.filter(number=int(number)).first() if is_number(number) else None
        if version is None:
            raise NotFound(
                _("The flow %(flow)s has no version %(number)s.") % {"flow": flow, "number": number[:20]}
            )
    return Offer(project, document, version, documents.content(version) if version else {})


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < len(text) < 9
