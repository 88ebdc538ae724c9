"""IBANs: the country's format and the checksum (python-stdnum), however they are grouped."""

import re
from collections.abc import Iterator

from stdnum import iban

from governance.detection.detectors.base import Detector
from governance.detection.findings import Finding

CANDIDATE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?\n?[ ]{0,4}[A-Za-z0-9]){11,30}")
LETTERS = {ord(letter): str(value) for value, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 10)}
VALUES = {letter: value for value, letter in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
SHORTEST = 15


class IbanDetector(Detector):
    entities = ("IBAN_CODE",)

    def find(self, text: str) -> Iterator[Finding]:
        match = CANDIDATE.search(text)
        while match:
            end = self._end(text, match)
            if end:
                yield Finding("IBAN_CODE", match.start(), end, 1.0)
            # What follows may begin within what this candidate took for its end.
            match = CANDIDATE.search(text, end or match.start() + 4)

    def _end(self, text: str, match: re.Match[str]) -> int | None:
        """Where the IBAN ends that the candidate begins with; words may stand behind it."""
        places = [at for at in range(*match.span()) if text[at].isalnum()]
        compact = "".join(text[at] for at in places).upper()
        for length in reversed(checked_lengths(compact)):
            end = places[length - 1] + 1
            if not text[end : end + 1].isalnum() and iban.is_valid(compact[:length]):
                return end
        return None


def checked_lengths(compact: str) -> list[int]:
    """How much of it has the checksum, shortest first: modulo 97 in one pass, before the country's own format is
    asked, which is slow."""
    head = int(compact[:4].translate(LETTERS)) % 97
    found, rest = [], 0
    for length, letter in enumerate(compact[4:], 5):
        value = VALUES[letter]
        rest = (rest * (10 if value < 10 else 100) + value) % 97
        if length >= SHORTEST and (rest * 1_000_000 + head) % 97 == 1:
            found.append(length)
    return found
