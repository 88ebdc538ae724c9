"""The list of a project's flows: filtered by the address, cut by slug, each with its state and its numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from governance import documents
from governance.models import Document, Project
from runs.views import frame
from runs.views.flows.numbers import WEEK, Numbers, numbers_of
from runs.views.flows.tabs import tab_counts
from runs.views.frame import Crumb

SIZE = 30
LONGEST = 100
STATES = {
    "live": gettext_lazy("Live"),
    "changed": gettext_lazy("With a draft"),
    "draft": gettext_lazy("Never published"),
}
CHANGED = Q(active__isnull=False, draft__isnull=False) & ~Q(draft=F("active__content"))
FILTERS = {"live": Q(active__isnull=False), "changed": CHANGED, "draft": Q(active=None)}


@dataclass(frozen=True, slots=True)
class Row:
    """One flow in the list. `state` is live, changed (live, and its draft differs), draft or archived."""

    slug: str
    name: str
    description: str
    state: str
    version: int | None
    numbers: Numbers
    archived_at: Any = None


@dataclass(frozen=True, slots=True)
class Page:
    """The rows, the addresses of the pages around them ("" for none), and what the address asks for."""

    rows: list[Row]
    before: str
    after: str
    asked: dict[str, str]

    @property
    def is_filtered(self) -> bool:
        return bool(self.asked["q"] or self.asked["state"])


@require_safe
def flow_list(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project, "read")
    archived = request.GET.get("archived") == "1"
    context = {
        "page": page_of(request, found, archived),
        "states": STATES,
        "archived": archived,
        "days": WEEK,
        "tabs": tab_counts(found),
        "tab": "archived" if archived else "flows",
    }
    crumbs = [Crumb(_("Flows"))]
    return frame.shown(
        request,
        "flows/flow_list.html",
        context,
        title=_("Flows"),
        project=found,
        section="flows",
        crumbs=crumbs,
    )


def page_of(request: HttpRequest, project: Project, archived: bool) -> Page:
    asked = {name: asked_for(request, name) for name in ("q", "state", "before", "after")}
    if asked["state"] not in STATES or archived:
        asked["state"] = ""
    rows = matching(project, asked, archived)
    before, after = asked.pop("before"), asked.pop("after")
    if before:
        found = list(rows.filter(slug__lt=before).order_by("-slug")[: SIZE + 1])
        shown, more_before, more_after = found[:SIZE][::-1], len(found) > SIZE, True
    else:
        found = list((rows.filter(slug__gt=after) if after else rows).order_by("slug")[: SIZE + 1])
        shown, more_before, more_after = found[:SIZE], bool(after), len(found) > SIZE
    kept = {name: text for name, text in {**asked, "archived": "1" if archived else ""}.items() if text}
    return Page(
        rows_of(project, shown),
        address(kept, before=shown[0].slug) if shown and more_before else "",
        address(kept, after=shown[-1].slug) if shown and more_after else "",
        asked,
    )


def matching(project: Project, asked: dict[str, str], archived: bool) -> QuerySet[Document]:
    rows = Document.objects.filter(project=project, kind="flow", archived_at__isnull=not archived)
    if asked["state"]:
        rows = rows.filter(FILTERS[asked["state"]])
    if asked["q"]:
        rows = rows.filter(Q(slug__icontains=asked["q"]) | Q(name__icontains=asked["q"]))
    return rows.select_related("active")


def rows_of(project: Project, found: Iterable[Document]) -> list[Row]:
    found = list(found)
    numbers = numbers_of(project, [document.slug for document in found])
    return [row(document, numbers[document.slug]) for document in found]


def row(document: Document, numbers: Numbers) -> Row:
    version, draft = document.active, document.draft
    body = documents.content(version) if version else documents.draft(document) or {}
    state = "draft"
    if document.archived_at is not None:
        state = "archived"
    elif version is not None:
        state = "changed" if draft is not None and draft != version.content else "live"
    description = body.get("description")
    return Row(
        document.slug,
        document.name or document.slug,
        description if isinstance(description, str) else "",
        state,
        version.number if version else None,
        numbers,
        document.archived_at,
    )


def asked_for(request: HttpRequest, name: str) -> str:
    """PostgreSQL cannot even be asked for some texts (NUL)."""
    return request.GET.get(name, "").replace("\0", "")[:LONGEST].strip()


def address(kept: dict[str, str], **place: str) -> str:
    return "?" + urlencode({**kept, **place})
