"""US social security and taxpayer numbers: Presidio's rules, issued areas, and the words around bare digits."""

import re
from collections.abc import Iterator

from stdnum.us import itin

from governance.detection import context, presidio
from governance.detection.detectors.base import Detector
from governance.detection.findings import Finding

CANDIDATE = re.compile(r"(?<![\w.+/-])(?<!\d )\d{3}([- .]?)\d\d\1\d{4}(?![\w/]|[.-]\d| \d{3})")
WORDS = context.words(
    "ssns?",
    "social",
    "social security(?: number)?",
    "sozialversicherungsnummer",
    "ss#",
    "taxpayer",
    "itin",
    "tin",
)


class SsnDetector(Detector):
    entities = ("US_SSN", "US_ITIN")

    def find(self, text: str) -> Iterator[Finding]:
        score = presidio.scorer("UsSsnRecognizer")
        for match in CANDIDATE.finditer(text):
            called = bool(WORDS.search(context.around(text, *match.span())))
            if not called and (not match[1] or context.is_called_otherwise(text, match.start())):
                continue
            if match[0].startswith("9"):
                if itin.is_valid(match[0]):
                    yield Finding("US_ITIN", *match.span(), 0.85 if called else 0.6)
            elif score(match[0]):
                yield Finding("US_SSN", *match.span(), 0.85 if called else 0.6)
