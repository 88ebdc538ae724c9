"""What comes from outside: made storable, shortened, and with secrets taken out."""

import json
from collections.abc import Iterable
from urllib.parse import quote

REPLACEMENT = "\ufffd"
HIDDEN = "[secret]"
SHORTEST_SECRET = 4  # a shorter "secret" would blank out ordinary text everywhere


def storable_text(text: str) -> str:
    """The text with NUL and lone surrogates replaced: PostgreSQL stores neither."""
    if "\x00" in text:
        text = text.replace("\x00", REPLACEMENT)
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def scrub(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets, as they are, as in a URL, as in JSON."""
    for secret in sorted((s for s in secrets if s and len(s) >= SHORTEST_SECRET), key=len, reverse=True):
        for spelling in {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}:
            text = text.replace(spelling, HIDDEN)
    return text


def shorten(text: str, limit: int = 400) -> str:
    """One line of at most `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
