"""What was spent, by agent, flow, person or model, in a period: the ledger's own sums as a table with bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from governance import clock, money
from governance.models import Project
from runs import insights
from runs.insights_today import PERIODS, Period

MOST = 25
BY = {
    "agent": (_("Agents"), _("Without an agent")),
    "flow": (_("Flows"), _("Without a flow")),
    "user": (_("People"), _("Nobody: started by itself")),
    "model": (_("Models"), _("Tools")),
}
LABELS = {"today": _("Today"), "7d": _("7 days"), "30d": _("30 days")}


@dataclass(frozen=True, slots=True)
class Line:
    """Money is nano-dollars; `width` is the bar's, of the dearest; `share` of the whole, in percent."""

    name: str
    cost: int
    tokens: int
    calls: int
    width: str = ""
    share: str = ""
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the views of the same table."""

    label: str
    url: str
    here: bool


@dataclass(frozen=True, slots=True)
class Spend:
    """The table: its lines, their total, and the other ways to look at it."""

    lines: list[Line]
    total: Line
    heading: str
    by: list[Choice]
    periods: list[Choice]


def spend_of(project: Project, asked: Mapping[str, str]) -> Spend:
    """As `?by=` and `?period=` ask; what means nothing there is the first of each. Two queries."""
    by = asked.get("by", "") if asked.get("by") in BY else "agent"
    period = Period.named(asked.get("period", ""), clock.now())
    report = insights.usage(project, [by], period.start)
    lines, total = [line(row, row[by] or str(BY[by][1])) for row in report["results"]], line(report["total"])
    return Spend(
        drawn(folded(lines), total),
        total,
        str(BY[by][0]),
        [choice(words[0], name == by, by=name, period=period.name) for name, words in BY.items()],
        [choice(LABELS[name], name == period.name, by=by, period=name) for name in PERIODS],
    )


def line(row: Mapping[str, Any], name: str = "") -> Line:
    tokens = row["tokens"]["input"] + row["tokens"]["output"]
    return Line(name, money.nano(row["cost_usd"]), tokens, row["calls"])


def folded(lines: Sequence[Line]) -> list[Line]:
    """The dearest, and the others as one line, so that the sum stays whole."""
    if len(lines) <= MOST + 1:
        return list(lines)
    rest = lines[MOST:]
    sums = (sum(getattr(one, name) for one in rest) for name in ("cost", "tokens", "calls"))
    return [*lines[:MOST], Line(str(_("Everything else")), *sums, is_rest=True)]


def drawn(lines: Sequence[Line], total: Line) -> list[Line]:
    most = max((one.cost for one in lines), default=0)
    return [
        Line(
            one.name,
            one.cost,
            one.tokens,
            one.calls,
            f"{one.cost / most * 100:.2f}%" if most else "0%",
            f"{one.cost / total.cost * 100:.1f}%" if total.cost else "—",
            one.is_rest,
        )
        for one in lines
    ]


def choice(label: Any, here: bool, **asked: str) -> Choice:
    return Choice(str(label), f"?{urlencode(asked)}#spend", here)
