"""Forking a run: from which node, with which versions, on which input."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance.models import Approval
from governance.refusals import Problem, Refused
from runs import launch
from runs.engine.rows import loads
from runs.models import Run
from runs.views import frame
from runs.views.forms import SchemaForm
from runs.views.run.acting import asked
from runs.views.run.drawing import Drawing, drawing_of

INPUT = "input"


@require_http_methods(["GET", "HEAD", "POST"])
def fork_create(request: HttpRequest, run_id: int) -> HttpResponse:
    run = frame.run(request, run_id, "launch")
    drawing = drawing_of(run)
    if request.method != "POST":
        return form_shown(request, run, drawing, request.GET.get("node", ""), launch.input_of(run), {}, ())
    form = input_form(drawing)
    given, found = form.read(request.POST, request.FILES)
    node, pins = request.POST.get("from_node", ""), request.POST.dict()
    if given == launch.input_of(run):
        found = []  # a token that stands for a value need not look like one; the launch checks what it means
    problems = [replace(problem, pointer=f"/{INPUT}{problem.pointer}") for problem in found]
    chosen, wrong = pins_of(run, pins)
    if not problems and not wrong:
        try:
            forked = launch.fork(run, node, input=given, pins=chosen, by=request.user)
            return redirect("run", forked.id)
        except Refused as refusal:
            wrong = list(refusal.problems)
        except launch.LaunchRefused as error:
            wrong = [Problem("", error.detail), *error.errors]
    return form_shown(request, run, drawing, node, given, pins, [*problems, *wrong], status=422)


def pins_of(run: Run, posted: dict[str, str]) -> tuple[dict[str, int], list[Problem]]:
    """The versions that were changed, by name."""
    chosen, wrong = {}, []
    for name, number in loads(run.pins).items():
        text = posted.get(f"pin:{name}", "").strip()
        if text in ("", str(number)):
            continue
        if text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) > 0:
            chosen[name] = int(text)
        else:
            message = _("The version of %(name)s is a whole number from 1.") % {"name": name}
            wrong.append(Problem(f"/pins/{name}", message))
    return chosen, wrong


def input_form(drawing: Drawing) -> SchemaForm:
    return SchemaForm(drawing.document.get("input_schema", {}), prefix=INPUT)


def form_shown(
    request: HttpRequest,
    run: Run,
    drawing: Drawing,
    node: str,
    given: Any,
    posted: dict[str, str],
    problems: Any,
    status: int = 200,
) -> HttpResponse:
    inside = [
        replace(problem, pointer=problem.pointer.removeprefix(f"/{INPUT}"))
        for problem in problems
        if problem.pointer.startswith(f"/{INPUT}")
    ]
    context = {
        "nodes": [(name, drawing.node_name(name)) for name in drawing.nodes],
        "from_node": node,
        "pins": [(name, posted.get(f"pin:{name}", number)) for name, number in loads(run.pins).items()],
        "approved": approved_in(run, drawing),
        "fields": input_form(drawing).fields(given, inside),
        "problems": [problem for problem in problems if not problem.pointer.startswith(f"/{INPUT}")],
    }
    return asked(request, run, "run/fork.html", _("Fork this run"), context, status)


def approved_in(run: Run, drawing: Drawing) -> list[str]:
    """The names of the steps in which people approved something: taken over, they are not asked again."""
    found = Approval.objects.filter(run_id=run.id, status="approved").exclude(node="")
    return sorted({drawing.node_name(node) for node in found.values_list("node", flat=True)})
