"""The page of a run, its head, and the detail of a step: whole pages, or the part that the script asks for."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import access
from governance.models import Approval
from runs.models import FINISHED, NO_ITEM, Feedback, Run, Step
from runs.views import frame
from runs.views.frame import Crumb
from runs.views.run import trace
from runs.views.run.asking import Asked, asked_of
from runs.views.run.detail import StepDetail
from runs.views.run.drawing import Drawing, drawing_of, simulated
from runs.views.run.graph import graph_of
from runs.views.run.heading import crumb_of, heading, step_url
from runs.views.run.snapshot import snapshot
from runs.views.run.spans import spans_of
from runs.views.run.state import of_run

MOST_FEEDBACK = 10


@require_safe
def run_show(request: HttpRequest, run_id: int) -> HttpResponse:
    found = frame.run(request, run_id)
    return shown(request, found, None)


@require_safe
def step_show(
    request: HttpRequest, run_id: int, node: str, iteration: int, item: int = NO_ITEM
) -> HttpResponse:
    """The page with this step selected; for the script the detail alone."""
    found = frame.run(request, run_id)
    step = trace.step_or_404(found, node, iteration, item)
    if frame.is_fragment(request):
        return detail_shown(request, found, step)
    return shown(request, found, step)


@require_safe
def about_show(request: HttpRequest, run_id: int) -> HttpResponse:
    """The run itself in the place of a step's detail: output, input, feedback."""
    found = frame.run(request, run_id)
    if not frame.is_fragment(request):
        return shown(request, found, None, about=True)
    drawing = drawing_of(found)
    context = {**heading(found, drawing), "feedback": feedback_of(found), "state": of_run(found, drawing)}
    context |= {"rights": rights_of(request, found), "finished": found.status in FINISHED}
    return render(request, "run/_about.html", context)


@require_safe
def head_show(request: HttpRequest, run_id: int) -> HttpResponse:
    """The head anew: its status changed."""
    found = frame.run(request, run_id)
    context = {**heading(found, drawing_of(found)), "rights": rights_of(request, found)}
    context["waiting_count"] = frame.waiting_count(found.project)
    return render(request, "run/_head.html", context)


def shown(
    request: HttpRequest,
    run: Run,
    step: Step | None,
    *,
    about: bool = False,
    asked: Asked | None = None,
    said: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole page, with a step selected, or the run (`about`), or what one looks at first.

    `asked` is a decision that was refused, `said` a feedback that was, to be shown again with what was wrong.
    """
    with snapshot():
        run = Run.objects.select_related("project", "user").get(id=run.id)
        drawing = drawing_of(run)
        context = heading(run, drawing) | graph_of(drawing) | trace_context(request, run, drawing)
        selected = None if about else step or default_step(run)
        context |= detail_context(request, run, drawing, selected, asked)
        context["state"] = of_run(run, drawing) if selected is None else None
        context["feedback"] = feedback_of(run)
    context |= {
        "finished": run.status in FINISHED,
        "said": said or {},
        "simulated_list": sorted(context["simulated"]),
    }
    crumbs = [Crumb(_("Runs"), reverse("run-list", args=[run.project.slug])), Crumb(crumb_of(run))]
    return frame.shown(
        request,
        "run/page.html",
        context,
        title=context["heading"],
        project=run.project,
        section="runs",
        crumbs=crumbs,
        status=status,
    )


def trace_context(request: HttpRequest, run: Run, drawing: Drawing) -> dict[str, Any]:
    steps, cursor = trace.steps_after(run, page_key(request), trace.FIRST_STEPS)
    return {
        "trace": trace.first_page(run, drawing),
        "steps": spans_of(run, drawing, steps),
        "next_key": next_key(cursor),
    }


def detail_shown(
    request: HttpRequest, run: Run, step: Step, *, asked: Asked | None = None, status: int = 200
) -> HttpResponse:
    context = detail_context(request, run, drawing_of(run), step, asked)
    rights = rights_of(request, run)
    return render(request, "run/_detail.html", {**context, "run": run, "rights": rights}, status=status)


def detail_context(
    request: HttpRequest, run: Run, drawing: Drawing, step: Step | None, asked: Asked | None
) -> dict[str, Any]:
    if step is None:
        return {"detail": None, "simulated": simulated(run.project)}
    items = Approval.objects.filter(run_id=run.id, node=step.node, iteration=step.iteration, item=step.item)
    return {
        "detail": StepDetail(run, step, drawing, request.GET.get("tab", "")),
        "step_url": step_url(run, step.node, step.iteration, step.item),
        "node_name": drawing.node_name(step.node),
        "node_icon": drawing.icon(step.node),
        "asked": asked_of(items, request.user, run, asked),
        "simulated": simulated(run.project),
    }


def default_step(run: Run) -> Step | None:
    """What one looks at first: what waits for somebody, what failed, what runs; None: the run itself."""
    for status in ("waiting", "failed", "running"):
        rows = Step.objects.filter(run_id=run.id, status=status, item=NO_ITEM).exclude(node="")
        found = rows.order_by("started_seq").first()
        if found is not None:
            return found
    return None


def feedback_of(run: Run) -> list[Feedback]:
    return list(Feedback.objects.filter(run=run).select_related("user").order_by("-id")[:MOST_FEEDBACK])


def rights_of(request: HttpRequest, run: Run) -> dict[str, bool]:
    roles = access.roles_in(request.user, run.project)
    return {right: bool(needed & roles) for right, needed in access.RIGHTS.items()}


def page_key(request: HttpRequest) -> list | None:
    """The step to go on behind, without script."""
    if "place" not in request.GET:
        return None
    return trace.key_of(request)


def next_key(cursor: list | None) -> dict[str, Any] | None:
    return None if cursor is None else dict(zip(("place", "node", "iteration", "item"), cursor, strict=True))
