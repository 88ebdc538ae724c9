"""Deciding what a step waits for, where it stands."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance import approvals, ids
from governance.models import Approval
from governance.refusals import Conflict, Forbidden, NotFound, Problem, Refused
from runs.models import Run
from runs.views import frame
from runs.views.run import page, trace
from runs.views.run.asking import PREFIX, Asked, form_of
from runs.views.run.heading import step_url

# Whose answer carries what the person wrote on.
WRITES = frozenset({("approval", "approve"), ("question", "answer"), ("escalation", "answer")})


@require_POST
def decision_create(request: HttpRequest, run_id: int, approval_id: int) -> HttpResponse:
    run = frame.run(request, run_id)
    item = Approval.objects.select_related("project").filter(id=approval_id, run_id=run.id).first()
    if item is None:
        raise NotFound(f"Run {run.public_id} has no item {ids.encode(approval_id)}.")
    if not approvals.may_decide(item, request.user):
        raise Forbidden(_("This is for %(who)s to decide.") % {"who": ", ".join(item.reviewers)})
    asked, given = read(request, item)
    if asked.problems:
        return again(request, run, item, asked, 422)
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
        return again(request, run, item, with_problems(asked, refusal.problems), 422)
    except Conflict as conflict:
        return again(request, run, item, with_conflict(asked, str(conflict)), 409)
    return done(request, run, item)


def read(request: HttpRequest, item: Approval) -> tuple[Asked, dict[str, Any]]:
    """What was typed, with what is wrong with it, and the payload to hand on where there is one."""
    decision, reason = request.POST.get("decision", ""), request.POST.get("reason", "").strip()
    problems, payload = [], None
    form = form_of(item) if (item.kind, decision) in WRITES else None
    if form is not None:
        payload, found = form.read(request.POST, request.FILES)
        problems = [replace(problem, pointer=f"/{PREFIX}{problem.pointer}") for problem in found]
    if decision == "reject" and item.kind == "approval" and not reason:
        problems.append(Problem("/reason", _("Say why: whoever asked reads it.")))
    asked = Asked(item.pk, decision, reason, payload, form is not None, problems)
    return asked, {} if form is None else {"payload": payload}


def with_problems(asked: Asked, problems: tuple[Problem, ...]) -> Asked:
    return Asked(asked.approval_id, asked.decision, asked.reason, asked.payload, asked.has_payload, problems)


def with_conflict(asked: Asked, sentence: str) -> Asked:
    return Asked(
        asked.approval_id, asked.decision, asked.reason, asked.payload, asked.has_payload, conflict=sentence
    )


def again(request: HttpRequest, run: Run, item: Approval, asked: Asked, status: int) -> HttpResponse:
    """The step with the form as it was typed; what happened meanwhile stands above it."""
    step = trace.step_or_404(run, item.node, item.iteration, item.item)
    if frame.is_fragment(request):
        return page.detail_shown(request, run, step, asked=asked, status=status)
    return page.shown(request, run, step, asked=asked, status=status)


def done(request: HttpRequest, run: Run, item: Approval) -> HttpResponse:
    if frame.is_fragment(request):
        step = trace.step_or_404(run, item.node, item.iteration, item.item)
        return page.detail_shown(request, run, step)
    messages.success(request, _("Decided. The run goes on."))
    return redirect(step_url(run, item.node, item.iteration, item.item) or reverse("run", args=[run.id]))
