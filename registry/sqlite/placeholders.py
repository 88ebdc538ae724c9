"""The places in a statement that values are bound to: `:name`, outside of texts, quoted names and comments."""

import re
from functools import lru_cache

# Nothing here looks twice at a character: what is opened and not closed takes all that follows.
TOKENS = re.compile(
    r"""
    '(?:[^']|'')*+' | "(?:[^"]|"")*+" | `(?:[^`]|``)*+` | \[[^\]]*+\]   # texts and quoted names
    | (?P<unclosed>['"`\[]).*+
    | --[^\n]*+ | /\*.*?(?:\*/|\Z)                                    # comments
    | (?P<place>:[A-Za-z_][A-Za-z0-9_]*+)
    | (?P<other>\?[0-9]*+|[@$:#][A-Za-z0-9_]++)                        # other ways to write a place
    """,
    re.VERBOSE | re.DOTALL,
)


def names_in(sql: str) -> tuple[str, ...]:
    """The names of its places, each once, in order."""
    return _found(sql)["place"]


def others_in(sql: str) -> tuple[str, ...]:
    """Places that are not written as `:name`, such as `?` and `@name`, each once."""
    return _found(sql)["other"]


def unclosed_in(sql: str) -> str:
    """The sign that opens a text or a name which never ends, such as `'`; "": there is none."""
    return "".join(_found(sql)["unclosed"])


@lru_cache(maxsize=256)
def _found(sql: str) -> dict[str, tuple[str, ...]]:
    """Read once for each statement: a conversation asks for the places of every tool, at every call."""
    matches = list(TOKENS.finditer(sql))
    found = {
        kind: dict.fromkeys(match[kind] for match in matches if match[kind]) for kind in TOKENS.groupindex
    }
    return {
        kind: tuple(said.removeprefix(":") if kind == "place" else said for said in found[kind])
        for kind in found
    }
