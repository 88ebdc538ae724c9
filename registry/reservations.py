"""What a model call may cost at most, held on every limit that applies before it goes out.

The worst case is the request's UTF-8 bytes as an upper bound of its tokens plus `max_tokens`, at the model's price.
A model without a price is refused where a limit applies, unless its provider marks it:
`prices: {MODEL: {unpriced: true}}`; a scripted model without prices is never paid for and counts as marked.
"""

from datetime import UTC, datetime

from governance import clock
from governance.ids import account_name
from governance.money import dollars, nano
from governance.port import Desk, Facts, Hold, Limit, Settlement
from registry.backends import ModelRequest, backend
from registry.calls import CallFailed, ModelAsk
from registry.lookups import Provider


class Reservation:
    """The hold of one call: made, then settled once its answer or its failure is there."""

    __slots__ = ("_agent", "_call", "_desk", "_limits", "_model")

    def __init__(self, desk: Desk, call: str, ask: ModelAsk, limits: tuple[Limit, ...]):
        self._desk, self._call, self._limits = desk, call, limits
        self._agent, self._model = ask.agent.slug if ask.agent else "", ask.model

    def settle(self, cost: int | None, tokens: tuple[int, int]) -> None:
        """Books what the call did cost (nano-dollars, None: unpriced) and frees the rest."""
        self._desk.settle(Settlement(self._call, cost, *tokens, agent=self._agent, model=self._model))
        if self._limits:
            self._desk.add("budget.settled", {"call": self._call, "cost_usd": dollars(cost or 0)})


async def reserve(
    desk: Desk, call: str, ask: ModelAsk, provider: Provider, request: ModelRequest
) -> Reservation:
    """Holds the worst case, and stores everything added so far: what has effects may go out afterwards.

    Raises CallFailed `budget_exceeded` where it can never fit.
    """
    limits = (*ask.limits, *agent_day(ask, desk.facts))
    most_per_call = _agent_limit(ask, "max_cost_usd_per_call")
    if not limits and most_per_call is None:
        await desk.commit()
        return Reservation(desk, call, ask, ())
    worst = _worst_case(provider, request)
    if worst is None and not provider.may_be_unpriced(request.model):
        raise _exceeded(desk, call, 0, "price", unpriced_sentence(ask.model, request.model))
    if most_per_call is not None and (worst or 0) > most_per_call:
        sentence = f"it may cost ${dollars(worst)}, and the agent's max_cost_usd_per_call is ${dollars(most_per_call)}"
        raise _exceeded(desk, call, worst or 0, "max_cost_usd_per_call", sentence)
    if not limits or worst is None:
        await desk.commit()
        return Reservation(desk, call, ask, ())
    held = await desk.reserve(Hold(call, worst, limits))
    if held.refused_by is not None:
        sentence = f"it may cost ${dollars(worst)}, which is more than is left of {named(held.refused_by)}"
        raise _exceeded(desk, call, worst, held.refused_by, sentence)
    if not desk.recall(call).reserved:  # after a crash the journal says so already
        accounts = [account_name(limit.key) for limit in limits]
        desk.add("budget.reserved", {"call": call, "amount_usd": dollars(worst), "accounts": accounts})
    return Reservation(desk, call, ask, limits)


def agent_day(ask: ModelAsk, facts: Facts) -> tuple[Limit, ...]:
    """The agent's own limit of today (UTC)."""
    most = _agent_limit(ask, "max_cost_usd_per_day")
    if most is None or ask.agent is None:
        return ()
    day = datetime.fromtimestamp(clock.now() // 1_000_000, UTC).date().isoformat()
    return (Limit(f"agent:{facts.project}/{ask.agent.slug}:day:{day}", most),)


def named(account: str) -> str:
    """An account as people know it."""
    subject, _, rest = account.partition(":")
    if subject == "run":
        return "the run's max_cost_usd"
    if subject == "agent":
        return f"the agent's max_cost_usd_per_day ({rest.rpartition(':')[2]})"
    return account


def unpriced_sentence(ask_model: str, model: str) -> str:
    return (
        f"the model {ask_model} has no price and a limit applies; give it one in its provider's prices, "
        f"or mark it with prices: {{{model}: {{unpriced: true}}}}"
    )


def _worst_case(provider: Provider, request: ModelRequest) -> int | None:
    price = provider.price(request.model)
    if price is None:
        return None
    return price.cost_nano(*backend(provider.document["type"]).estimate(request))


def _agent_limit(ask: ModelAsk, name: str) -> int | None:
    limits = (ask.agent.document or {}).get("limits", {}) if ask.agent else {}
    return None if limits.get(name) is None else nano(limits[name])


def _exceeded(desk: Desk, call: str, amount: int, account: str, sentence: str) -> CallFailed:
    data = {"call": call, "amount_usd": dollars(amount), "account": account_name(account)}
    desk.add("budget.exceeded", data)
    return CallFailed("budget_exceeded", f"The call was not made: {sentence}.")
