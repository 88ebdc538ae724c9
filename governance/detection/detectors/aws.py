"""AWS keys: access key ids by their form, secret keys by the words before them."""

import re
from collections.abc import Iterator

from governance.detection.detectors.base import Detector
from governance.detection.entropy import bits
from governance.detection.findings import Finding

KEY_ID = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|AIDA|AROA|AGPA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])")
SECRET = re.compile(
    r"(?i:aws|secret[_ -]?access[_ -]?key|secretaccesskey|secret[_ -]?key)[^\n]{0,40}?[=:\s\"']"
    r"(?<![A-Za-z0-9/+])([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
)
RANDOM = 4.0


class AwsDetector(Detector):
    entities = ("AWS_KEY",)

    def find(self, text: str) -> Iterator[Finding]:
        ids = list(KEY_ID.finditer(text))
        for match in ids:
            yield Finding("AWS_KEY", *match.span(), 0.95)
        if ids or "ecret" in text or "aws" in text or "AWS" in text or "SECRET" in text:
            for match in SECRET.finditer(text):
                if bits(match[1]) >= RANDOM and not re.fullmatch("[0-9a-f]{40}", match[1]):
                    yield Finding("AWS_KEY", *match.span(1), 0.95)
