"""What comes from outside: made storable, shortened, and with secrets taken out."""

import json
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, quote_plus

REPLACEMENT = "\ufffd"
HIDDEN = "[secret]"
MOST_SAID = 4_000  # characters of an error that are looked through before they are cut to a sentence
LONGEST_FAILURE = 500  # characters of what a failed call says
SHORTEST_SECRET = 4  # a shorter "secret" would blank out ordinary text everywhere
SHORTEST_KEY = 8  # of a model's answers: "ollama" or "EMPTY" stand for no key at all, and are words


def storable_text(text: str) -> str:
    """The text with NUL and lone surrogates replaced: PostgreSQL stores neither."""
    if "\x00" in text:
        text = text.replace("\x00", REPLACEMENT)
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def scrub(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets, as they are, as in a URL, as in JSON."""
    return scrubber(secrets)(text)


def scrubber(secrets: Iterable[str]) -> Callable[[str], str]:
    """`scrub` for many texts: the spellings are made once."""
    return replacer(dict.fromkeys(secrets, HIDDEN))


def replacer(names: Mapping[str, str]) -> Callable[[str], str]:
    """Puts in a text, for each value among `names`, its name: wherever it stands as it is, as in a URL, as in JSON."""
    found = {
        spelling: name
        for value, name in names.items()
        if value and len(value) >= SHORTEST_SECRET
        for spelling in _spellings(value)
    }
    spellings = sorted(found.items(), key=lambda known: len(known[0]), reverse=True)

    def replaced(text: str) -> str:
        for spelling, name in spellings:
            text = text.replace(spelling, name)
        return text

    return replaced


class StreamScrubber:
    """`scrub` for a text that comes in pieces: an end that may begin a secret waits for the next piece."""

    __slots__ = ("_held", "_scrub", "_spellings")

    def __init__(self, secrets: Iterable[str]) -> None:
        known = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
        self._scrub = scrubber(known)
        self._spellings = [spelling for secret in known for spelling in _spellings(secret)]
        self._held = ""

    def push(self, text: str) -> str:
        """What can be shown by now."""
        if not self._spellings:
            return text
        text = self._scrub(self._held + text)
        end = min(_beginning(text, spelling) for spelling in self._spellings)
        self._held = text[end:]
        return text[:end]

    def end(self) -> str:
        """The rest of a text that is complete."""
        rest, self._held = self._held, ""
        return rest


def _beginning(text: str, spelling: str) -> int:
    """Where `text` ends with a beginning of `spelling`; its length where it does not."""
    at = text.find(spelling[0], max(0, len(text) - len(spelling) + 1))
    while at >= 0 and not spelling.startswith(text[at:]):
        at = text.find(spelling[0], at + 1)
    return len(text) if at < 0 else at


def _spellings(secret: str) -> set[str]:
    in_json = {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    escaped = {spelling.replace("/", "\\/") for spelling in in_json}  # as PHP writes it
    return {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), *in_json, *escaped}


def shorten(text: str, limit: int = 400) -> str:
    """One line of at most `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
