"""Values behind names such as password, secret, token: in settings, JSON, YAML, code and sentences.

Linear, whatever the text: every character is looked at once for names, and of names that stand within one value
(`key=key=key=…`) only a few are tried.
"""

import re
from collections.abc import Iterator
from itertools import groupby

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
    r"(?:\s{0,3}(?::=|=>|=|:)\s{0,3}|\s(?:is|was|lautet|ist)(?: now)?:?\s)(?:[a-z]{1,2}(?=[\"']))?"
)
VALUE = re.compile(
    r"([\"'`])(?P<quoted>[^\"'`\n]{6,400}?)\1|"
    r"(?P<bare>(?:[^\s\"'`,;<>()\[\]{}&]|&(?!\w{1,64}=)){6,400})"
)
WITHIN = re.compile(r"[\"'`]?[^\s\"'`,;<>()\[\]{}]*")  # as far as a value can reach that has no spaces
STEMS = ("pass", "pwd", "kennwort", "contrase", "secret", "token", "key", "credential", "connection")
LEAST_BEFORE, MOST_AFTER = (
    16,
    64,
)  # characters of a name before its stem; of a name behind it, with what assigns
TRIED_FIRST = 3  # of the names within one value; and the last of them
ASSIGNS = re.compile(r"[\w\"'\] -]{0,24}?(?:[=:]|\s(?:is|was|lautet|ist)\s)")
CODE = re.compile(
    r"[A-Za-z_][\w.]*\(.*|[a-z_]+(?:\.[a-z_]+)+|[A-Z_]+|(?:[a-z]+[-_ ])+[a-z]+|https?://[^@]*|[a-z]+|"
    r"[~.]{1,2}/[\w./-]+|(?:/[\w.-]+){2,}"
)


class PasswordDetector(Detector):
    entities = ("PASSWORD",)

    def find(self, text: str) -> Iterator[Finding]:
        done = 0
        for at in few_within(text, value_places(text)):
            match = VALUE.match(text, at) if at >= done else None
            if match:
                kind = "quoted" if match["quoted"] else "bare"
                value = match[kind].rstrip(".?") if kind == "bare" else match[kind]
                if is_password(value) and not CODE.fullmatch(value):
                    done = match.start(kind) + len(value)
                    yield Finding("PASSWORD", match.start(kind), done, 0.8)


def value_places(text: str) -> Iterator[int]:
    """Where something begins that a name announces, in order."""
    for start, end in regions(text):
        for match in NAMED.finditer(text, start, end):
            yield match.end()


def regions(text: str) -> Iterator[tuple[int, int]]:
    """The stretches of the text in which names with an assignment can stand, apart from each other."""
    start = end = 0
    for at in context.occurrences(text, STEMS):
        if not ASSIGNS.match(text, at):
            continue
        if at - LEAST_BEFORE > end:
            if end:
                yield start, end
            start = max(0, at - LEAST_BEFORE)
        end = at + MOST_AFTER
    if end:
        yield start, end


def few_within(text: str, places: Iterator[int]) -> Iterator[int]:
    """The places without most of those that lie in the value of one before."""
    reach = 0

    def value_of(at: int) -> int:
        nonlocal reach
        if at > reach:
            reach = max(WITHIN.match(text, at).end(), at)
        return reach

    for _, among in groupby(places, value_of):
        together = list(among)
        yield from together if len(together) <= TRIED_FIRST else [*together[:TRIED_FIRST], together[-1]]
