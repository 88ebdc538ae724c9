"""Opaque identifiers: 63-bit integers in the database, 13 characters everywhere else.

The upper bits are milliseconds, so that rows of one table sort by age and indexes stay compact; the lower
bits start at random in each millisecond, so that several processes need no coordination.
"""

import re
import secrets
import threading
import time

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: nothing that reads like something else
VALUES = {letter: number for number, letter in enumerate(ALPHABET)}
LENGTH = 13
SPARE_BITS = 21
BUDGET_KEY = re.compile(r"budget:[0-9]+/")
# In the account of a budget on a run, or with the period "run".
RUN_IN_KEY = re.compile(r"(:run/|:run-)([0-9]{1,19})(?=:|\Z)")

_lock = threading.Lock()
_last = 0


def new_id() -> int:
    """A new positive integer below 2**63, greater than any that this process made before."""
    global _last
    with _lock:
        fresh = (time.time_ns() // 1_000_000) << SPARE_BITS | secrets.randbits(SPARE_BITS)
        _last = max(fresh, _last + 1)
        return _last


def encode(number: int) -> str:
    """The 13 characters that stand for `number`."""
    letters = []
    for _ in range(LENGTH):
        number, remainder = divmod(number, 32)
        letters.append(ALPHABET[remainder])
    return "".join(reversed(letters))


def decode(text: str) -> int | None:
    """The integer behind 13 characters; None for anything else."""
    if len(text) != LENGTH or any(letter not in VALUES for letter in text):
        return None
    number = 0
    for letter in text:
        number = number * 32 + VALUES[letter]
    return number if number < 1 << 63 else None


def account_name(key: str) -> str:
    """An account of the ledger as events and people name it: runs by their 13 characters, budgets without the number
    of their project (`budget:billing-day:agent/billing-specialist:2026-01-31`), all others as they are."""
    if found := BUDGET_KEY.match(key):
        return f"budget:{RUN_IN_KEY.sub(_encoded, key[found.end() :])}"
    subject, _, rest = key.partition(":")
    return f"run:{encode(int(rest))}" if subject == "run" and rest.isdigit() else key


def _encoded(found: re.Match[str]) -> str:
    return f"{found[1]}{encode(int(found[2]))}"


class OpaqueIdConverter:
    """Django's path converter `<opaque:run_id>`: what is no identifier is a 404."""

    regex = f"[{ALPHABET}]{{{LENGTH}}}"

    def to_python(self, text: str) -> int:
        number = decode(text)
        if number is None:
            raise ValueError(text)
        return number

    def to_url(self, number: int) -> str:
        return encode(number)
