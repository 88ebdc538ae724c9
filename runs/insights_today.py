"""What a project's home shows: how runs went in a period, what they cost, and what waits for somebody.

Each function asks one question of the database, bounded by the index of the newest runs: ids start with their
milliseconds, so a period is a range of ids.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db.models import BigIntegerField, Count, F, Q, QuerySet, Sum
from django.db.models.functions import Cast, Mod

from governance import ids, seats
from governance.models import Approval, Project, Spend, User
from runs.insights import durations_of, percentile, share
from runs.models import Run

MICROS = 1_000_000
HOUR_S, DAY_S = 3600, 86_400
TYPICAL_DAYS = 7
TRIAL = "test"  # the trigger of test runs (runs.trial_runs): they say nothing of what is live
SLACK_MS = 60_000  # an id is made a moment before its row
DENIED = ('"code":"denied"', '"code":"tool_not_allowed"')
PERIODS = {"today": 1, "7d": 7, "30d": 30}  # name: days, today included


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days (UTC) up to now. Times are microseconds; `width_s` is how much time one bar of the chart shows."""

    name: str
    days: int
    start: int
    now: int

    @classmethod
    def named(cls, name: str, now: int) -> "Period":
        """Today where there is no such period."""
        name = name if name in PERIODS else "today"
        midnight = now - now % (DAY_S * MICROS)
        return cls(name, PERIODS[name], midnight - (PERIODS[name] - 1) * DAY_S * MICROS, now)

    @property
    def width_s(self) -> int:
        return HOUR_S if self.days == 1 else DAY_S

    @property
    def bars(self) -> int:
        return 24 if self.days == 1 else self.days

    @property
    def first_day(self) -> date:
        return datetime.fromtimestamp(self.start // MICROS, UTC).date()


@dataclass(frozen=True, slots=True)
class Course:
    """Runs of a period, each launched by somebody or something (not by another run), in the chart's buckets."""

    launched: tuple[int, ...]
    failed: tuple[int, ...]
    succeeded: int
    blocked: int

    @property
    def total(self) -> int:
        return sum(self.launched)

    @property
    def success_rate(self) -> float | None:
        """Of those that ended by themselves; None before the first one did."""
        return share(self.succeeded, self.succeeded + sum(self.failed))


def launched_since(project: Project, since: int) -> QuerySet[Run]:
    """Runs that somebody or something launched: none below others, and no test runs."""
    return created_since(project, since).exclude(trigger=TRIAL)


def created_since(project: Project, since: int) -> QuerySet[Run]:
    """All but those below others."""
    oldest = max(0, since // 1000 - SLACK_MS) << ids.SPARE_BITS
    return Run.objects.filter(project=project, id__gte=oldest, created_at__gte=since, parent_id=None)


def course(project: Project, period: Period) -> Course:
    bucket = Cast((F("created_at") - period.start) / (period.width_s * MICROS), BigIntegerField())
    rows = (
        launched_since(project, period.start)
        .annotate(bucket=bucket)
        .values("bucket")
        .annotate(
            all=Count("id"),
            failures=Count("id", filter=Q(status="failed")),
            successes=Count("id", filter=Q(status="succeeded")),
            denied=Count("id", filter=Q(status="failed") & blocked()),
        )
        .order_by("bucket")
    )
    launched, failed, succeeded, denied = [0] * period.bars, [0] * period.bars, 0, 0
    for row in rows:
        place = min(max(row["bucket"], 0), period.bars - 1)
        launched[place] += row["all"]
        failed[place] += row["failures"]
        succeeded, denied = succeeded + row["successes"], denied + row["denied"]
    return Course(tuple(launched), tuple(failed), succeeded, denied)


def blocked() -> Q:
    """Failed because governance said no: the error's code says so."""
    return Q(error__contains=DENIED[0]) | Q(error__contains=DENIED[1])


def typical_day(project: Project, period: Period) -> tuple[float, ...]:
    """Runs an hour on the mean of the seven days before today; nothing where none ran."""
    before = period.now - period.now % (DAY_S * MICROS)
    since = before - TYPICAL_DAYS * DAY_S * MICROS
    hour = Cast(Mod(F("created_at"), DAY_S * MICROS) / (HOUR_S * MICROS), BigIntegerField())
    rows = launched_since(project, since).filter(created_at__lt=before).annotate(hour=hour)
    counts = {
        row["hour"]: row["all"] for row in rows.values("hour").annotate(all=Count("id")).order_by("hour")
    }
    return tuple(counts.get(hour, 0) / TYPICAL_DAYS for hour in range(24)) if counts else ()


def standing(project: Project) -> dict[str, int]:
    """{status: how many runs} of those that are not over."""
    active = Run.objects.filter(project=project, status__in=("queued", "running", "waiting"))
    rows = active.values("status").annotate(count=Count("id")).order_by("status")
    return {"queued": 0, "running": 0, "waiting": 0} | {row["status"]: row["count"] for row in rows}


def p95_s(project: Project, period: Period) -> float | None:
    """Seconds from start to finish that 95 of 100 runs of the period did not exceed (of the newest 10,000)."""
    finished = launched_since(project, period.start).filter(finished_at__isnull=False)
    return percentile(durations_of(finished, "-id"), 95)


def spent(project: Project, period: Period) -> int:
    """Nano-dollars, of all runs that worked in the period."""
    rows = Spend.objects.filter(project=project, day__gte=period.first_day)
    return int(rows.aggregate(spent=Sum("cost", default=0))["spent"])


def forecast(spent: int, period: Period) -> int | None:
    """Where today's spend will end if it goes on like this; None in the first hour and for longer periods."""
    passed = period.now % (DAY_S * MICROS)
    if period.days > 1 or spent == 0 or passed < HOUR_S * MICROS:
        return None
    return spent * DAY_S * MICROS // passed


def waiting_for(project: Project, user: User, names: frozenset[str], most: int = 200) -> list[Approval]:
    """What `user`, meant by `names` (governance.approvals.names_of), can decide: what is due first comes first.

    Looks at the `most` most urgent items of the project.
    """
    pending = (
        Approval.objects.filter(project=project, status="pending")
        .exclude(decisions__by=user)
        .exclude(four_eyes=True, launched_by=user)
        .defer("payload", "schema")
        .order_by(F("due_at").asc(nulls_last=True), "id")
    )
    return [item for item in seats.free(pending, user)[:most] if not names.isdisjoint(item.reviewers)]
