"""The document of a versions page: loaded for who asks, and what stands above each of its pages."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from governance import access, documents
from governance.models import Document, Project
from runs.views import frame
from runs.views.budgets import budget
from runs.views.frame import Crumb
from runs.views.policies import policy
from runs.views.privacy import privacy
from runs.views.registry import agent_form, agents, providers, tools
from runs.views.registry.editing import Tab
from runs.views.registry.kinds import FACES, is_pinned, list_url, page_url


@dataclass(frozen=True, slots=True)
class Subject:
    """A document, as the address names it. `body` is the draft, else the live version, else empty."""

    project: Project
    document: Document
    kinds: str
    may_edit: bool

    @property
    def draft(self) -> dict[str, Any] | None:
        return documents.draft(self.document)

    @property
    def live(self) -> dict[str, Any] | None:
        return documents.content(self.document.active) if self.document.active else None

    @property
    def body(self) -> Mapping[str, Any]:
        return self.draft or self.live or {}

    @property
    def name(self) -> str:
        return self.document.name or self.document.slug

    @property
    def is_changed(self) -> bool:
        """Whether the draft says something else than the live version."""
        draft, active = self.draft, self.document.active
        return draft is not None and (active is None or documents.digest(draft) != active.hash)

    def address(self, name: str) -> str:
        """The address of one of the versions pages."""
        return reverse(name, args=[self.project.slug, self.kinds, self.document.slug])

    @property
    def home(self) -> str:
        """The document's own page."""
        try:
            return page_url(self.document)
        except NoReverseMatch:
            return self.address("versions")


def subject(request: HttpRequest, project: str, kinds: str, slug: str, *, edits: bool = False) -> Subject:
    """Raises SignInNeeded, NotFound for strangers, unknown kinds and documents, Forbidden without the right."""
    found = frame.project(request, project, "read")
    kind = documents.kind_named(kinds).name
    right = access.right_to_edit(kind)
    if edits:
        access.require(request.user, found, right)
    return Subject(found, documents.load(found, kind, slug), kinds, access.may(request.user, found, right))


def heading(shown: Subject, here: str) -> dict[str, Any]:
    """What registry/_document_head.html and the frame need."""
    head = _head_of(shown)
    tabs = [replace(tab, here=tab.url == here) for tab in head.pop("tabs")]
    return {
        "picture": FACES[shown.document.kind].icon,
        **head,
        "tabs": tabs,
        "subject": shown,
        "document": shown.document,
        "version": shown.document.active.number if shown.document.active else None,
        "is_changed": shown.is_changed,
        "may_edit": shown.may_edit,
        "kinds": shown.kinds,
        "is_pinned": is_pinned(shown.document.kind),
        **addresses(shown),
    }


def addresses(shown: Subject) -> dict[str, str]:
    """`versions_url`, `publication_url`, `activations_url`."""
    return {f"{name}_url": shown.address(name) for name in ("versions", "publication", "activations")}


def _head_of(shown: Subject) -> dict[str, Any]:
    match shown.document.kind:
        case "agent":
            offered = agent_form.providers_of(shown.project)
            return agents.head_of(shown.document, shown.body, offered, "versions")
        case "tool":
            return tools.head_of(shown.document, shown.body, "versions")
        case "provider":
            return providers.head_of(shown.document, shown.body)
        case "policy":
            return policy.head_of(shown.document, shown.body, "versions")
        case "privacy":
            return privacy.head_of(shown.document, shown.body, "versions")
        case "budget":
            return budget.head_of(shown.document, shown.body, "versions")
    history = Tab(_("Versions"), shown.address("versions"), count=shown.document.versions.count())
    own = [] if shown.home == history.url else [Tab(_("Builder"), shown.home)]
    return {"summary": shown.body.get("description", ""), "badges": [], "tabs": [*own, history]}


def crumbs(shown: Subject, *last: str) -> list[Crumb]:
    """The list of its kind, the document, and where one is."""
    kind = shown.document.kind
    above = Crumb(FACES[kind].plural, list_url(shown.project, kind))
    if not last:
        return [above, Crumb(shown.name)]
    return [above, Crumb(shown.name, shown.home), *(Crumb(word) for word in last)]
