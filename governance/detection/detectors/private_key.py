"""Private keys as PEM blocks, also with escaped line breaks as in JSON."""

import re
from collections.abc import Iterator

from governance.detection.detectors.base import Detector
from governance.detection.findings import Finding

BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----")
BODY = re.compile(
    r"[A-Za-z0-9+/=\s\\:,.()-]{0,16000}?-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
)
TORN = re.compile(r"(?:\s|\\n|\\r)*[A-Za-z0-9+/=\s\\]{40,16000}")


class PrivateKeyDetector(Detector):
    entities = ("PRIVATE_KEY",)

    def find(self, text: str) -> Iterator[Finding]:
        at = text.find("-----BEGIN ")
        while at >= 0:
            begin = BEGIN.match(text, at)
            body = begin and (BODY.match(text, begin.end()) or TORN.match(text, begin.end()))
            if body:
                end = body.end() - (len(body[0]) - len(body[0].rstrip()))
                yield Finding("PRIVATE_KEY", at, end, 1.0)
            at = text.find("-----BEGIN ", body.end() if body else at + 1)
