"""Card numbers: the issuers' ranges and lengths, the Luhn checksum, and groups as cards have them."""

import re
from collections.abc import Iterator

from stdnum import luhn

from governance.detection import context
from governance.detection.detectors.base import Detector
from governance.detection.findings import Finding

CANDIDATE = re.compile(r"(?<![\w.+-])\d{4}(?:[ -]?\n?[ ]{0,4}\d){9,15}(?!\w)")
GROUPS = re.compile(r"\d+|(?:\d{4}\D+){3,4}\d{1,4}|\d{4}\D+\d{6}\D+\d{4,5}")
BEHIND = re.compile(r"\w|[.-]\d")
SHORTEST = 13
ISSUERS = (  # prefix, lengths: Visa, Mastercard, American Express, Discover, Diners, JCB, UnionPay, Maestro
    (re.compile(r"4"), (13, 16, 19)),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"6011|64[4-9]|65"), (16, 19)),
    (re.compile(r"30[0-5]|3095|36|3[89]"), (14, 16)),
    (re.compile(r"35(?:2[89]|[3-8])"), (16, 19)),
    (re.compile(r"62|81"), (16, 17, 18, 19)),
    (re.compile(r"50|5[6-8]|6[37]"), (16, 18, 19)),
)


class CardDetector(Detector):
    entities = ("CREDIT_CARD",)

    def find(self, text: str) -> Iterator[Finding]:
        match = CANDIDATE.search(text)
        while match:
            end = self._end(text, match)
            if end and not context.is_called_otherwise(text, match.start()):
                yield Finding("CREDIT_CARD", match.start(), end, 1.0)
            match = CANDIDATE.search(text, end or match.start() + 4)

    def _end(self, text: str, match: re.Match[str]) -> int | None:
        """Where the card number ends that the candidate begins with: digits of something else may stand behind it."""
        places = [at for at in range(*match.span()) if text[at].isdigit()]
        digits = "".join(text[at] for at in places)
        for length in range(len(digits), SHORTEST - 1, -1):
            end = places[length - 1] + 1
            if BEHIND.match(text, end) or not is_card(digits[:length]):
                continue
            if GROUPS.fullmatch(text, match.start(), end):
                return end
        return None


def is_card(digits: str) -> bool:
    """Whether an issuer gives out such numbers and the checksum fits."""
    issued = any(len(digits) in lengths and prefix.match(digits) for prefix, lengths in ISSUERS)
    return issued and len(set(digits)) > 1 and luhn.is_valid(digits)
