"""How far each budget is: what pages and the API show of a project's accounts in the period that runs now.

An account comes into being with the first call that draws on it. Until then a meter shows what the account would
start with, from the same sums, so that a budget that was just published tells the truth at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q, Sum

from governance import clock, ids
from governance.budgets.book import Budget, account_prefix
from governance.budgets.periods import Period, period_at
from governance.budgets.reading import read
from governance.models import Account, Project, Spend

MOST_SHOWN = 50  # accounts of one budget, the fullest first
LAST_CHARACTER = "\U0010ffff"
NEWEST_RUNS = 20  # of a budget on runs: older ones are over


@dataclass(frozen=True, slots=True)
class AccountMeter:
    """One account of a budget. Money in nano-dollars, `ends_at` in microseconds (None: it does not end).

    `who` is a slug, a username, a run's public id, or "" for the project. `share` is spent / limit (1.0 is all of it;
    more where the limit was lowered). `state` is ok, warned (warn_at is reached) or exceeded (nothing is left).
    """

    who: str
    period: str
    ends_at: int | None
    limit: int
    spent: int
    reserved: int
    waiting: int
    share: float
    state: str

    @property
    def left(self) -> int:
        return max(self.limit - self.spent - self.reserved, 0)


@dataclass(frozen=True, slots=True)
class BudgetMeter:
    """One active budget with its accounts, the fullest first. `count` is how many there are, also those not shown."""

    budget: Budget
    accounts: tuple[AccountMeter, ...]
    count: int


def meters(project: Project) -> list[BudgetMeter]:
    """Every active budget of the project, by slug. Three queries, and one for each sort of period in use."""
    return _metered(project, tuple(read(project.pk)))


def meter(project: Project, slug: str) -> BudgetMeter | None:
    """One budget; None where no such budget is active."""
    found = [budget for budget in read(project.pk) if budget.slug == slug]
    return _metered(project, found)[0] if found else None


def _metered(project: Project, budgets: Iterable[Budget]) -> list[BudgetMeter]:
    now, budgets = clock.now(), tuple(budgets)
    accounts = _accounts(project, budgets, now)
    spends = {
        first_day: _spends(project, first_day)
        for first_day in {period_at(one.period, now).first_day for one in budgets if _is_dated(one)}
    }
    return [_meter(project, budget, accounts[budget.slug], spends, now) for budget in budgets]


def _is_dated(budget: Budget) -> bool:
    return budget.subject != "run" and budget.period != "run"


def _accounts(project: Project, budgets: Iterable[Budget], now: int) -> dict[str, list[Account]]:
    """The accounts of the present period by budget; of those of single runs the newest."""
    found: dict[str, list[Account]] = {budget.slug: [] for budget in budgets}
    dated, single = Q(), []
    for budget in budgets:
        prefix = account_prefix(project.pk, budget.slug) + f"{budget.subject}/"
        if _is_dated(budget):
            dated |= _under(prefix) & Q(key__endswith=f":{period_at(budget.period, now).name}")
        else:
            single.append(prefix)
    rows = list(Account.objects.filter(dated)) if dated else []
    for prefix in single:
        rows += Account.objects.filter(_under(prefix)).order_by("-id")[:NEWEST_RUNS]
    for row in rows:
        found[row.key.partition("/")[2].partition(":")[0]].append(row)
    return found


def _under(prefix: str) -> Q:
    """Keys that begin with `prefix`, found by the index: SQLite's LIKE uses none, PostgreSQL may sort otherwise."""
    if connection.vendor == "sqlite":
        return Q(key__gte=prefix, key__lt=prefix + LAST_CHARACTER)
    return Q(key__startswith=prefix)


def _spends(project: Project, first_day: object) -> dict[str, dict[str, int]]:
    """What was spent since the day by subject and whom, for accounts that no call has drawn on yet."""
    rows = Spend.objects.filter(project=project)
    if first_day is not None:
        rows = rows.filter(day__gte=first_day)
    found: dict[str, dict[str, int]] = {"flow": {}, "agent": {}, "user": {}, "project": {"": 0}}
    for row in rows.values("flow", "agent", "user").annotate(total=Sum("cost")).order_by():
        for subject in ("flow", "agent", "user", "project"):
            who = row.get(subject, "")
            if who or subject == "project":
                found[subject][who] = found[subject].get(who, 0) + int(row["total"])
    return found


def _meter(
    project: Project,
    budget: Budget,
    rows: Iterable[Account],
    spends: Mapping[object, Mapping[str, Mapping[str, int]]],
    now: int,
) -> BudgetMeter:
    period = period_at(budget.period, now)
    shown = [_of_row(budget, period, row) for row in rows]
    if _is_dated(budget):
        sums = spends[period.first_day][budget.subject]
        named = {budget.of} if budget.of and budget.subject != "project" else set(sums)
        fresh = sorted(named - {one.who for one in shown})
        shown += [_made(budget, who, period.name, period.ends_at, sums.get(who, 0)) for who in fresh]
    shown = [one for one in shown if budget.covers(one.who)]
    shown.sort(key=lambda one: (-one.share, one.who))
    return BudgetMeter(budget, tuple(shown[:MOST_SHOWN]), len(shown))


def _of_row(budget: Budget, period: Period, row: Account) -> AccountMeter:
    """`billing-specialist` and its day from `budget:12/billing-day:agent/billing-specialist:2026-01-31`. Runs are
    named as people know them; a username may hold slashes and colons."""
    who, _, name = row.key.partition("/")[2].partition("/")[2].rpartition(":")
    if budget.subject == "run" and who.isdigit():
        who = ids.encode(int(who))
    return _made(budget, who, name, period.ends_at, row.spent, row.reserved, row.waiting)


def _made(
    budget: Budget,
    who: str,
    period: str,
    ends_at: int | None,
    spent: int,
    reserved: int = 0,
    waiting: int = 0,
) -> AccountMeter:
    share = spent / budget.limit if budget.limit else 1.0
    state = "ok"
    if spent >= budget.limit:
        state = "exceeded"
    elif budget.warn is not None and spent >= budget.warn:
        state = "warned"
    return AccountMeter(who, period, ends_at, budget.limit, spent, reserved, waiting, share, state)
