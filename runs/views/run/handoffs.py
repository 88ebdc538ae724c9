"""Who handed over to whom in a step, in order: the chain that its answer came by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runs.models import Event
from runs.views.run.drawing import Drawing
from runs.views.run.rounds import text_in
from runs.views.run.turns import icon_of


@dataclass(frozen=True, slots=True)
class Handoff:
    """`reason` says why somebody else stands in; "" where the source itself handed over."""

    source: str
    target: str
    icon: str
    at: int
    reason: str


def handoffs_of(events: Iterable[tuple[Event, Mapping[str, Any]]], drawing: Drawing) -> list[Handoff]:
    ends = ((event, data, str(data.get("from") or ""), str(data.get("to") or "")) for event, data in events)
    return [
        Handoff(
            drawing.called(source),
            drawing.called(target),
            icon_of(target),
            event.at,
            text_in(data, "reason"),
        )
        for event, data, source, target in ends
    ]
