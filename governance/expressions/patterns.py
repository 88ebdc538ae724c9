"""Owns regular expressions: the matcher of jsonschema-rs, which is linear in the text and limited in size.

Python's own `re` backtracks: `(a*)*b` on thirty characters stalls the process.
"""

from functools import lru_cache
from typing import Any

import jsonschema_rs

from .errors import Failed
from .limits import Meter
from .operations import name_of

PATTERN_BYTES = 50_000  # of a compiled pattern: bounds compiling and matching
PATTERN_LENGTH = 500  # characters
MATCHED = 100_000  # characters that matches() looks at
COMPILING = 3_000  # units that a pattern out of the data costs
UNUSABLE = (
    "is not a regular expression that matches() can use (no look-around, no back-references), or is too big"
)


def matches(meter: Meter, text: Any, pattern: Any) -> bool:
    """Whether some part of `text` matches `pattern`."""
    strings("matches", pattern)
    meter.spend(COMPILING)
    validator = usable(pattern)
    if validator is None:
        raise Failed(f"`{pattern[:60]}` {UNUSABLE}")
    return matched(meter, text, validator)


def matched(meter: Meter, text: Any, validator: jsonschema_rs.Validator) -> bool:
    strings("matches", text)
    if len(text) > MATCHED:
        raise Failed(f"matches() takes texts of up to {MATCHED:,} characters, this one has {len(text):,}")
    meter.spend(10 + (len(text) >> 2))
    return validator.is_valid(text)


@lru_cache(maxsize=512)
def usable(pattern: Any) -> jsonschema_rs.Validator | None:
    """The compiled pattern; None if it is none, or too big."""
    if type(pattern) is not str or len(pattern) > PATTERN_LENGTH:
        return None
    limits = jsonschema_rs.RegexOptions(size_limit=PATTERN_BYTES, dfa_size_limit=PATTERN_BYTES)
    try:
        return jsonschema_rs.validator_for({"type": "string", "pattern": pattern}, pattern_options=limits)
    except ValueError:
        return None


def strings(function: str, *values: Any) -> None:
    for value in values:
        if type(value) is not str:
            raise Failed(f"{function}() wants strings, not {name_of(value)}")
