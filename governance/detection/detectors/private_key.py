"""Private keys as PEM blocks, also with escaped line breaks as in JSON."""

import re
from bisect import bisect_left
from collections.abc import Iterator

from governance.detection.detectors.base import Detector
from governance.detection.findings import Finding

BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
END = re.compile(r"-----END (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
FOREIGN = re.compile(r"[^A-Za-z0-9+/=\s\\:,.()-]")  # in no block, whatever its headers
TORN = re.compile(r"[A-Za-z0-9+/=\s\\]{40,16000}")
LONGEST = 16_000


class PrivateKeyDetector(Detector):
    entities = ("PRIVATE_KEY",)

    def find(self, text: str) -> Iterator[Finding]:
        if "-----BEGIN " not in text:
            return
        blocks, done = Blocks(text), 0
        for begin in BEGIN.finditer(text):
            if begin.start() < done:
                continue
            end = blocks.end(begin.end())
            if end is None and (torn := TORN.match(text, begin.end())):
                end = torn.end() - (len(torn[0]) - len(torn[0].rstrip()))
            if end is not None:
                done = end
                yield Finding("PRIVATE_KEY", begin.start(), end, 1.0)


class Blocks:
    """Where blocks end: each end and each foreign character is looked for once, however many beginnings there are."""

    def __init__(self, text: str):
        self._text = text
        self._spans = [match.span() for match in END.finditer(text)]
        self._foreign = -1

    def end(self, at: int) -> int | None:
        """Where the block ends whose body begins at `at`; None where it is torn. Call it with rising places."""
        place = bisect_left(self._spans, (at, at))
        if place == len(self._spans):
            return None
        start, end = self._spans[place]
        return end if start - at <= LONGEST and self._clean_until(at) >= start else None

    def _clean_until(self, at: int) -> int:
        if self._foreign < at:
            found = FOREIGN.search(self._text, at)
            self._foreign = found.start() if found else len(self._text)
        return self._foreign
