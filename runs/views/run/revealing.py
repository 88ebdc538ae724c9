"""Protected values of a run on a page of their own: asked for on purpose, shown once, on the audit log each time."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from runs import launch
from runs.api.outputs import StepValues
from runs.engine.rows import loads
from runs.models import NO_ITEM, Run, Step
from runs.revealing import revealed
from runs.views import frame
from runs.views.run import json_tree
from runs.views.run.acting import asked
from runs.views.run.drawing import drawing_of

MOST_STEPS = 100
Shown = tuple[str, Sequence[tuple[str, json_tree.Tree]]]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reveal_create(request: HttpRequest, run_id: int) -> HttpResponse:
    run = frame.run(request, run_id, "reveal")
    if request.method != "POST":
        return asked(request, run, "run/reveal.html", _("Show protected values?"), {})
    context = {"sections": sections(request, run), "most": MOST_STEPS}
    return asked(request, run, "run/revealed.html", _("Protected values"), context)


def sections(request: HttpRequest, run: Run) -> list[Shown]:
    """The run, then its steps by start: (name, [(what, value)])."""
    steps = list(
        Step.objects.filter(run_id=run.id, started_seq__isnull=False)
        .exclude(node="")
        .order_by("started_seq")[:MOST_STEPS]
    )
    values, drawing = StepValues(run.id, steps), drawing_of(run)
    held: list[tuple[str, Any, Any, Any]] = [
        (_("The run"), launch.input_of(run), loads_or_none(run.output), loads_or_none(run.error)),
        *(
            (
                named(drawing.node_name(step.node), step),
                values.input(step),
                values.output(step),
                values.error(step),
            )
            for step in steps
        ),
    ]
    shown = revealed(run, [list(each[1:]) for each in held], request.user, "page")
    labels = (_("Input"), _("Output"), _("Error"))
    return [
        (
            name,
            [
                (label, json_tree.tree(value))
                for label, value in zip(labels, contents, strict=True)
                if value is not None
            ],
        )
        for (name, *_rest), contents in zip(held, shown, strict=True)
    ]


def named(node: str, step: Step) -> str:
    iteration = f" · {step.iteration}" if step.iteration > 1 else ""
    return f"{node}{iteration}" + ("" if step.item == NO_ITEM else f" [{step.item}]")


def loads_or_none(text: str | None) -> Any:
    return None if text is None else loads(text)
