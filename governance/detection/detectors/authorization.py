"""Credentials on their way: bearer and basic headers, user:password in an address."""

import base64
import binascii
import re
from collections.abc import Iterator

from governance.detection.detectors.base import Detector
from governance.detection.entropy import bits, looks_random
from governance.detection.findings import Finding

HEADER = re.compile(r"(?i)\b(bearer|basic|token)\s{1,3}([\w.~+/=-]{8,4000})")
ADDRESS = re.compile(
    r"[a-zA-Z][a-zA-Z0-9+.-]{1,20}://([^\s:/@\"'<>]{0,100}):([^\s/@\"'<>]{3,200})@(?=[\w\[])"
)


class AuthorizationDetector(Detector):
    entities = ("AUTHORIZATION",)

    def find(self, text: str) -> Iterator[Finding]:
        for match in HEADER.finditer(text):
            value = match[2].rstrip(".-")
            scheme = match[1].lower()
            if is_basic(value) if scheme == "basic" else is_token(value):
                yield Finding("AUTHORIZATION", match.start(2), match.start(2) + len(value), 0.9)
        if "://" in text:
            for match in ADDRESS.finditer(text):
                if not re.match(r"\$|\{|<|\*{3}|%s|\[|x{3}", match[2]):
                    yield Finding(
                        "AUTHORIZATION", match.start(1) if match[1] else match.start(2), match.end(2), 1.0
                    )


def is_token(value: str) -> bool:
    """Letters and digits mixed beyond what words have: `bearer of bad news` is none."""
    return len(value) >= 16 and looks_random(value) and bool(re.search(r"\d", value)) and bits(value) >= 3.0


def is_basic(value: str) -> bool:
    """Base64 of user:password."""
    try:
        return ":" in base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return False
