"""Owns the reading of tokens: what the parsers of conditions and of texts have in common."""

import re
from typing import NamedTuple, NoReturn

from .errors import Invalid
from .limits import INT_MAX, MAX_DEPTH
from .syntax import MapOf, Node

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([abfnrtv\\\"'`?]))",
    re.DOTALL,
)


class Token(NamedTuple):
    kind: str  # "int", "float", "string", "name", "op", "end"
    value: object
    pos: int


class Reader:
    """A cursor over tokens, with the depth that recursion may reach."""

    def __init__(self, tokens: list[Token]):
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    def sees(self, *values: str) -> bool:
        token = self.tokens[self.at]
        return token.kind in ("op", "name") and token.value in values

    def accepts(self, *values: str) -> Token | None:
        return self.take() if self.sees(*values) else None

    def expect(self, value: str) -> Token:
        return self.accepts(value) or self.fail(f"expected `{value}`")

    def name(self) -> Token:
        return self.take() if self.token.kind == "name" else self.fail("expected a name")

    def fail(self, wanted: str) -> NoReturn:
        token = self.token
        found = "the end" if token.kind == "end" else f"`{token.value}`"
        raise Invalid(f"{wanted}, found {found}", token.pos)

    def enter(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Invalid(f"nests deeper than {MAX_DEPTH} levels", self.token.pos)

    def leave(self) -> None:
        self.depth -= 1

    def expression(self) -> Node:
        raise NotImplementedError

    def sequence(self, end: str) -> list[Node]:
        """Expressions with commas between them, a last comma allowed, through `end`."""
        items = []
        while not self.accepts(end):
            items.append(self.expression())
            if not self.accepts(","):
                self.expect(end)
                break
        return items

    def map(self, pos: int) -> Node:
        keys, values = [], []
        while not self.accepts("}"):
            keys.append(self.expression())
            self.expect(":")
            values.append(self.expression())
            if not self.accepts(","):
                self.expect("}")
                break
        return MapOf(pos, keys, values)


def number(text: str, kind: str, pos: int) -> int | float:
    """The value of a number in the source; integers one beyond 64 bit pass, for the minus before them."""
    if kind == "float":
        value = float(text)
        if value in (float("inf"), float("-inf")):
            raise Invalid(f"the number {text[:40]} is too large", pos)
        return value
    if len(text) > 20:
        raise Invalid(f"the integer {text[:40]} needs more than 64 bit", pos)
    value = int(text, 16) if text[:2] in ("0x", "0X") else int(text)
    if value > INT_MAX + 1:
        raise Invalid(f"the integer {text} needs more than 64 bit", pos)
    return value


def unescape(body: str, pos: int) -> str:
    """A string literal's body with its escapes resolved; an unknown escape is a syntax error."""
    if "\\" not in body:
        return body
    parts, at = [], 0
    while (found := body.find("\\", at)) >= 0:
        match = ESCAPE.match(body, found)
        if match is None:
            raise Invalid(
                f"`{body[found : found + 2]}` is not an escape; write `\\\\` for a backslash", pos + found
            )
        parts += body[at:found], character(match, pos + found)
        at = match.end()
    return "".join((*parts, body[at:]))


def character(match: re.Match[str], pos: int) -> str:
    digits = match[1] or match[2] or match[3]
    if digits is None and match[4] is None:
        return ESCAPES.get(match[5], match[5])
    code = int(digits, 16) if digits else int(match[4], 8)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise Invalid(f"`{match[0]}` is not a character", pos)
    return chr(code)
