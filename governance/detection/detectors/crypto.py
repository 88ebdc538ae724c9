"""Bitcoin addresses: Presidio's pattern and checksums."""

import re
from collections.abc import Iterator

from governance.detection import presidio
from governance.detection.detectors.base import Detector
from governance.detection.findings import Finding

CANDIDATE = re.compile(
    r"(?<![A-Za-z0-9])(?:bc1[a-z0-9]{25,59}|[13][a-km-zA-HJ-NP-Z1-9]{25,34})(?![A-Za-z0-9])"
)


class CryptoDetector(Detector):
    entities = ("CRYPTO",)

    def find(self, text: str) -> Iterator[Finding]:
        for match in CANDIDATE.finditer(text):
            if presidio.score("CryptoRecognizer", match[0]):
                yield Finding("CRYPTO", *match.span(), 1.0)
