"""JSON web tokens: three parts of which the first is a JSON header with an algorithm."""

import base64
import binascii
import json
import re
from collections.abc import Iterator

from governance.detection.detectors.base import Detector
from governance.detection.findings import Finding

CANDIDATE = re.compile(r"(?<![\w.-])(eyJ[\w-]{8,2000})\.(eyJ[\w-]{4,16000})\.([\w-]{0,2000})(?![\w.]*\w)")


class JwtDetector(Detector):
    entities = ("JWT",)

    def find(self, text: str) -> Iterator[Finding]:
        if "eyJ" not in text:
            return
        for match in CANDIDATE.finditer(text):
            if "alg" in header(match[1]):
                yield Finding("JWT", *match.span(), 0.98)


def header(part: str) -> dict:
    """The JSON object that a part encodes; an empty one where it encodes none."""
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
