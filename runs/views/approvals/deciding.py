"""Deciding an item where it is read: what was typed is kept, whatever happened meanwhile."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from governance import approvals
from governance.models import Approval, Project
from governance.refusals import Conflict, Forbidden, Problem, Refused
from runs.views import frame
from runs.views.approvals import choices, page
from runs.views.approvals.filters import Filters
from runs.views.run.asking import PREFIX, Asked

DECIDED = {
    "approved": gettext_lazy("Approved. The run goes on."),
    "answered": gettext_lazy("Answered. The run goes on."),
    "rejected": gettext_lazy("Rejected. The run is told."),
}


@require_POST
def decision_create(request: HttpRequest, project: str, approval_id: int) -> HttpResponse:
    found = frame.project(request, project)
    item = page.load(found, approval_id)
    if not approvals.may_decide(item, request.user):
        raise Forbidden(_("This is for %(who)s to decide.") % {"who": ", ".join(item.reviewers)})
    do = choices.opened(item, request.POST.get("do", ""))
    asked, given = read(request, item, do)
    if asked.problems:
        return again(request, item, do, asked, 422)
    try:
        approvals.decide(
            item,
            request.user,
            asked.decision,
            fingerprint=request.POST.get("fingerprint", ""),
            reason=asked.reason,
            **given,
        )
    except Refused as refusal:
        return again(request, item, do, replace(asked, problems=refusal.problems), 422)
    except Conflict as conflict:
        return again(request, item, do, replace(asked, conflict=str(conflict)), 409)
    return done(request, found, item)


def read(request: HttpRequest, item: Approval, do: str) -> tuple[Asked, dict[str, Any]]:
    """What was typed, with what is wrong with it, and the payload to hand on where there is one."""
    decision, reason = request.POST.get("decision", ""), request.POST.get("reason", "").strip()
    problems, payload = [], None
    writes = choices.OPENS[item.kind].get(do) == decision
    form = choices.form_of(item, do) if writes else None
    if form is not None:
        payload, found = form.read(request.POST, request.FILES)
        problems = [replace(problem, pointer=f"/{PREFIX}{problem.pointer}") for problem in found]
    if decision == "reject" and item.kind == "approval" and not reason:
        problems.append(Problem("/reason", _("Say why: whoever asked reads it.")))
    asked = Asked(item.pk, decision, reason, payload, form is not None, problems)
    return asked, {} if form is None else {"payload": payload}


def again(request: HttpRequest, item: Approval, do: str, asked: Asked, status: int) -> HttpResponse:
    """The item as it is now, with the form as it was typed; what happened meanwhile stands above it."""
    if asked.decision == "reject" and "reject" in choices.OPENS[item.kind]:
        do = "reject"
    fresh = page.load(item.project, item.pk)
    return page.answered(request, item.project, page.view_of(request, fresh, wanted=do, asked=asked), status)


def done(request: HttpRequest, project: Project, item: Approval) -> HttpResponse:
    fresh = page.load(project, item.pk)
    news = DECIDED.get(fresh.status) or _("Recorded. Others have to agree.")
    if frame.is_fragment(request):
        return page.answered(request, project, page.view_of(request, fresh, news=str(news)))
    messages.success(request, news)
    query = Filters.of(request.GET).query
    url = reverse("approval", args=[project.slug, item.pk])
    return redirect(f"{url}?{query}" if query else url)
