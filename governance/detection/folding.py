"""Texts as detectors read them: every digit, hyphen, space and full-width letter as its ASCII twin, nothing invisible.

`４１１１‑１１１１` and `4111-1111` are the same card number to whoever reads them. Offsets lead back to the original.
"""

import re
import sys
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
HYPHENS = "\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d"
SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"


class Reading:
    """A text as detectors read it: `text` is folded, `origin(i)` the offset of its i-th character in the original."""

    def __init__(self, original: str):
        self._origins: Sequence[int] | None = None
        self.length = len(original)
        if original.isascii():
            self.text = original
        else:
            if INVISIBLE.search(original):
                self._origins = [at for at, letter in enumerate(original) if not INVISIBLE.match(letter)]
                original = INVISIBLE.sub("", original)
            self.text = original.translate(_twins())

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original's offsets of `text[start:end]`, which is not empty."""
        if self._origins is None:
            return start, end
        return self._origins[start], self._origins[end - 1] + 1


@lru_cache(maxsize=1)
def _twins() -> dict[int, str]:
    """One character for one: full-width ASCII, decimal digits of every script, hyphens, spaces."""
    twins = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    twins |= dict.fromkeys(map(ord, HYPHENS), "-") | dict.fromkeys(map(ord, SPACES), " ")
    for code in range(0x80, sys.maxunicode + 1):
        digit = unicodedata.decimal(chr(code), None)
        if digit is not None:
            twins[code] = str(digit)
    return twins
