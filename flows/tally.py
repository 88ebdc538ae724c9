"""Counting votes that may be any JSON value."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from fractions import Fraction
from typing import Any

import orjson


def tally(votes: Sequence[Any]) -> dict:
    """`{winner, tally: [{value, count}]}`; the tally stands in order of first votes, and the first of a tie wins."""
    counts = counted((vote, 1) for vote in votes)
    winner = max(counts, key=lambda entry: entry["count"])
    return {"winner": winner["value"], "tally": counts}


def ballot(vote: Any) -> bytes:
    """What makes two votes equal: 1 and 1.0 are, 1 and true are not, the order of keys does not matter."""
    return orjson.dumps(level(vote), option=orjson.OPT_SORT_KEYS)


def counted(
    votes: Iterable[tuple[Any, int | Fraction]], same: Callable[[Any], Hashable] = ballot
) -> list[dict]:
    """[{value, count}] of (vote, weight), in order of first votes; `same` says what makes two votes equal."""
    counts: dict[Hashable, dict] = {}
    for vote, weight in votes:
        entry = counts.setdefault(same(vote), {"value": vote, "count": 0})
        entry["count"] += weight
    return list(counts.values())


def exact(number: float) -> Fraction:
    """0.1 is a tenth here, as it was written: three of them are 0.3, in any order."""
    return Fraction(str(number))


def level(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [level(item) for item in value]
    if isinstance(value, dict):
        return {key: level(item) for key, item in value.items()}
    return value
