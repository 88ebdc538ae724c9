"""The runs of a project, newest first: filtered by the address, paged by key, and as they go on."""

from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import clock, ids
from governance.models import Project, User
from runs.insights_today import created_since
from runs.models import STATUSES, Run
from runs.templatetags.baton import status_word
from runs.views import frame
from runs.views.shell.run_filters import RunFilters, chips
from runs.views.shell.run_rows import flow_names, run_rows

PAGE = 50
ENVIRONMENTS_FROM = 2_000  # environments of so many newest runs are offered
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """Up to 50 runs. `newer` and `older` are the query strings of the pages beside it, empty where there is none."""

    runs: list[Run]
    newer: str
    older: str


@require_safe
def run_list(request: HttpRequest, project: str) -> HttpResponse:
    """`?status=&flow=&user=&since=&environment=&q=&below=1`, pages by `before=` or `after=` a run.

    For htmx the rows alone, which ask again while something on them goes on.
    """
    found = frame.project(request, project)
    filters = RunFilters.of(request.GET)
    names = flow_names(found)
    page = page_of(found, filters, request.GET.get("before", ""), request.GET.get("after", ""))
    rows = run_rows(found, page.runs, names)
    context = {
        "rows": rows,
        "page": page,
        "filters": filters,
        "is_live": any(row.is_live for row in rows) or not (page.newer or "before" in request.GET),
        "cost": sum(run.cost for run in page.runs),
        "here": request.GET.urlencode(),
    }
    if frame.is_fragment(request):
        return render(request, "shell/_run_table.html", {"project": found, **context})
    context["chips"] = chips(filters, names, people_of(found), environments_of(found), words())
    context["views"] = saved_views(found, request.user, filters)
    return frame.shown(
        request,
        "shell/run_list.html",
        context,
        title=_("Runs"),
        project=found,
        section="runs",
        crumbs=[frame.Crumb(_("Runs"))],
    )


def page_of(project: Project, filters: RunFilters, before: str, after: str) -> Page:
    """The page before (older than) or after (newer than) a run; the newest where neither is one."""
    rows = filters.apply(Run.objects.filter(project=project).select_related("user"))
    older_than, newer_than = ids.decode(before), ids.decode(after)
    if newer_than is not None:
        found = list(rows.filter(id__gt=newer_than).order_by("id")[: PAGE + 1])
        more_newer, more_older, runs = len(found) > PAGE, True, found[:PAGE][::-1]
    else:
        if older_than is not None:
            rows = rows.filter(id__lt=older_than)
        found = list(rows.order_by("-id")[: PAGE + 1])
        more_newer, more_older, runs = older_than is not None, len(found) > PAGE, found[:PAGE]
    return Page(
        runs,
        beside(filters, "after", runs[0]) if more_newer and runs else "",
        beside(filters, "before", runs[-1]) if more_older and runs else "",
    )


def beside(filters: RunFilters, side: str, run: Run) -> str:
    return "&".join(part for part in (filters.query, f"{side}={run.public_id}") if part)


@dataclass(frozen=True, slots=True)
class View:
    """A tab: filters that people need every day, with how many runs it shows where that says something."""

    label: str
    query: str
    chosen: bool
    count: int | None = None
    tone: str = ""


def saved_views(project: Project, user: User, filters: RunFilters) -> list[View]:
    waiting = Run.objects.filter(project=project, status="waiting", parent_id=None)
    failed = created_since(project, clock.now() - DAY_US).filter(status="failed")
    attention = RunFilters(statuses=("failed",), since="24h")
    return [
        view(_("All"), RunFilters(), filters),
        view(_("Now"), RunFilters(statuses=("queued", "running")), filters),
        view(_("Waiting"), RunFilters(statuses=("waiting",)), filters, counted(waiting), "count--attn"),
        view(_("Failed today"), attention, filters, counted(failed), "count--bad"),
        view(_("Mine"), RunFilters(user=user.username), filters),
    ]


def view(label: str, wanted: RunFilters, now: RunFilters, count: int | None = None, tone: str = "") -> View:
    return View(label, wanted.query, wanted == now, count, tone if count else "")


def counted(rows: QuerySet[Run]) -> int:
    return rows.aggregate(count=Count("id"))["count"]


def people_of(project: Project) -> dict[str, str]:
    members = User.objects.filter(memberships__project=project).order_by("username")
    return {username: name or username for username, name in members.values_list("username", "name")}


def environments_of(project: Project) -> list[str]:
    newest = Run.objects.filter(project=project).order_by("-id").values_list("environment", flat=True)
    return sorted({name for name in newest[:ENVIRONMENTS_FROM] if name})


def words() -> dict[str, str]:
    return {status: status_word(status) for status in STATUSES}
