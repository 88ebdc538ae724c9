"""The steps of a run as lines of the list that stands there without a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Sum

from runs.models import NO_ITEM, Run, Step
from runs.views.run.detail import took_of
from runs.views.run.drawing import Drawing
from runs.views.run.turns import names_of


@dataclass(frozen=True, slots=True)
class Span:
    """One line. `turn` is {who, part} where the step is one, `took` microseconds; `cost` (nano-dollars) is that of the
    step and of its items, which the step's own does not hold."""

    step: Step
    name: str
    picture: str
    took: int | None
    turn: Mapping[str, str]
    player: str
    cost: int


def spans_of(run: Run, drawing: Drawing, steps: Sequence[Step]) -> list[Span]:
    """Three queries at most."""
    named, below = names_of(run, drawing, steps), costs_below(run, steps)
    return [
        Span(
            each,
            drawing.node_name(each.node),
            drawing.icon(each.node),
            took_of(each),
            named.get((each.node, each.iteration, each.item), {}),
            drawing.player(each.agent),
            each.cost + (below.get((each.node, each.iteration), 0) if each.item == NO_ITEM else 0),
        )
        for each in steps
    ]


def costs_below(run: Run, steps: Sequence[Step]) -> dict[tuple[str, int], int]:
    """What all items of a step cost together, by (node, iteration)."""
    nodes = {each.node for each in steps if each.item == NO_ITEM}
    items = Step.objects.filter(run_id=run.id, node__in=nodes, item__gte=0).values("node", "iteration")
    rows = items.annotate(spent=Sum("cost")).order_by()
    return {(row["node"], row["iteration"]): int(row["spent"]) for row in rows}
