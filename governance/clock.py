"""Time as the engine keeps it: microseconds since 1970 UTC, shown as RFC 3339 with `Z`."""

import time
from datetime import UTC, datetime


def now() -> int:
    """Microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000


def show(micros: int | None) -> str | None:
    """RFC 3339 in UTC with milliseconds; None stays None."""
    if micros is None:
        return None
    moment = datetime.fromtimestamp(micros // 1_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{micros % 1_000_000 // 1000:03d}Z"


def parse(text: str) -> int:
    """Microseconds of an RFC 3339 time. Raises ValueError where it is none or names no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone, such as 2026-01-31T12:00:00Z")
    return round(moment.timestamp() * 1_000_000)


def day(micros: int) -> str:
    """The date in UTC, as 2026-01-31."""
    return datetime.fromtimestamp(micros // 1_000_000, UTC).date().isoformat()
