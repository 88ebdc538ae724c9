"""The log of a project or of the installation, newest first: filtered by the address, paged by key."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.audit import SYSTEM
from governance.chain import looks, sealing
from governance.chain import rows as stored
from governance.chain.entries import Entry
from governance.chain.reading import log_of
from governance.models import Project, User
from runs.views import frame
from runs.views.audit import place
from runs.views.audit.filters import AuditFilters, chips
from runs.views.audit.rows import rows_of

PAGE = 50
LONGEST_KEY = 18  # digits


@dataclass(frozen=True, slots=True)
class Page:
    """Up to 50 entries. `newer` and `older` are the query strings of the pages beside it, empty where there is none."""

    entries: list[Entry]
    newer: str
    older: str


@require_safe
def audit_list(request: HttpRequest, project: str | None = None) -> HttpResponse:
    """`?actor=&action=&object=&since=&from=&to=&q=`, pages by `before=` or `after=` an entry."""
    found = place.log_named(request, project)
    filters = AuditFilters.of(request.GET)
    sealing.seal()
    page = page_of(found, filters, key(request.GET.get("before", "")), key(request.GET.get("after", "")))
    context = {
        "log": found,
        "log_url": place.address(found),
        "rows": rows_of(found, page.entries),
        "page": page,
        "filters": filters,
    }
    if frame.is_fragment(request):
        return render(request, "audit/_table.html", context)
    context |= {
        "chips": chips(filters, people_of(found)),
        "state": looks.last(found),
        "export_url": place.address(found, "export"),
        "verification_url": place.address(found, "verification"),
        "is_staff": request.user.is_staff,
    }
    title = _("Audit log") if found else _("Audit log of the installation")
    return frame.shown(
        request,
        "audit/log.html",
        context,
        title=title,
        project=found or frame.last_project(request),
        section="audit",
        crumbs=[frame.Crumb(title)],
    )


def key(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_KEY else None


def page_of(project: Project | None, filters: AuditFilters, before: int | None, after: int | None) -> Page:
    """The page before (older than) or after (newer than) an entry; the newest where neither is one."""
    numbers = filters.asked.apply(log_of(project)).values_list("id", flat=True)
    if after is not None:
        found = list(numbers.filter(id__gt=after).order_by("id")[: PAGE + 1])
        more_newer, more_older, shown = len(found) > PAGE, True, found[:PAGE]
    else:
        older = numbers if before is None else numbers.filter(id__lt=before)
        found = list(older.order_by("-id")[: PAGE + 1])
        more_newer, more_older, shown = before is not None, len(found) > PAGE, found[:PAGE]
    entries = stored.named(shown)[::-1]
    return Page(
        entries,
        beside(filters, "after", entries[0]) if more_newer and entries else "",
        beside(filters, "before", entries[-1]) if more_older and entries else "",
    )


def beside(filters: AuditFilters, side: str, entry: Entry) -> str:
    return "&".join(part for part in (filters.query, f"{side}={entry.id}") if part)


def people_of(project: Project | None) -> dict[str, str]:
    """{username: name} of those who can be asked for."""
    people = User.objects.order_by("username")
    people = people.filter(memberships__project=project) if project else people.filter(is_staff=True)
    return {SYSTEM: "Baton"} | {
        username: name or username for username, name in people.values_list("username", "name")
    }
