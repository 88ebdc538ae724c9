"""The places in a statement that values are bound to: `:name`, outside of texts, quoted names and comments."""

import re

TOKENS = re.compile(
    r"""
    '(?:[^']|'')*' | "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\]   # texts and quoted names
    | --[^\n]* | /\*.*?(?:\*/|\Z)                                   # comments
    | (?P<place>:[A-Za-z_][A-Za-z0-9_]*)
    | (?P<other>\?[0-9]*|[@$:#][A-Za-z0-9_]+)                       # other ways to write a place
    """,
    re.VERBOSE | re.DOTALL,
)


def names_in(sql: str) -> list[str]:
    """The names of its places, each once, in order."""
    found = (match["place"][1:] for match in TOKENS.finditer(sql) if match["place"])
    return list(dict.fromkeys(found))


def others_in(sql: str) -> list[str]:
    """Places that are not written as `:name`, such as `?` and `@name`."""
    return [match["other"] for match in TOKENS.finditer(sql) if match["other"]]
