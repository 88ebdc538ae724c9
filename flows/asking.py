"""What a node asks of people and of models: a question with its answer, and a function that a model may call."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """What a node asks a person; `kind` is approval or question. Times are seconds from now.

    `seat` names the participant that is answered for, one of `seats`: within one step a person answers for one only.
    """

    kind: str
    title: str
    payload: Any = None
    schema: Mapping | None = None
    editable: bool = False
    reviewers: tuple[str, ...] = ()
    quorum: int = 1
    four_eyes: bool = False
    due_in_s: float | None = None
    on_timeout: str = "reject"
    seat: str = ""
    seats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What people said: `decision` is approve, reject, answer or timed_out; `at` is RFC 3339."""

    decision: str
    payload: Any
    by: tuple[str, ...]
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class Calling:
    """Where in a conversation a model called a function: the model call (`turn`, from 1), the place among the calls of
    that turn (`index`, from 0), and what the model said beside its calls."""

    turn: int
    index: int
    said: str


@dataclass(frozen=True, slots=True)
class Function:
    """What a model may call besides its agent's tools. `parameters` is the JSON Schema of an object.

    `call(arguments, calling)` gets arguments that fit, and gives what the model is told as JSON; a StepFailed with
    `denied`, `rejected` or `tool_not_allowed` is told to the model too, any other ends the conversation. The calls of
    one turn are started in order and run at once; everything that names a call (`hand_over`, `turn`) must be asked
    for before the first wait. With `ends`, what `call` returns is the answer of the agent. A turn that calls one which
    `is_round` counts to the `most_rounds` that the model was given; any other call counts as one of a tool.
    """

    name: str
    description: str
    parameters: Mapping
    call: Callable[[Mapping, Calling], Awaitable[Any]]
    ends: bool = False
    is_round: bool = False
