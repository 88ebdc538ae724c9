"""Meters of budgets as they are drawn: a row an account, in cards by what the budgets are on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse

from governance import ids
from governance.budgets import AccountMeter, Budget, BudgetMeter
from governance.models import Project
from runs.views.budgets.waiting import WaitingRun
from runs.views.budgets.words import ENDS, PERIODS, SUBJECTS, Subject

STATUSES = {"ok": "accent", "warned": "waiting", "exceeded": "failed"}
SHOWN = 5  # accounts of a budget in the list; its own page shows more


@dataclass(frozen=True, slots=True)
class Gauge:
    """An account as a row. Widths and the warning's place are those of an SVG; `url` is the run's, of a run."""

    account: AccountMeter
    label: str
    url: str
    status: str
    percent: str
    spent_width: str
    held_width: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A budget with its rows and the runs that wait for it; `more` accounts are not shown."""

    budget: Budget
    rows: list[Gauge]
    more: int
    tick: str
    waiting: Sequence[WaitingRun] = ()

    @property
    def name(self) -> str:
        return self.budget.name or self.budget.slug

    @property
    def period(self) -> str:
        return str(PERIODS[self.budget.period])

    @property
    def end(self) -> str:
        return str(ENDS[self.budget.on_exceed])

    @property
    def ends_at(self) -> int | None:
        return next((row.account.ends_at for row in self.rows), None)

    @property
    def warns_at(self) -> str:
        return "" if self.budget.warn_at is None else f"{self.budget.warn_at * 100:.0f}%"

    @property
    def exceeded(self) -> list[Gauge]:
        return [row for row in self.rows if row.account.state == "exceeded"]

    @property
    def is_tight(self) -> bool:
        """Whether people should look: nothing is left somewhere, or runs wait."""
        return bool(self.exceeded or self.waiting)


@dataclass(frozen=True, slots=True)
class Card:
    """All budgets on the same sort of subject."""

    name: str
    subject: Subject
    budgets: list[Shown]


def cards(found: Iterable[Shown]) -> list[Card]:
    """In the order of SUBJECTS, the shortest periods first; none for what no budget is on."""
    found = sorted(found, key=lambda one: list(PERIODS).index(one.budget.period))
    made = [
        Card(name, subject, [one for one in found if one.budget.subject == name])
        for name, subject in SUBJECTS.items()
    ]
    return [card for card in made if card.budgets]


def shown(
    project: Project,
    meter: BudgetMeter,
    waiting: Mapping[str, Sequence[WaitingRun]],
    most: int = SHOWN,
) -> Shown:
    """A budget's rows, the fullest first, at most so many."""
    rows = [gauge(project, meter.budget, account) for account in meter.accounts[:most]]
    warn = meter.budget.warn_at
    tick = "" if warn is None or not rows else width(warn)
    return Shown(meter.budget, rows, meter.count - len(rows), tick, waiting.get(meter.budget.slug, ()))


def gauge(project: Project, budget: Budget, account: AccountMeter) -> Gauge:
    run = run_of(budget, account)
    held = (account.spent + account.reserved) / account.limit if account.limit else 1.0
    return Gauge(
        account,
        project.name if budget.subject == "project" else account.who,
        reverse("run", args=[run]) if run else "",
        STATUSES[account.state],
        percent(account.share),
        width(account.share),
        width(held),
    )


def run_of(budget: Budget, account: AccountMeter) -> int | None:
    """The run that an account counts, where it counts a single one."""
    if budget.subject == "run":
        return ids.decode(account.who)
    number = account.period.removeprefix("run-")
    return int(number) if number != account.period and number.isdigit() else None


def width(share: float) -> str:
    return f"{min(max(share, 0.0), 1.0) * 100:.2f}%"


def percent(share: float) -> str:
    """Rounded down: 100% only where nothing is left."""
    if 0 < share < 0.01:
        return "<1%"
    return f"{int(share * 100)}%"
