"""What the page's script starts from and goes on reading: steps by start, calls, and the log backwards."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from governance import clock
from runs.api.journals import behind, in_order, place_of
from runs.models import NO_ITEM, Event, Run, Step
from runs.views import frame
from runs.views.run import brief
from runs.views.run.drawing import Drawing, drawing_of, several_ports
from runs.views.run.snapshot import snapshot
from runs.views.run.turns import names_of

FIRST_STEPS, STEPS = 100, 500
LOG_LINES = 100
WHOLE_UP_TO = 1_500  # events: a shorter journal comes with all its calls, so that every step can be unfolded
MOST_OF_A_STEP = 2_000
LARGEST = 2**31 - 1


def first_page(run: Run, drawing: Drawing) -> dict[str, Any]:
    """The state that the page is made with, as of `run.seq`. Read it in one snapshot with the run."""
    steps, cursor = steps_after(run, None, FIRST_STEPS)
    calls = brief.events(brief.calls_of(run.id, run.seq)) if run.seq <= WHOLE_UP_TO else None
    return {
        "id": run.public_id,
        "flow": drawing.name,
        "seq": run.seq,
        "status": run.status,
        "now": clock.now() / 1000,
        "created": run.created_at // 1000,
        "start": None if run.started_at is None else run.started_at // 1000,
        "end": None if run.finished_at is None else run.finished_at // 1000,
        "cost": run.cost,
        "tokens": run.input_tokens + run.output_tokens,
        "nodes": drawing.facts(),
        "cast": drawing.cast(),
        "edges": [
            [edge["from"], edge.get("port", "out"), edge["to"], "loop" in edge]
            for edge in drawing.document.get("edges", ())
        ],
        "rows": drawn(run, drawing, steps),
        "cursor": cursor,
        "calls": calls,
        "log": brief.events(log_before(run, run.seq + 1)),
    }


def steps_after(run: Run, keys: list | None, limit: int) -> tuple[list[Step], list | None]:
    """Steps by their start, and the key to go on from; None where these are the last."""
    rows = in_order(Step.objects.filter(run_id=run.id).exclude(node=""))  # the run itself is no step
    found = list((rows.filter(behind(keys)) if keys else rows)[: limit + 1])
    shown = found[:limit]
    return shown, place_of(shown[-1]) if len(found) > limit else None


def drawn(run: Run, drawing: Drawing, steps: list[Step]) -> list[dict]:
    more = [names_of(run, drawing, steps), brief.tried_again(run.id, steps)]
    return brief.rows(steps, several_ports(run, drawing), more)


def log_before(run: Run, before: int) -> list[Event]:
    """The lines before a seq, the newest first."""
    return list(Event.objects.filter(run_id=run.id, seq__lt=before).order_by("-seq")[:LOG_LINES])


@require_safe
def step_list(request: HttpRequest, run_id: int) -> HttpResponse:
    """`?place=&node=&iteration=&item=`: the steps behind that key, as of `seq`."""
    frame.run(request, run_id)
    keys = key_of(request)
    with snapshot():
        run = Run.objects.select_related("project").get(id=run_id)
        steps, cursor = steps_after(run, keys, STEPS)
        rows = drawn(run, drawing_of(run), steps)
    return JsonResponse({"seq": run.seq, "rows": rows, "cursor": cursor})


@require_safe
def event_list(request: HttpRequest, run_id: int) -> HttpResponse:
    """`?before=SEQ`: the log further back."""
    run = frame.run(request, run_id)
    return JsonResponse({"events": brief.events(log_before(run, whole(request, "before")))})


@require_safe
def call_list(
    request: HttpRequest, run_id: int, node: str, iteration: int, item: int = NO_ITEM
) -> HttpResponse:
    """The calls of one step, as of `seq`."""
    run = frame.run(request, run_id)
    with snapshot():
        seq = Run.objects.values_list("seq", flat=True).get(id=run.id)
        rows = of_step(run, step_or_404(run, node, iteration, item)).filter(type__in=brief.CALLS)
        return JsonResponse({"seq": seq, "events": brief.events(rows[:MOST_OF_A_STEP])})


def step_or_404(run: Run, node: str, iteration: int, item: int) -> Step:
    fits = iteration <= LARGEST and item <= LARGEST
    key = {"run_id": run.id, "node": node, "iteration": iteration, "item": item}
    found = Step.objects.filter(**key).first() if fits else None
    if found is None:
        raise Http404
    return found


def of_step(run: Run, step: Step) -> QuerySet[Event]:
    """The step's own lines, in order: they stand between its first and its last."""
    lines = Event.objects.filter(run_id=run.id, node=step.node, iteration=step.iteration)
    lines = lines.filter(item__isnull=True) if step.item == NO_ITEM else lines.filter(item=step.item)
    if step.started_seq is not None:
        lines = lines.filter(seq__gte=step.started_seq)
    if step.finished_seq is not None:
        lines = lines.filter(seq__lte=step.finished_seq)
    return lines.order_by("seq")


def key_of(request: HttpRequest) -> list:
    """The key of a step in the address: those behind it are asked for."""
    return [
        whole(request, "place"),
        request.GET.get("node", "")[:64].replace("\0", ""),
        whole(request, "iteration"),
        whole(request, "item", lowest=NO_ITEM),
    ]


def whole(request: HttpRequest, name: str, lowest: int = 0) -> int:
    text = request.GET.get(name, "")
    digits = text.removeprefix("-") if lowest < 0 else text
    if not (digits.isascii() and digits.isdigit() and len(digits) < 11):
        raise Http404
    return max(lowest, min(int(text), LARGEST))
