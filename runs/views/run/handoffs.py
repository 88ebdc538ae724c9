"""Who handed over to whom in a step, in order: the chain that its answer came by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runs.models import Event
from runs.views.run.turns import icon_of, shown


@dataclass(frozen=True, slots=True)
class Handoff:
    source: str
    target: str
    icon: str
    at: int


def handoffs_of(events: Iterable[tuple[Event, Mapping[str, Any]]]) -> list[Handoff]:
    return [handoff(event, str(data.get("from") or ""), str(data.get("to") or "")) for event, data in events]


def handoff(event: Event, source: str, target: str) -> Handoff:
    return Handoff(shown(source), shown(target), icon_of(target), event.at)
