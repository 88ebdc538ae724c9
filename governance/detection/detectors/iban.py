"""IBANs: the country's format and the checksum (python-stdnum), however they are grouped."""

import re
from collections.abc import Iterator

from stdnum import iban

from governance.detection.detectors.base import Detector
from governance.detection.findings import Finding

CANDIDATE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?\n?[ ]{0,4}[A-Za-z0-9]){11,30}")
LETTERS = {ord(letter): str(value) for value, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 10)}
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
        for length in range(len(compact), SHORTEST - 1, -1):
            end = places[length - 1] + 1
            within_a_word = text[end : end + 1].isalnum()
            if not within_a_word and has_checksum(compact[:length]) and iban.is_valid(compact[:length]):
                return end
        return None


def has_checksum(compact: str) -> bool:
    """Modulo 97, before the country's own format is asked: that is slow."""
    return int((compact[4:] + compact[:4]).translate(LETTERS)) % 97 == 1
