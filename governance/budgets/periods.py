"""Periods of budgets: which one a moment lies in, where it began and when it ends. UTC; weeks begin on Monday. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

PERIODS = ("run", "day", "week", "month", "total")


@dataclass(frozen=True, slots=True)
class Period:
    """`name` is part of an account's key; `first_day` None: from the beginning; `ends_at` in microseconds, None: it
    does not end."""

    name: str
    first_day: date | None
    ends_at: int | None


def period_at(period: str, now: int, root: int = 0) -> Period:
    """The period that holds `now` (microseconds): `2026-01-31`, `2026-W05`, `2026-01`, `total`, or `run-ROOT`.

    A period `run` is one launched run with everything below it; `root` is the launched run's number.
    """
    today = datetime.fromtimestamp(now // 1_000_000, UTC).date()
    if period == "run":
        return Period(f"run-{root}", None, None)
    if period == "day":
        return Period(today.isoformat(), today, midnight(today + timedelta(days=1)))
    if period == "week":
        year, week, weekday = today.isocalendar()
        monday = today - timedelta(days=weekday - 1)
        return Period(f"{year}-W{week:02d}", monday, midnight(monday + timedelta(days=7)))
    if period == "month":
        first = today.replace(day=1)
        return Period(f"{today:%Y-%m}", first, midnight((first + timedelta(days=31)).replace(day=1)))
    return Period("total", None, None)


def midnight(day: date) -> int:
    """Microseconds since 1970 of the day's beginning in UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
