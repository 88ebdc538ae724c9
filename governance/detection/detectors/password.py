"""Values behind names such as password, secret, token: in settings, JSON, YAML, code and sentences."""

import re
from collections.abc import Iterator

from governance.detection import context
from governance.detection.detectors.base import Detector
from governance.detection.entropy import is_password
from governance.detection.findings import Finding

NAMES = (
    r"pass(?:w(?:or)?t?d?)?|passwort|passwd|pwd|passphrase|passcode|kennwort|contraseña|mot de passe|secret|token|"
    r"api[_ -]?key|apikey|access[_ -]?key|"
    r"auth[_ -]?key|client[_ -]?secret|private[_ -]?key|encryption[_ -]?key|signing[_ -]?key|credentials?|"
    r"account[_ -]?key|shared[_ -]?key|master[_ -]?key|connection[_ -]?string"
)
NAMED = re.compile(
    rf"(?i)(?:\b|_|(?<=[a-z]))(?:{NAMES})(?:[_-]?(?:value|key|hash|id|text|v\d))?[\"'\]]?"
    rf"(?:\s{{0,3}}(?::=|=>|=|:)\s{{0,3}}|\s(?:is|was|lautet|ist)(?: now)?:?\s)"
    rf"(?:[a-z]{{1,2}}(?=[\"']))?(?:([\"'`])(?P<quoted>[^\"'`\n]{{6,400}}?)\1|(?P<bare>(?:[^\s\"'`,;<>()\[\]{{}}&]|&(?!\w+=)){{6,400}}))"
)
STEMS = ("pass", "pwd", "kennwort", "contrase", "secret", "token", "key", "credential", "connection")
LEAST_BEFORE, MOST_AFTER = 16, 480  # characters of a name before its stem; of name and value behind it
ASSIGNS = re.compile(r"[\w\"'\] -]{0,24}?(?:[=:]|\s(?:is|was|lautet|ist)\s)")
CODE = re.compile(
    r"[A-Za-z_][\w.]*\(.*|[a-z_]+(?:\.[a-z_]+)+|[A-Z_]+|(?:[a-z]+[-_ ])+[a-z]+|https?://[^@]*|[a-z]+|"
    r"[~.]{1,2}/[\w./-]+|(?:/[\w.-]+){2,}"
)


class PasswordDetector(Detector):
    entities = ("PASSWORD",)

    def find(self, text: str) -> Iterator[Finding]:
        done = 0
        for at in context.occurrences(text, STEMS):
            if at < done or not ASSIGNS.match(text, at):
                continue
            match = NAMED.search(text, max(done, at - LEAST_BEFORE), at + MOST_AFTER)
            if match:
                kind = "quoted" if match["quoted"] else "bare"
                value = match[kind].rstrip(".?") if kind == "bare" else match[kind]
                if is_password(value) and not CODE.fullmatch(value):
                    done = match.start(kind) + len(value)
                    yield Finding("PASSWORD", match.start(kind), done, 0.8)
