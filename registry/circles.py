"""Tool calls that go in a circle: an agent asks the same again, is told the same again, and learns nothing between.

Pure, and decided by what was told alone: a conversation that is played again goes the same way. A call that gave
another answer than before (it polls), other arguments, or anything new since it was asked last is no circle, however
often it comes; `max_tool_calls` ends that.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from registry.calls import CallFailed
from registry.context_window import cut_middle

# So many equal answers to equal calls are enough: the next such call is not made, and its model is told so.
SAME_ANSWERS = 2
LONGEST_SHOWN = 120  # characters of a call's arguments in a sentence
LONGEST_KEPT = 2_000  # characters of an answer in what was done so far
EXACT = 1 << 53  # whole numbers below it are the same as int and as double
TIMES = {2: "twice", 3: "three times", 4: "four times", 5: "five times"}


class Asking(NamedTuple):
    """A call that a model wants. `arguments` are their text where they cannot be read; `key` is equal for equal
    calls: the order of keys does not count, and 1 is 1.0."""

    name: str
    arguments: Any
    key: str

    @classmethod
    def of(cls, name: str, arguments: Any) -> "Asking":
        if isinstance(arguments, str):
            return cls(name, arguments, f"{name} {arguments}")
        plain = orjson.dumps(_plain(arguments), option=orjson.OPT_SORT_KEYS).decode()
        return cls(name, arguments, f"{name} {plain}")

    @property
    def kept(self) -> Any:
        return _cut(self.arguments) if isinstance(self.arguments, str) else self.arguments

    def __str__(self) -> str:
        """`lookup-charge({"id": "c1"})`"""
        is_text = isinstance(self.arguments, str)
        text = self.arguments if is_text else json.dumps(self.arguments, ensure_ascii=False)
        return f"{_cut(self.name)}({_cut(text)})"


class Made(NamedTuple):
    """A call that was answered; `told` is what the model was told, as JSON."""

    asking: Asking
    told: str


class Circle(NamedTuple):
    """A call that would be told the same as before: `since` are those made after it, `same` how often it was told so at
    the end, `times` how often it is asked for now."""

    since: list[Asking]
    same: int
    times: int

    def path(self, asking: Asking) -> str:
        return " → ".join(map(str, (asking, *self.since, asking)))


class Trail:
    """The calls of one agent's conversation, in order.

    Who asks the same once more is told so first; who then goes on in the circle is stopped. `patience` is in how many
    turns a person lets it go on all the same. It says nothing of what came before: the calls of a conversation that is
    played again must take their names in the order in which they took them first.
    """

    def __init__(self, agent: str = "", patience: int = 0):
        self.agent, self.patience = agent, patience
        self.made: list[Made] = []
        self._told: dict[str, int] = {}  # the calls of a circle that the model was told of, and in which turn
        self._unmade: Counter[str] = Counter()
        self._free_turn = 0  # in which patience lets everything pass

    def is_worn(self, asking: Asking, beside: Sequence[Asking]) -> bool:
        """Whether the call has to be judged first: it was asked for often enough, `beside` it in its turn too."""
        before = [*(made.asking for made in self.made), *beside]
        return sum(each.key == asking.key for each in before) >= SAME_ANSWERS

    def refusal(self, asking: Asking, turn: int) -> str | None:
        """Why this call of that turn is not made, as its model is told; None where it is. Raises CallFailed
        `delegation_cycle` where the model was told so in an earlier turn and has learnt nothing since."""
        found = self._circle(asking)
        if found is None:
            self._told.pop(asking.key, None)
            return None
        if self._told.get(asking.key, turn) == turn:
            for each in (asking, *found.since):
                self._told.setdefault(each.key, turn)
            self._unmade[asking.key] += 1
            return self._warning(asking, found)
        if turn != self._free_turn:
            if not self.patience:
                raise CallFailed("delegation_cycle", self._sentence(asking, found))
            self.patience -= 1
            self._free_turn = turn
        return None

    def _circle(self, asking: Asking) -> Circle | None:
        """The circle that this call would close; None where it may be made."""
        places = [place for place, made in enumerate(self.made) if made.asking.key == asking.key]
        told = [self.made[place].told for place in places]
        # What has changed before is asked about because it changes: it gets one more chance.
        wanted = SAME_ANSWERS + (len(set(told)) > 1)
        if len(told) < wanted or len(set(told[-wanted:])) > 1:
            return None
        last = places[-1]
        before = {(made.asking.key, made.told) for made in self.made[:last]}
        since = self.made[last + 1 :]
        if any((made.asking.key, made.told) not in before for made in since):
            return None
        return Circle([made.asking for made in since], wanted, len(places) + self._unmade[asking.key] + 1)

    def _warning(self, asking: Asking, circle: Circle) -> str:
        path = f" ({circle.path(asking)})" if circle.since else ""
        return (
            f"not made: you asked this {TIMES[circle.same]} and were told the same{path}; answer with what you know, "
            "or ask for something else"
        )

    def _sentence(self, asking: Asking, circle: Circle) -> str:
        if circle.since:
            found = f"{circle.path(asking)}, with the same answers as before"
        else:
            times = TIMES.get(circle.times, f"{circle.times} times")
            found = f"{asking} {times} with the same answer"
        return (
            f"The tool calls go in a circle: {self.agent} → {found}. The last of these calls was not made; the agent "
            "had been told that it goes in one. Let it answer with what it was told, or ask for something else."
        )

    def so_far(self) -> list[dict]:
        """What was done, as people read it: {agent, tool, arguments, output or error} of each call."""
        return [
            {"agent": self.agent, "tool": asking.name, "arguments": asking.kept, **result_of(told)}
            for asking, told in self.made
        ]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def result_of(told: str) -> dict:
    """{output} or {error: {code, message}} of what a model was told."""
    if len(told) > LONGEST_KEPT:
        return {"output": cut_middle(told, LONGEST_KEPT)}
    value = orjson.loads(told)
    is_error = isinstance(value, dict) and value.keys() == {"error"} and isinstance(value["error"], dict)
    return value if is_error else {"output": value}
