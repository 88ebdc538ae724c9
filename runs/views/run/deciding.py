"""Deciding what a step waits for, where it stands."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance import ids
from governance.models import Approval
from governance.refusals import NotFound
from runs.models import Run
from runs.views import frame
from runs.views.approvals import answering
from runs.views.run import page, trace
from runs.views.run.asking import Asked, form_of
from runs.views.run.heading import step_url

# Whose answer carries what the person wrote on.
WRITES = frozenset({("approval", "approve"), ("question", "answer"), ("escalation", "answer")})


@require_POST
def decision_create(request: HttpRequest, run_id: int, approval_id: int) -> HttpResponse:
    run = frame.run(request, run_id)
    item = Approval.objects.select_related("project").filter(id=approval_id, run_id=run.id).first()
    if item is None:
        raise NotFound(f"Run {run.public_id} has no item {ids.encode(approval_id)}.")
    answering.refuse_others(request, item)
    writes = (item.kind, request.POST.get("decision", "")) in WRITES
    refused = answering.decide(request, item, form_of(item) if writes else None)
    return done(request, run, item) if refused is None else again(request, run, item, *refused)


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
