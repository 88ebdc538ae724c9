"""What one call of an agent costs, as far as its document tells: the parts that `flows.estimate` adds up.

Amounts are Fractions of billionths of a dollar. A worst case of None means that nothing bounds it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from governance.money import nano
from registry.conversation import DEFAULT_TOOL_CALLS
from registry.model_attempt import DEFAULT_MAX_TOKENS

CHARACTERS_PER_TOKEN = 4  # what the context window counts with; a model may need a token a character
TOKENS_PER_TAG = 250  # what a {{ … }} of a text is expected to bring

Rates = tuple[Fraction, Fraction]
PriceOf = Callable[[str], tuple | None]


class Cost(NamedTuple):
    """Expected and worst case of something; `worst` None: unbounded."""

    expected: Fraction
    worst: Fraction | None

    def times(self, expected, worst) -> "Cost":
        """This, so many times; a `worst` of None bounds nothing but what is free."""
        if self.worst == 0:
            return Cost(self.expected * expected, self.worst)
        bounded = self.worst is not None and worst is not None
        return Cost(self.expected * expected, self.worst * worst if bounded else None)


FREE = Cost(Fraction(0), Fraction(0))
UNKNOWN = Cost(Fraction(0), None)


def total(costs) -> Cost:
    found = FREE
    for cost in costs:
        bounded = found.worst is not None and cost.worst is not None
        found = Cost(found.expected + cost.expected, found.worst + cost.worst if bounded else None)
    return found


@dataclass(frozen=True, slots=True)
class Ask:
    """One step of an agent: what it is asked, whether its answer has a schema, how often it may be attempted, and the
    number of the last attempt of the step that may be its own.

    `is_open` says that others write what it reads: a task, a transcript. `calls` says that it may call functions of
    its node, such as a handoff; `rounds` are its turns, expected and at most, that have a limit of their own for that.
    """

    text: str
    structured: bool
    attempts: int
    last: int
    is_open: bool = False
    calls: bool = False
    rounds: tuple[int, int] = (0, 0)


def agent_cost(agent: Mapping | None, ask: Ask, price: PriceOf) -> Cost:
    """One step of an agent on its models: every turn it may take, every repair, every fallback model.

    A turn that fails on one model goes on to the next, and both may cost; so the worst case adds the models up.
    """
    if agent is None:
        return UNKNOWN
    models = [agent["model"], *agent.get("fallback_models", ())]
    calls = [call_cost(agent, ask, price(model)) for model in models]
    usual = (2 if agent.get("tools") else 1) + ask.rounds[0]
    return Cost(calls[0].expected * usual, total(calls).times(0, most_turns(agent, ask)).worst)


def most_turns(agent: Mapping, ask: Ask) -> int:
    """Model calls of a step: in each attempt a turn a tool call, a turn a round, and the answer; attempt n grants n
    repairs in all.

    Attempts are counted through the whole step: a fallback that is the third attempt may repair three times.
    """
    may_call = agent.get("tools") or ask.calls
    tool_calls = agent.get("limits", {}).get("max_tool_calls", DEFAULT_TOOL_CALLS) if may_call else 0
    rounds = ask.rounds[1] + 1 if ask.rounds[1] else 0  # and one that asks only for what is used up
    return ask.attempts * (tool_calls + rounds + 1) + ask.last


def call_cost(agent: Mapping, ask: Ask, rates: tuple | None) -> Cost:
    """One call of one model. `max_cost_usd_per_call` holds for each: the gateway refuses what might cost more."""
    cap = agent.get("limits", {}).get("max_cost_usd_per_call")
    most = None if cap is None else Fraction(nano(cap))
    if rates is None:
        return Cost(Fraction(0), most)
    per_input, per_output = map(Fraction, rates)
    answer = agent.get("params", {}).get("max_tokens", DEFAULT_MAX_TOKENS)
    expected = usual_input(agent, ask) * per_input + Fraction(answer, 2) * per_output
    tokens = most_input(agent, ask) if per_input else 0
    if tokens is not None:
        worst = tokens * per_input + answer * per_output
        most = worst if most is None else min(most, worst)
    return Cost(expected if most is None else min(expected, most), most)


def usual_input(agent: Mapping, ask: Ask) -> int:
    """Tokens that a call is expected to send."""
    written = agent.get("instructions", "") + ask.text
    unknown = written.count("{{") + ask.is_open
    return len(written) // CHARACTERS_PER_TOKEN + unknown * TOKENS_PER_TAG


def most_input(agent: Mapping, ask: Ask) -> int | None:
    """Tokens that a call sends at most; None where only the run shows how long its texts are.

    With `context.max_tokens` that many, counted as the window counts. Without it only texts that are fixed, of an
    agent without tools and without a form to repair, are known: a token is at least a byte.
    """
    window = agent.get("context", {}).get("max_tokens")
    if window is not None:
        return window * CHARACTERS_PER_TOKEN + len(agent.get("instructions", "").encode())
    written = agent.get("instructions", "") + ask.text
    grows = agent.get("tools") or ask.structured or ask.is_open or ask.calls
    if "{{" in written or "{%" in written or grows:
        return None
    return len(written.encode())
