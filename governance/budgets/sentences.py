"""What people are told of a budget that is used up: which one, its limit, what is spent and held, and what to do."""

from collections.abc import Mapping, Sequence

from governance import clock
from governance.budgets.book import Applied, Budget
from governance.money import dollars
from governance.port import Short

PERIODS = {
    "run": "a run",
    "day": "a day",
    "week": "a week",
    "month": "a month",
    "total": "in total",
}


def exceeded_sentence(refused: Sequence[Short], budgets: Mapping[str, Applied], worst: int) -> str:
    """For a call that may cost `worst` nano-dollars; without the full stop."""
    told = ", and of ".join(_left_of(short, budgets.get(short.key)) for short in refused)
    ways = dict.fromkeys(_way_out(short, budgets.get(short.key)) for short in refused)
    return f"it may cost {money(worst)}, which is more than is left of {told}. {'; '.join(ways)}"


def money(nanos: int) -> str:
    """Plain decimals, also for millionths of a dollar."""
    return f"${float(dollars(nanos) or 0):.9f}".rstrip("0").rstrip(".")


def title(budget: Budget, who: str) -> str:
    """`budget billing-day ($5 a day for agent billing-specialist)`."""
    subject = {"project": "the project", "run": "each run"}.get(budget.subject, f"{budget.subject} {who}")
    return f"budget {budget.slug} ({money(budget.limit)} {PERIODS[budget.period]} for {subject})"


def _left_of(short: Short, applied: Applied | None) -> str:
    amounts = f"{money(short.spent)} of {money(short.limit)} is spent and {money(short.reserved)} is held"
    if applied is not None:
        return f"{title(applied.budget, applied.who)}: {amounts}"
    subject, _, rest = short.key.partition(":")
    own = {"run": "the run's max_cost_usd", "agent": "the agent's max_cost_usd_per_day"}.get(
        subject, short.key
    )
    day = f" ({rest.rpartition(':')[2]})" if subject == "agent" else ""
    return f"{own}{day}: {amounts}"


def _way_out(short: Short, applied: Applied | None) -> str:
    if applied is None:
        return "Raise that limit and publish it, or use a cheaper model or a smaller max_tokens"
    way = f"Raise limit_usd of budget {applied.budget.slug}"
    if applied.ends_at is not None:
        moment = clock.show(applied.ends_at) or ""
        return f"{way}, wait until {moment[:10]} {moment[11:16]} UTC, or use a cheaper model"
    return f"{way}, or use a cheaper model or a smaller max_tokens"
