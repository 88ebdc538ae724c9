"""A team's step as people read it: who said what to whom, whose position changed, and how it was decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flows.members import PEOPLE
from runs.views.run.drawing import Drawing
from runs.views.run.rounds import Said, text_in, words
from runs.views.run.turns import Turn, icon_of, mapping, part_of

METHODS = {
    "consensus": gettext_lazy("By consensus: all last positions have to be the same"),
    "majority": gettext_lazy("By majority: more than half has to agree"),
    "judge": gettext_lazy("By the judge"),
}
WHOLE = 100.0


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `position` is what the speaker holds or votes for, `was` what they held before where that is
    another; `to` whom they answer or hand over to, `by` the person who answered for people."""

    who: str
    icon: str
    part: str
    status: str
    said: Said
    position: str
    was: str
    to: str
    error: Mapping[str, Any] | None
    turn: Turn
    by: str


@dataclass(frozen=True, slots=True)
class Count:
    """One line of the tally; `width` is its share of all votes in percent."""

    value: str
    count: float
    width: float
    won: bool


@dataclass(frozen=True, slots=True)
class Talk:
    """`method` and `reason` say how it was decided; "" where nothing was. `tie` is a sentence, "" without one."""

    messages: tuple[Message, ...]
    tally: tuple[Count, ...]
    winner: str
    method: str
    reason: str
    tie: str
    is_partial: bool

    @property
    def verdict(self) -> Message | None:
        """The judge's words."""
        return next((each for each in self.messages if each.turn.asked.get("role") == "judge"), None)


def talk_of(turns: Sequence[Turn], decided: Iterable[Mapping], finished: Mapping, drawing: Drawing) -> Talk:
    """`decided` are the step's `choice.made`, `finished` the data of its `step.finished`, {} while it runs."""
    output = mapping(finished.get("output") or finished.get("partial"))
    choice = next((data for data in decided if data.get("kind") == "team"), {})
    winner = output.get("winner")
    counts = tally_of(output.get("tally") or (), winner)
    return Talk(
        messages_of(turns, drawing),
        counts,
        str(winner) if winner is not None else "",
        str(METHODS.get(str(choice.get("method")), choice.get("method") or "")),
        str(choice.get("reason") or ""),
        tie_of(counts),
        "partial" in finished,
    )


def messages_of(turns: Sequence[Turn], drawing: Drawing) -> tuple[Message, ...]:
    """What each speaker held is remembered, so that a change shows; begun anew, everybody starts from nothing."""
    held: dict[tuple, str] = {}
    found = []
    for turn in turns:
        named = str(turn.asked.get("agent") or "")
        output, key = mapping(turn.output), (turn.conversation, named, turn.asked.get("role"))
        position = text_in(output, "position") or text_in(output, "vote") or text_in(output, "winner")
        before = held.get(key, "")
        was = before if position and not same(before, position) else ""
        held[key] = position or before
        found.append(
            Message(
                turn.who,
                icon_of(named),
                part_of(turn.asked),
                turn.step.status,
                words(spoken(turn.asked, output)),
                position,
                was,
                to_of(output, drawing),
                turn.error,
                turn,
                text_in(output, "by") if named.startswith(PEOPLE) else "",
            )
        )
    return tuple(found)


def same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def spoken(asked: Mapping[str, Any], output: Mapping[str, Any]) -> str:
    """The words of a message: a talk's text, a vote's reason, what goes with a handoff, why a moderator chose."""
    return next((text for name in ("text", "message", "reason") if (text := text_in(output, name))), "")


def to_of(output: Mapping[str, Any], drawing: Drawing) -> str:
    named = next((text for name in ("to", "handoff", "next") if (text := text_in(output, name))), "")
    return drawing.called(named) if named else ""


def tally_of(tally: Iterable[Any], winner: Any) -> tuple[Count, ...]:
    lines = [(str(line.get("value")), number(line.get("count"))) for line in map(mapping, tally)]
    whole = sum(count for _value, count in lines) or 1
    return tuple(
        Count(value, count, round(WHOLE * count / whole, 1), winner is not None and value == str(winner))
        for value, count in lines
    )


def number(count: Any) -> float:
    return count if isinstance(count, int | float) and not isinstance(count, bool) else 0


def tie_of(counts: Sequence[Count]) -> str:
    most = max((line.count for line in counts), default=0)
    first = [line.value for line in counts if line.count == most]
    if len(first) < 2:
        return ""
    values = {"names": _(" and ").join(first), "count": f"{most:g}"}
    return _("A tie: %(names)s have %(count)s each.") % values
