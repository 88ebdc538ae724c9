"""A project's active budgets as plain values, and which of them a call draws on. Pure: no database, no clock.

The key of an account is `budget:PROJECT_ID/SLUG:SUBJECT/WHO:PERIOD`, such as
`budget:12/billing-day:agent/billing-specialist:2026-01-31`, `…:run/7392…:run` or `…:project/:total`. It names the
budget, so that two budgets on the same agent and day count apart; a budget that gets another subject or period gets
other accounts. A new account starts with what was spent already (`opening`, read in the ledger's own transaction).

What applies (contract 3 and 4.10): run budgets those of the run and of every run above it; flow budgets those of
the run's flow and of the flows above it; agent budgets those of the agent that asks; project and user budgets always.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from governance.budgets.periods import period_at
from governance.money import nano
from governance.port import Facts, Limit, Lineage, Statement

ORDER = ("block", "pause", "degrade")  # the strictest first: where several are exceeded, it decides
SPENT = "SELECT coalesce(sum(cost), 0) FROM governance_spend WHERE project_id=?"
COLUMNS = {"flow": "flow", "agent": "agent", "user": '"user"'}


@dataclass(frozen=True, slots=True)
class Budget:
    """One active document. `limit` in nano-dollars; `of` empty: each one of the subject has an account of its own."""

    slug: str
    version: int
    name: str
    subject: str
    of: str
    limit: int
    period: str
    on_exceed: str
    warn_at: float | None

    @classmethod
    def parse(cls, slug: str, version: int, document: Mapping[str, Any]) -> "Budget":
        return cls(
            slug=slug,
            version=version,
            name=document.get("name", ""),
            subject=document["subject"],
            of=document.get("of", ""),
            limit=nano(document["limit_usd"]),
            period=document["period"],
            on_exceed=document.get("on_exceed", "block"),
            warn_at=document.get("warn_at"),
        )

    @property
    def warn(self) -> int | None:
        """Nano-dollars from which on people are warned."""
        return None if self.warn_at is None else round(self.warn_at * self.limit)

    def covers(self, who: str) -> bool:
        return self.subject == "project" or self.of in ("", who)


@dataclass(frozen=True, slots=True)
class Budgets:
    """All active budgets of a project, by slug. `unreadable` says why nothing may be spent: nobody knows them."""

    project_id: int
    budgets: tuple[Budget, ...] = ()
    unreadable: str = ""

    def __iter__(self) -> Iterator[Budget]:
        return iter(self.budgets)

    def __len__(self) -> int:
        return len(self.budgets)


@dataclass(frozen=True, slots=True)
class Applied:
    """A budget as it applies to one call: on whom, until when (microseconds, None: for ever), and the account."""

    budget: Budget
    who: str
    ends_at: int | None
    limit: Limit


def limits_of(budgets: Budgets, facts: Facts, agent: str, now: int) -> tuple[Applied, ...]:
    """Every budget that a call of `agent` ("" for none) draws on at `now`. A test call (run 0) draws on none."""
    if not budgets.budgets or not facts.run:
        return ()
    line = facts.lineage or (Lineage(facts.run, facts.flow),)
    found = [
        _applied(budgets.project_id, budget, who, opening, line[-1].run, now)
        for budget in budgets
        for who, opening in _subjects(budget.subject, facts, agent, line)
        if budget.covers(who)
    ]
    return tuple(found)


def account_key(project_id: int, budget: Budget, who: str, period: str) -> str:
    return f"{account_prefix(project_id, budget.slug)}{budget.subject}/{who}:{period}"


def account_prefix(project_id: int, slug: str) -> str:
    """What the keys of all accounts of a budget start with."""
    return f"budget:{project_id}/{slug}:"


def strictest(exceeded: Iterable[Applied]) -> str:
    """What happens where all of these are exceeded: block before pause before degrade."""
    return min((applied.budget.on_exceed for applied in exceeded), key=ORDER.index)


def _subjects(
    subject: str, facts: Facts, agent: str, line: tuple[Lineage, ...]
) -> list[tuple[str, Statement | None]]:
    """Who of this subject the call belongs to, and how to find what a run has spent already."""
    if subject == "run":
        return [(str(one.run), one.opening) for one in line]
    if subject == "flow":
        return [(flow, None) for flow in dict.fromkeys(one.flow for one in line)]
    if subject == "agent":
        return [(agent, None)] if agent else []
    if subject == "user":
        return [(facts.user, None)] if facts.user else []
    return [("", None)]


def _applied(
    project_id: int, budget: Budget, who: str, opening: Statement | None, root: int, now: int
) -> Applied:
    period = period_at(budget.period, now, root)
    name = "run" if budget.subject == "run" else period.name
    if budget.subject != "run" and budget.period != "run":
        opening = spent_since(project_id, budget.subject, who, period.first_day)
    limit = Limit(account_key(project_id, budget, who, name), budget.limit, budget.warn, opening)
    return Applied(budget, who, period.ends_at, limit)


def spent_since(project_id: int, subject: str, who: str, first_day: Any) -> Statement:
    """What was spent on the subject since the day (None: ever), by the sums that the usage report shows too."""
    where, params = "", [project_id]
    if subject in COLUMNS:
        where, params = f" AND {COLUMNS[subject]}=?", [*params, who]
    if first_day is not None:
        where, params = f"{where} AND day>=?", [*params, first_day.isoformat()]
    return f"{SPENT}{where}", tuple(params)
