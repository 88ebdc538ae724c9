"""The inbox as pages: the list beside the item that is open, and each of the two alone for the script."""

from collections.abc import Collection, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import access, approvals, clock, ids, review
from governance.models import Approval, Project
from governance.refusals import NotFound
from governance.review import Effort
from runs.views import frame
from runs.views.approvals import filters as filtering
from runs.views.approvals.filters import DECIDED, MINE, PAGE, PENDING, Filters
from runs.views.approvals.item import Shown
from runs.views.approvals.rows import budget_waits, item_rows
from runs.views.frame import Crumb
from runs.views.shell.run_rows import flow_names

MONTH_US = 30 * 86_400_000_000
MOST_FLOWS = 6


@require_safe
def approval_list(request: HttpRequest, project: str) -> HttpResponse:
    """`?show=mine|pending|decided&after=`; for the script the list alone, which asks again every few seconds."""
    found = frame.project(request, project)
    return listed(request, found) if frame.is_fragment(request) else shown(request, found, None)


@require_safe
def approval_show(request: HttpRequest, project: str, approval_id: int) -> HttpResponse:
    """`?do=edit|reject|answer|done` opens a form. For the script the item alone, with `part=list` the list."""
    found = frame.project(request, project)
    item = load(found, approval_id)
    if frame.is_fragment(request) and request.GET.get("part") == "list":
        return listed(request, found, item)
    view = view_of(request, item, wanted=request.GET.get("do", ""))
    if not view.cannot:
        remember(view, request)
    return answered(request, found, view)


def load(project: Project, approval_id: int) -> Approval:
    """Raises NotFound, also for an item of another project."""
    items = Approval.objects.select_related("project").prefetch_related("decisions__by")
    item = items.filter(project=project, id=approval_id).first()
    if item is None:
        raise NotFound(_("There is no approval %(id)s here.") % {"id": ids.encode(approval_id)})
    return item


def view_of(request: HttpRequest, item: Approval, **more: Any) -> Shown:
    return Shown(item, request.user, approvals.names_of(request.user, item.project), **more)


def remember(view: Shown, request: HttpRequest) -> None:
    """The first time a reviewer opens an item, its clock starts (governance.review)."""
    if request.user.username not in {who for who, _at in view.openings}:
        review.opened(view.item, request.user)
        del view.openings  # read anew


def answered(request: HttpRequest, project: Project, view: Shown, status: int = 200) -> HttpResponse:
    """The item for the script, else the whole page."""
    if not frame.is_fragment(request):
        return shown(request, project, view, status)
    context = {"project": project, "view": view, "filters": Filters.of(request.GET)}
    context["may_reveal"] = access.may(request.user, project, "reveal")
    return render(request, "approvals/_detail.html", context, status=status)


def shown(request: HttpRequest, project: Project, view: Shown | None, status: int = 200) -> HttpResponse:
    context = {**list_context(request, project, view and view.item, view and view.names), "view": view}
    here = Crumb(_("Approvals"), reverse("approvals", args=[project.slug]) if view else "")
    crumbs = [here, Crumb(view.item.title)] if view else [here]
    return frame.shown(
        request,
        "approvals/page.html",
        context,
        title=view.item.title if view else _("Approvals"),
        project=project,
        section="approvals",
        crumbs=crumbs,
        status=status,
    )


def listed(request: HttpRequest, project: Project, item: Approval | None = None) -> HttpResponse:
    return render(request, "approvals/_list.html", list_context(request, project, item))


def list_context(
    request: HttpRequest, project: Project, item: Approval | None, names: Collection[str] | None = None
) -> dict[str, Any]:
    """A fixed number of queries: names (2), items (2), counts (2), flows, runs that wait for budgets, effort.

    `names` (governance.approvals.names_of) are read where they are not known.
    """
    filters, now = Filters.of(request.GET), clock.now()
    names = approvals.names_of(request.user, project) if names is None else names
    items = filtering.page_of(filters, project, request.user, names)
    flows = flow_names(project)
    rows = Approval.objects.filter(project=project)
    pending = frame.waiting_count(project)
    mine = filtering.mine(rows, request.user, names)
    waits = [] if filters.show == DECIDED or filters.after else budget_waits(project, flows)
    return {
        "project": project,
        "filters": filters,
        "rows": item_rows(project, items[:PAGE], flows, filters.query, now),
        "older": filters.beyond(items[PAGE - 1]) if len(items) > PAGE else "",
        "tabs": tabs(filters, mine.count(), pending),
        "waiting_count": pending,
        "selected": item,
        "waits": waits,
        "may_reveal": access.may(request.user, project, "reveal"),
        "may_raise": access.may(request.user, project, "administer"),
        "effort": effort_of(project, flows, now) if filters.show == DECIDED else [],
        "overdue": sum(1 for row in items if row.due_at is not None and row.due_at <= now),
    }


def effort_of(project: Project, names: Mapping[str, str], now: int) -> list[tuple[str, Effort]]:
    """(flow, effort) of the last 30 days, what took most first."""
    found = review.effort_by_flow(project, now - MONTH_US)[:MOST_FLOWS]
    return [(names.get(effort.flow, effort.flow), effort) for effort in found]


def tabs(filters: Filters, mine: int, pending: int) -> list[dict[str, Any]]:
    """{label, query, count, chosen} each."""
    words = {MINE: _("Waiting for me"), PENDING: _("All pending"), DECIDED: _("Decided")}
    counts = {MINE: mine, PENDING: pending, DECIDED: None}
    return [
        {"label": word, "query": Filters(show).query, "count": counts[show], "chosen": show == filters.show}
        for show, word in words.items()
    ]
