"""What a model call may cost at most, held on every limit that applies before it goes out.

The worst case is the request's UTF-8 bytes as an upper bound of its tokens plus `max_tokens`, at the model's price.
A model without a price is refused where a limit applies, unless its provider marks it:
`prices: {MODEL: {unpriced: true}}`; a scripted model without prices is never paid for and counts as marked.

What applies are the flow's and the agent's own limits, and every budget of the project (governance.budgets). Where
several are exceeded, the strictest decides: block, then pause, then degrade. A flow's and an agent's own limits block.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from governance import budgets, clock
from governance.budgets.book import Applied, spent_since, strictest
from governance.budgets.sentences import exceeded_sentence
from governance.ids import account_name
from governance.money import dollars, nano
from governance.port import Desk, Facts, Hold, Limit, Pause, Settlement, Short
from registry.backends import ModelRequest
from registry.calls import CallFailed, ModelAsk
from registry.lookups import Provider
from registry.usage import worst_case


class Reservation:
    """The hold of one call: made, then settled once its answer or its failure is there."""

    __slots__ = ("_agent", "_call", "_desk", "_limits", "_may_warn", "_model")

    def __init__(
        self, desk: Desk, call: str, ask: ModelAsk, limits: tuple[Limit, ...], may_warn: bool = False
    ):
        self._desk, self._call, self._limits, self._may_warn = desk, call, limits, may_warn
        self._agent, self._model = ask.agent.slug if ask.agent else "", ask.model

    def settle(self, cost: int | None, tokens: tuple[int, int]) -> None:
        """Books what the call did cost (nano-dollars, None: unpriced) and frees the rest."""
        self._desk.settle(Settlement(self._call, cost, *tokens, agent=self._agent, model=self._model))
        if self._limits:
            self._desk.add("budget.settled", {"call": self._call, "cost_usd": dollars(cost or 0)})

    async def settled(self) -> None:
        """Waits for what `settle` booked where a budget may have to warn of it: the run says so before it ends."""
        if self._may_warn:
            await self._desk.settled(self._call)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a call draws on: its flow's and its agent's own limits, and the project's budgets."""

    own: tuple[Limit, ...]
    budgets: tuple[Applied, ...] = ()
    by_key: dict[str, Applied] = field(default_factory=dict)

    @classmethod
    def of(cls, desk: Desk, ask: ModelAsk, found: "budgets.Budgets") -> "Drawn":
        if found.unreadable:
            raise CallFailed("budget_exceeded", found.unreadable, retryable=True)
        agent = ask.agent.slug if ask.agent else ""
        applied = budgets.limits_of(found, desk.facts, agent, clock.now())
        own = (*ask.limits, *agent_day(ask, desk.facts))
        return cls(own, applied, {one.limit.key: one for one in applied})

    @property
    def limits(self) -> tuple[Limit, ...]:
        return (*self.own, *(one.limit for one in self.budgets))

    def exceeded(self, refused: Sequence[Short]) -> str:
        """What happens: block, pause or degrade."""
        if any(short.key not in self.by_key for short in refused):
            return "block"
        return strictest(self.by_key[short.key] for short in refused)


async def reserve(
    desk: Desk, call: str, ask: ModelAsk, provider: Provider, request: ModelRequest
) -> Reservation:
    """Holds the worst case, and stores everything added so far: what has effects may go out afterwards.

    Raises CallFailed `budget_exceeded` where it can never fit. Waits where a budget says pause.
    """
    drawn = Drawn.of(desk, ask, await budgets.fresh(desk.facts.project_id))
    most_per_call = _agent_limit(ask, "max_cost_usd_per_call")
    if not drawn.limits and most_per_call is None:
        await desk.commit()
        return Reservation(desk, call, ask, ())
    worst = worst_case(provider, request).cost
    if worst is None and not provider.may_be_unpriced(request.model):
        raise _exceeded(desk, call, 0, ("price",), unpriced_sentence(ask.model, request.model))
    if most_per_call is not None and (worst or 0) > most_per_call:
        sentence = f"it may cost ${dollars(worst)}, and the agent's max_cost_usd_per_call is ${dollars(most_per_call)}"
        raise _exceeded(desk, call, worst or 0, ("max_cost_usd_per_call",), sentence)
    if not drawn.limits or worst is None:
        await desk.commit()
        return Reservation(desk, call, ask, ())
    return await _held(desk, call, ask, worst, drawn)


