"""What an HTTP answer says about trying again."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRYABLE = frozenset({408, 425, 429})
LONGEST_RETRY_AFTER_S = 3600.0


def is_retryable(status: int) -> bool:
    """Whether another attempt can help after this status."""
    return status in RETRYABLE or 500 <= status <= 599


def is_refusal(status: int) -> bool:
    """Whether the peer turned the request down before working on it."""
    return 400 <= status <= 499 and status != 408


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The seconds of a Retry-After header, given as a number or as an HTTP date; at most an hour."""
    value = str(headers.get("retry-after") or headers.get("Retry-After") or "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value, re.ASCII):
        return min(float(value), LONGEST_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S)
