"""A supervisor's step as people read it: the plan of each round, who was given what and why, and what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runs.views.run import json_tree
from runs.views.run.drawing import Drawing
from runs.views.run.turns import LONG, LONGEST, Turn, icon_of, mapping

STATUS_OF_ERROR = {"denied": "blocked", "tool_not_allowed": "blocked"}


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody answered: `text` with its `rest` folded, or a `tree` where it is no text."""

    text: str = ""
    rest: str = ""
    tree: json_tree.Tree | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """One delegation. `turn` is None where it never began: a policy or a person said no."""

    who: str
    icon: str
    task: str
    reason: str
    status: str
    said: Said | None
    error: Mapping[str, Any] | None
    turn: Turn | None


@dataclass(frozen=True, slots=True)
class Round:
    """`is_again`: a fallback took the supervisor's place, and began anew."""

    number: int
    plan: str
    assignments: tuple[Assignment, ...]
    is_again: bool = False


@dataclass(frozen=True, slots=True)
class Rounds:
    """`answer` is the supervisor's own, None while there is none. `is_partial`: it failed, this is what was done."""

    rounds: tuple[Round, ...]
    answer: Said | None
    is_partial: bool


def said_of(output: Any) -> Said | None:
    if output is None:
        return None
    text = output.get("text") if isinstance(output, Mapping) and len(output) == 1 else output
    if isinstance(text, str):
        return words(text)
    return Said(tree=json_tree.tree(output))


def words(text: str) -> Said:
    return Said(text[:LONG], text[LONG:LONGEST])


def rounds_of(
    turns: Sequence[Turn], plans: Iterable[tuple[int, Mapping]], finished: Mapping, drawing: Drawing
) -> Rounds:
    """`plans` are (seq, data) of the supervisor's notes in order, `finished` the data of its `step.finished`."""
    output = finished.get("output") or finished.get("partial")
    groups: dict[tuple[int, int], list[Assignment]] = {}
    for turn in turns:
        groups.setdefault((turn.conversation, number_of(turn.asked)), []).append(assignment(turn))
    for entry, number in never_begun(turns, mapping(output), drawing):
        groups.setdefault((last_conversation(turns), number), []).append(entry)
    noted = plans_by_round(turns, plans)
    for key in noted:
        groups.setdefault(key, [])
    found = tuple(Round(key[1], noted.get(key, ""), tuple(groups[key]), key[0] > 0) for key in sorted(groups))
    text = mapping(finished.get("output")).get("text")
    return Rounds(found, words(text) if isinstance(text, str) else None, "partial" in finished)


def number_of(asked: Mapping[str, Any]) -> int:
    number = asked.get("round")
    return number if isinstance(number, int) else 1


def last_conversation(turns: Sequence[Turn]) -> int:
    return max((turn.conversation for turn in turns), default=0)


def assignment(turn: Turn) -> Assignment:
    named = str(turn.asked.get("agent") or "")
    return Assignment(
        turn.who,
        icon_of(named),
        text_in(turn.asked, "task"),
        text_in(turn.asked, "reason"),
        turn.step.status,
        said_of(turn.output),
        turn.error,
        turn,
    )


def text_in(found: Mapping[str, Any], field: str) -> str:
    value = found.get(field)
    return value[:LONGEST] if isinstance(value, str) else ""


def never_begun(turns: Sequence[Turn], output: Mapping, drawing: Drawing) -> list[tuple[Assignment, int]]:
    """What the supervisor wanted and was refused: it stands in the output alone."""
    begun = [(turn.asked.get("agent"), turn.asked.get("task"), number_of(turn.asked)) for turn in turns]
    found = []
    for entry in output.get("delegations") or ():
        entry = mapping(entry)
        key = (entry.get("agent"), entry.get("task"), number_of(entry))
        if key in begun:
            begun.remove(key)
        elif entry.get("error"):
            found.append((refused(entry, drawing), number_of(entry)))
    return found


def refused(entry: Mapping[str, Any], drawing: Drawing) -> Assignment:
    named, error = str(entry.get("agent") or ""), mapping(entry["error"])
    status = STATUS_OF_ERROR.get(str(error.get("code")), "failed")
    task, reason = text_in(entry, "task"), text_in(entry, "reason")
    return Assignment(drawing.called(named), icon_of(named), task, reason, status, None, error, None)


def plans_by_round(turns: Sequence[Turn], plans: Iterable[tuple[int, Mapping]]) -> dict[tuple[int, int], str]:
    """Each plan with the round that it began: the first turn of that number that started behind it."""
    found = {}
    for seq, data in plans:
        number = number_of(data)
        behind = (
            turn.conversation
            for turn in turns
            if number_of(turn.asked) == number and (turn.step.started_seq or 0) > seq
        )
        found[next(behind, last_conversation(turns)), number] = text_in(data, "text")
    return found
