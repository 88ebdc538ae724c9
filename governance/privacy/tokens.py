"""Tokens in texts: how they look, how text that merely looks like one is escaped, and both ways back.

A token is `<EMAIL_ADDRESS_1>`. Text from outside that looks like one gets a backslash behind its `<`, and one more
where it has some already: `<EMAIL_ADDRESS_1>` becomes `<\\EMAIL_ADDRESS_1>`. So nobody can write a token, and
taking one backslash away gives back exactly what was written.
"""

import re
from collections.abc import Callable, Collection
from typing import Any

from governance.detection.entities import ENTITIES

NAMES = "|".join(sorted(ENTITIES, key=len, reverse=True))
LOOKS = re.compile(rf"<(\\*)({NAMES})_([1-9][0-9]{{0,8}})>")
LONGEST = max(map(len, ENTITIES)) + 12  # of a token without backslashes

Lookup = Callable[[str], str | None]


def token(entity: str, number: int) -> str:
    return f"<{entity}_{number}>"


def found_in(text: str) -> set[str]:
    """The tokens in `text`, without those that are escaped."""
    return {match[0] for match in LOOKS.finditer(text) if not match[1]} if "<" in text else set()


def spans(text: str) -> list[tuple[int, int]]:
    """Where tokens and escaped look-alikes stand."""
    return [match.span() for match in LOOKS.finditer(text)] if "<" in text else []


def escape(text: str, but: Collection[str] = ()) -> str:
    """`text` in which nothing is a token any more, save those in `but` (what an own model may repeat)."""
    return LOOKS.sub(lambda match: match[0] if match[0] in but else "<\\" + match[0][1:], text)


def escape_unknown(text: str, known: Callable[[str], bool]) -> str:
    """`text` of a model: tokens that it was never given are escaped, what is escaped stays as it is."""
    return LOOKS.sub(lambda match: match[0] if match[1] or known(match[0]) else "<\\" + match[0][1:], text)


def unescape(text: str) -> str:
    """What was written before `escape`; tokens stay tokens."""
    return LOOKS.sub(lambda match: "<" + match[0][2:] if match[1] else match[0], text)


def restore(text: str, value_of: Lookup) -> str:
    """`text` with values for tokens and without escapes; a token that `value_of` does not know stays.

    One pass: what a value looks like is never looked at again.
    """
    if "<" not in text:
        return text

    def put(match: re.Match[str]) -> str:
        if match[1]:
            return "<" + match[0][2:]
        value = value_of(match[0])
        return match[0] if value is None else value

    return LOOKS.sub(put, text)


def each_text(content: Any, change: Callable[[str], str], key: Callable[[str], str] = str) -> Any:
    """JSON content with every string changed, and the keys of its objects by `key`; everything else stays."""
    if isinstance(content, str):
        return change(content)
    if isinstance(content, dict):
        return {key(name): each_text(inner, change, key) for name, inner in content.items()}
    if isinstance(content, list | tuple):
        return [each_text(inner, change, key) for inner in content]
    return content


def texts_of(content: Any) -> list[str]:
    """Every string of JSON content, without keys, in order."""
    found: list[str] = []
    each_text(content, lambda text: found.append(text) or text)
    return found


def keys_of(content: Any) -> set[str]:
    """Every key of JSON content, however deep."""
    found: set[str] = set()
    each_text(content, str, lambda name: found.add(name) or name)
    return found