async def _held(desk: Desk, call: str, ask: ModelAsk, worst: int, drawn: Drawn) -> Reservation:
    """Asks until it is held, or may not be."""

    async def again() -> tuple[Limit, ...]:
        """What applies by now: a limit was changed, or a day has begun, while the call stood in line."""
        nonlocal drawn
        drawn = Drawn.of(desk, ask, await budgets.fresh(desk.facts.project_id))
        return drawn.limits

    while (held := await desk.reserve(Hold(call, worst, drawn.limits, again))).refused:
        on_exceed = drawn.exceeded(held.refused)
        if on_exceed != "pause":
            sentence = exceeded_sentence(held.refused, drawn.by_key, worst)
            raise _exceeded(desk, call, worst, [short.key for short in held.refused], sentence, on_exceed)
        drawn = await _paused(desk, call, ask, worst)
    limits = drawn.limits
    if limits and not desk.recall(call).reserved:  # after a crash the journal says so already
        accounts = [account_name(limit.key) for limit in limits]
        desk.add("budget.reserved", {"call": call, "amount_usd": dollars(worst), "accounts": accounts})
    return Reservation(desk, call, ask, limits, held.may_warn)


async def _paused(desk: Desk, call: str, ask: ModelAsk, worst: int) -> Drawn:
    """Waits for a higher limit or a new period; returns what the call draws on by then."""
    found: list[Drawn] = []

    def look() -> Pause | None:
        """Reads the budgets themselves: what this process kept of them may be a second old."""
        drawn = Drawn.of(desk, ask, budgets.read(desk.facts.project_id))
        found[:] = [drawn]
        pausing = [one for one in drawn.budgets if one.budget.on_exceed == "pause"]
        refused = budgets.short_of(pausing, worst)
        return _pause(call, worst, drawn, refused) if refused else None

    await desk.paused(look)
    return found[0]


def _pause(call: str, worst: int, drawn: Drawn, refused: Sequence[Short]) -> Pause:
    keys = [short.key for short in refused]
    ends = [drawn.by_key[key].ends_at for key in keys]
    data = _exceeded_data(call, worst, keys, exceeded_sentence(refused, drawn.by_key, worst))
    return Pause(call, account_name(keys[0]), None if None in ends else max(ends), data)


def agent_day(ask: ModelAsk, facts: Facts) -> tuple[Limit, ...]:
    """The agent's own limit of today (UTC)."""
    most = _agent_limit(ask, "max_cost_usd_per_day")
    if most is None or ask.agent is None:
        return ()
    today = budgets.period_at("day", clock.now())
    opening = spent_since(facts.project_id, "agent", ask.agent.slug, today.first_day)
    return (Limit(f"agent:{facts.project}/{ask.agent.slug}:day:{today.name}", most, opening=opening),)


def unpriced_sentence(ask_model: str, model: str) -> str:
    return (
        f"the model {ask_model} has no price and a limit applies; give it one in its provider's prices, "
        f"or mark it with prices: {{{model}: {{unpriced: true}}}}"
    )


def _agent_limit(ask: ModelAsk, name: str) -> int | None:
    limits = (ask.agent.document or {}).get("limits", {}) if ask.agent else {}
    return None if limits.get(name) is None else nano(limits[name])


def _exceeded(
    desk: Desk, call: str, amount: int, accounts: Sequence[str], sentence: str, on_exceed: str | None = None
) -> CallFailed:
    desk.add("budget.exceeded", _exceeded_data(call, amount, accounts, sentence))
    return CallFailed("budget_exceeded", f"The call was not made: {sentence}.", on_exceed=on_exceed)


def _exceeded_data(call: str, amount: int, accounts: Sequence[str], sentence: str) -> dict:
    names = [account_name(account) for account in accounts]
    return {
        "call": call,
        "amount_usd": dollars(amount),
        "account": names[0],
        "accounts": names,
        "reason": sentence,
    }
