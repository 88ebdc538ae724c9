"""E-mail addresses: Presidio's pattern and its check of the domain's suffix."""

import re
from collections.abc import Iterator

from governance.detection import presidio
from governance.detection.detectors.base import Detector
from governance.detection.findings import Finding

LOCAL = r"[\w!#$%&'*+/=?^`{|}~.-]"
CANDIDATE = re.compile(rf"(?<={LOCAL})@\w[\w-]{{0,62}}(?:\.[\w-]{{1,63}}){{1,8}}")
LOCAL_PART = re.compile(rf"{LOCAL}{{1,64}}")  # read backwards from the @
GLUED = re.compile(r".*[=&?/#{}|*`^]")  # legal in an address, in practice what stands before one
NO_ADDRESS = re.compile(r"\d+x\.|.*\.(?:png|jpe?g|gif|svg|webp|zip)\Z", re.IGNORECASE)  # icon@2x.png
OWN_SUFFIX = re.compile(r"\.(?:local|internal|intranet|corp|lan|home|example|test|invalid)\Z", re.IGNORECASE)
SURE = 0.97  # less than what has a checksum, and than user:password@ in an address
SCP = re.compile(r":(?!//)[\w~./-]*/")  # git@github.com:baton/baton.git


class EmailDetector(Detector):
    entities = ("EMAIL_ADDRESS",)

    def find(self, text: str) -> Iterator[Finding]:
        if "@" not in text:
            return
        score = presidio.scorer("EmailRecognizer")
        for match in CANDIDATE.finditer(text):
            local = LOCAL_PART.match(text[max(0, match.start() - 64) : match.start()][::-1])
            start = match.start() - (local.end() if local else 0)
            glued = GLUED.match(text, start, match.start())
            start = glued.end() if glued and glued.end() < match.start() else start
            while start < match.start() and text[start] in ".'-":
                start += 1
            end = match.end() - (len(match[0]) - len(match[0].rstrip(".-_")))
            if not self._is_file_or_repository(text, start, match.start() + 1, end):
                address = text[start:end]
                if OWN_SUFFIX.search(address) or score(address):
                    yield Finding("EMAIL_ADDRESS", start, end, SURE)

    def _is_file_or_repository(self, text: str, start: int, domain: int, end: int) -> bool:
        if NO_ADDRESS.match(text, domain, end):
            return True
        return text[start : domain - 1] == "git" and SCP.match(text, end) is not None
