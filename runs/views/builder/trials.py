"""Test runs from the builder: the draft as it stands, or one of its nodes with given outputs before it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from flows.one_node import NotAlone, one_node, schema_of
from governance.refusals import NotFound, Problem, Refused
from runs import trial_runs
from runs.api.outputs import Texts
from runs.engine.rows import loads
from runs.launch import LaunchRefused
from runs.models import Run
from runs.views import frame
from runs.views.builder import page
from runs.views.builder.desk import Desk, desk_of
from runs.views.forms import FieldView, SchemaForm, defaults

MOST_LENGTH = 64
LONGEST_SHOWN = 20_000
ANY_INPUT = {"type": "object"}


@require_http_methods(["GET", "HEAD", "POST"])
def trial_new(request: HttpRequest, project: str, flow: str) -> HttpResponse:
    """GET: the form, of the flow or of `?node=`. POST: starts the test run and shows it."""
    desk = desk_of(request, project, flow, "launch" if request.method == "POST" else "read")
    node = request.GET.get("node", "")
    if request.method == "POST":
        return trial_create(request, desk, node)
    if not frame.is_fragment(request):
        return HttpResponseRedirect(f"{desk.url('flow')}?panel=test" + (f"&try={node}" if node else ""))
    return render(request, "builder/_trial.html", form_context(desk, node))


def trial_create(request: HttpRequest, desk: Desk, node: str) -> HttpResponse:
    value, environment = {}, request.POST.get("environment", "").strip() or trial_runs.ENVIRONMENT
    try:
        value, problems = form_of(desk, node).read(request.POST, request.FILES)
        if problems:
            raise Refused(problems)
        document, input = drafted(desk, node, value)
        check_environment(environment)
        run = trial_runs.start(desk.project, document, input, user=request.user, environment=environment)
    except NotAlone as error:
        return refused(request, desk, node, value, [Problem("", str(error))])
    except Refused as error:
        return refused(request, desk, node, value, error.problems)
    except LaunchRefused as error:
        return refused(request, desk, node, value, trial_runs.problems_of(error))
    if not frame.is_fragment(request):
        return HttpResponseRedirect(reverse("run", args=[run.id]))
    return render(
        request, "builder/_trial.html", {**form_context(desk, node, value), **run_context(desk, run)}
    )


def refused(
    request: HttpRequest, desk: Desk, node: str, value: Any, problems: Iterable[Problem]
) -> HttpResponse:
    context = form_context(desk, node, value, problems)
    if frame.is_fragment(request):
        return render(request, "builder/_trial.html", context, status=422)
    return page.shown(request, desk, "test", {"trial": context}, 422)


@require_safe
def trial_show(request: HttpRequest, project: str, flow: str, run_id: int) -> HttpResponse:
    """The result as it stands; it asks for itself again until the run has finished."""
    desk = desk_of(request, project, flow)
    run = (
        Run.objects.select_related("project").filter(id=run_id, project=desk.project, flow=desk.slug).first()
    )
    if run is None:
        raise NotFound(_("There is no such test run of this flow."))
    if not frame.is_fragment(request):
        return HttpResponseRedirect(reverse("run", args=[run.id]))
    return render(request, "builder/_trial_run.html", run_context(desk, run))


def drafted(desk: Desk, node: str, value: Mapping[str, Any]) -> tuple[Mapping[str, Any], Any]:
    """The document to run, and its input. Raises NotAlone."""
    if not node:
        return desk.body, value
    if desk.inspection.drawing is None or desk.node(node) is None:
        raise NotAlone(_("This node is gone: choose another."))
    document = one_node(desk.inspection.drawing, node, value.get("steps", {}), value.get("state"))
    return document, value.get("input", {})


def check_environment(name: str) -> None:
    if len(name) > MOST_LENGTH or not name.isprintable():
        message = _("The environment is a word of at most %(most)s characters, such as test.")
        raise Refused([Problem("", message % {"most": MOST_LENGTH})])


def form_of(desk: Desk, node: str) -> SchemaForm:
    """Raises NotAlone."""
    return SchemaForm(schema_for(desk, node), prefix="input")


def schema_for(desk: Desk, node: str) -> Mapping[str, Any]:
    if not node:
        schema = desk.body.get("input_schema")
        return schema if isinstance(schema, Mapping) else ANY_INPUT
    if desk.inspection.drawing is None or desk.node(node) is None:
        raise NotAlone(_("This node is gone: choose another."))
    return schema_of(desk.inspection.drawing, node)


def form_context(
    desk: Desk, node: str, value: Any = None, problems: Iterable[Problem] = ()
) -> dict[str, Any]:
    problems, fields = list(problems), []
    try:
        given = defaults(schema_for(desk, node)) if value is None else value
        fields = form_of(desk, node).fields(given, [each for each in problems if not is_elsewhere(each)])
    except NotAlone as error:
        problems = problems or [Problem("", str(error))]
    return {
        "desk": desk,
        "fields": fields,
        "trial_problems": [each for each in problems if is_elsewhere(each) or not has_place(fields, each)],
        "tried": desk.node(node),
        "is_node": bool(node),
        "url": desk.url("flow-trials") + (f"?node={node}" if node else ""),
        "environment": trial_runs.ENVIRONMENT,
        "may_launch": desk.may_launch,
        "blocking": len(desk.inspection.errors),
    }


def is_elsewhere(problem: Problem) -> bool:
    """Whether a problem is one of the flow, not of its input."""
    return bool(problem.nodes) or problem.pointer.startswith(("/nodes", "/edges"))


def has_place(fields: list[FieldView], problem: Problem) -> bool:
    return bool(problem.pointer) and bool(fields)


def run_context(desk: Desk, run: Run) -> dict[str, Any]:
    output = None if run.output is None else loads(run.output)
    output = Texts(run.id, [output]).whole(output)
    return {
        "desk": desk,
        "run": run,
        "output": "" if output is None else json.dumps(output, ensure_ascii=False, indent=2)[:LONGEST_SHOWN],
        "error": loads(run.error) if run.error else None,
        "waits": loads(run.waiting),
        "took": run.finished_at and run.started_at and run.finished_at - run.started_at,
        "trial_url": desk.url("flow-trial", run.id),
        "run_url": reverse("run", args=[run.id]),
    }
