"""The turns of a supervisor's or a team's step: who was asked what, and what came of it.

A turn is an item of its node; its input says who takes it (`agent`), in which `round`, and as what (`role`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from flows.members import member
from flows.seats import ICONS
from runs.api.outputs import StepValues, read_events
from runs.models import NO_ITEM, Run, Step
from runs.views.run.drawing import Drawing

MOST_TURNS = 400
LONG, LONGEST = 1_200, 20_000
Key = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn. `asked` is its input, `conversation` counts how often all turns were begun anew, `who` takes it, and
    `instead` is who answered in its place: a fallback, or whom it was handed over to."""

    step: Step
    asked: Mapping[str, Any]
    output: Any
    error: Mapping[str, Any] | None
    conversation: int
    who: str = ""
    instead: str = ""

    @property
    def url(self) -> str:
        return reverse(
            "run-step", args=[self.step.run_id, self.step.node, self.step.iteration, self.step.item]
        )

    @property
    def took(self) -> int | None:
        step = self.step
        return (
            None
            if step.started_at is None or step.finished_at is None
            else step.finished_at - step.started_at
        )


def turns_of(run: Run, step: Step, drawing: Drawing) -> list[Turn]:
    """The turns of one step in the order in which they began (five queries, however many)."""
    where = {"run_id": run.id, "node": step.node, "iteration": step.iteration}
    steps = list(Step.objects.filter(item__gte=0, **where).order_by("item")[:MOST_TURNS])
    values = StepValues(run.id, steps)
    return [
        Turn(
            each,
            mapping(values.input(each)),
            values.output(each),
            values.error(each),
            conversation_of(values.turn(each)),
            name_in(mapping(values.input(each)), drawing),
            instead_of(mapping(values.input(each)), each, drawing),
        )
        for each in steps
    ]


def instead_of(asked: Mapping[str, Any], step: Step, drawing: Drawing) -> str:
    played, meant = step.agent or "", member(str(asked.get("agent")))
    is_same = played.partition("@")[0] == meant.slug.partition("@")[0]
    return drawing.called(played) if played and meant.kind == "agent" and not is_same else ""


def conversation_of(turn: str) -> int:
    number = turn.partition("/")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def name_in(asked: Mapping[str, Any], drawing: Drawing) -> str:
    """Who takes the turn, as it is called on the page."""
    named = asked.get("agent")
    return drawing.called(named) if isinstance(named, str) else ""


def icon_of(name: str) -> str:
    return ICONS[member(name).kind]


def part_of(asked: Mapping[str, Any]) -> str:
    """What somebody is besides: the judge, the moderator; else which round it is."""
    role, number = asked.get("role"), asked.get("round")
    roles = {"judge": _("judge"), "moderator": _("moderator"), "second_opinion": _("second opinion")}
    if isinstance(role, str) and role in roles:
        return roles[role]
    return _("round %(number)s") % {"number": number} if isinstance(number, int) else ""


def names_of(run: Run, drawing: Drawing, steps: Iterable[Step]) -> dict[Key, dict[str, str]]:
    """{who, part} of those of the steps that are turns (two queries, where there are any)."""
    found = {
        step.started_seq: (step.node, step.iteration, step.item)
        for step in steps
        if step.item != NO_ITEM and step.started_seq is not None and drawing.holds_turns(step.node)
    }
    data = read_events(run.id, set(found))
    return {found[seq]: named(mapping(each.get("input")), drawing) for seq, each in data.items()}


def named(asked: Mapping[str, Any], drawing: Drawing) -> dict[str, str]:
    return {"who": name_in(asked, drawing)[:200], "part": part_of(asked)}
