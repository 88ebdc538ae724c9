"""What an agent's step did before it was stopped: the tool calls that its `step.finished` holds as `partial`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runs.views.run import json_tree
from runs.views.run.drawing import Drawing
from runs.views.run.rounds import text_in
from runs.views.run.turns import mapping

MOST_CALLS = 100


@dataclass(frozen=True, slots=True)
class Call:
    """`error` is a sentence, "" for a call that was answered."""

    agent: str
    tool: str
    arguments: json_tree.Tree
    output: json_tree.Tree
    error: str


@dataclass(frozen=True, slots=True)
class Done:
    """`hidden` counts the calls that are not shown: they are in the journal."""

    calls: tuple[Call, ...]
    hidden: int


def done_of(finished: Mapping[str, Any], drawing: Drawing) -> Done | None:
    """None where the step holds no calls. `finished` is the data of its `step.finished`."""
    made = mapping(finished.get("partial")).get("calls")
    if not isinstance(made, list) or not made:
        return None
    room = json_tree.room()
    shown = tuple(call(mapping(each), drawing, room) for each in made[:MOST_CALLS])
    return Done(shown, len(made) - len(shown))


def call(made: Mapping[str, Any], drawing: Drawing, room: Iterator[int]) -> Call:
    return Call(
        drawing.called(text_in(made, "agent")),
        text_in(made, "tool"),
        json_tree.tree(made.get("arguments"), room),
        json_tree.tree(made.get("output"), room),
        error_of(made.get("error")),
    )


def error_of(error: Any) -> str:
    found = mapping(error)
    return text_in(found, "message") or text_in(found, "code")
