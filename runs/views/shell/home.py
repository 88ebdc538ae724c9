"""The start, and a project's home: what runs, waits and costs, and what came last."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from governance import clock
from governance.approvals import names_of
from governance.models import Approval, Project, User
from registry import openings
from runs import insights_today
from runs.insights_today import MICROS, Course, Period
from runs.models import Run
from runs.views import frame
from runs.views.breakers.peers import Peer, peers_of
from runs.views.shell import welcome
from runs.views.shell.charts import Chart, bar_chart
from runs.views.shell.run_rows import RunRow, flow_names, run_rows

SHOWN_WAITING, SHOWN_RUNS = 5, 10
MENDERS = frozenset({"role:admin", "role:operator"})
LABELS = {
    "today": gettext_lazy("Today"),
    "7d": gettext_lazy("7 days"),
    "30d": gettext_lazy("30 days"),
}


@dataclass(frozen=True, slots=True)
class Glance:
    """The figures on top. Money is nano-dollars, durations seconds, `overdue` how many items are past their time."""

    course: Course
    standing: dict[str, int]
    spent: int
    forecast: int | None
    p95_s: float | None
    waiting: int
    overdue: int

    @property
    def success_percent(self) -> str:
        rate = self.course.success_rate
        return "—" if rate is None else f"{rate * 100:.1f}".removesuffix(".0") + "%"

    @property
    def failed(self) -> int:
        return sum(self.course.failed) - self.course.blocked


@require_safe
def home_show(request: HttpRequest) -> HttpResponse:
    """On to the project that was shown last, else the first one."""
    frame.signed_in(request)
    project = frame.last_project(request)
    if project is not None:
        return redirect("project-home", project.slug)
    return frame.shown(request, "shell/no_project.html", {}, title=_("No project yet"))


@require_safe
def project_show(request: HttpRequest, project: str) -> HttpResponse:
    """`?period=today|7d|30d`. For htmx the live part alone, which asks again every few seconds."""
    found = frame.project(request, project)
    period = Period.named(request.GET.get("period", ""), clock.now())
    context = {"period": period, "periods": LABELS, **live(found, request.user, period)}
    fragment = frame.is_fragment(request)
    if not context["recent"] or (not fragment and frame.preferences(request)["welcome"] == "on"):
        context["steps"] = welcome.steps_of(found, request.user)
    if fragment:
        context["waiting_count"] = frame.waiting_count(found)
        return render(request, "shell/_home_live.html", {"project": found, **context})
    return frame.shown(
        request, "shell/project_home.html", context, title=found.name, project=found, section="home"
    )


def live(project: Project, user: User, period: Period) -> dict:
    """`glance, chart, waiting, recent, left_alone`: at most thirteen queries."""
    names = names_of(user, project)
    waiting = insights_today.waiting_for(project, user, names)
    course = insights_today.course(project, period)
    spent = insights_today.spent(project, period)
    return {
        "glance": Glance(
            course=course,
            standing=insights_today.standing(project),
            spent=spent,
            forecast=insights_today.forecast(spent, period),
            p95_s=insights_today.p95_s(project, period),
            waiting=len(waiting),
            overdue=sum(1 for item in waiting if is_overdue(item, period.now)),
        ),
        "chart": runs_chart(project, period, course),
        "waiting": [
            {"item": item, "overdue": is_overdue(item, period.now)} for item in waiting[:SHOWN_WAITING]
        ],
        "recent": recent_runs(project),
        "left_alone": left_alone(project, names, period.now),
        "today": datetime.fromtimestamp(period.now / MICROS, UTC).date(),
    }


def left_alone(project: Project, names: Iterable[str], now: int) -> list[Peer]:
    """The peers that keep failing, for who can do something about them by one of their names: at most two queries."""
    if MENDERS.isdisjoint(names):
        return []
    return peers_of(project, openings.alarming(project), now)


def recent_runs(project: Project) -> list[RunRow]:
    newest = Run.objects.filter(project=project, parent_id=None).select_related("user").order_by("-id")
    return run_rows(project, list(newest[:SHOWN_RUNS]), flow_names(project))


def runs_chart(project: Project, period: Period, course: Course) -> Chart:
    typical = insights_today.typical_day(project, period) if period.days == 1 else ()
    return bar_chart(chart_name(period, course), course.launched, course.failed, typical, bar_words(period))


def chart_name(period: Period, course: Course) -> str:
    """What the picture says, for who cannot see it."""
    highest = max(course.launched)
    facts = {"total": course.total, "failed": sum(course.failed), "peak": highest}
    if not highest:
        return _("No runs in this period")
    facts["at"] = bar_word(period, course.launched.index(highest))
    if period.days == 1:
        return _("Runs per hour today: %(total)d runs, %(failed)d failed, at most %(peak)d at %(at)s") % facts
    facts["days"] = period.days
    return (
        _("Runs per day for %(days)d days: %(total)d runs, %(failed)d failed, at most %(peak)d on %(at)s")
        % facts
    )


def bar_words(period: Period) -> list[str]:
    """Below every third hour, each day of a week, every fifth day of a month."""
    every = {1: 3, 7: 1}.get(period.days, 5)
    return [bar_word(period, place) if place % every == 0 else "" for place in range(period.bars)]


def bar_word(period: Period, place: int) -> str:
    at = datetime.fromtimestamp(period.start / MICROS + place * period.width_s, UTC)
    return f"{at:%H:%M}" if period.days == 1 else date_format(at, "j M")


def is_overdue(item: Approval, now: int) -> bool:
    return item.due_at is not None and item.due_at < now
