"""Owns the grammar of conditions: CEL (github.com/google/cel-spec) without unsigned integers, bytes, messages."""

import re

from .errors import Invalid
from .limits import INT_MAX, MAX_SOURCE
from .reader import Reader, Token, number, unescape
from .syntax import (
    Binary,
    Call,
    Comprehension,
    Conditional,
    Has,
    Index,
    ListOf,
    Literal,
    Logic,
    Member,
    Name,
    Node,
    Unary,
    check_depth,
)

TOKEN = re.compile(
    r"""(?P<space>(?:\s+|//[^\n]*)+)
    |(?P<float>(?:\d+\.\d+|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)
    |(?P<int>0[xX][0-9a-fA-F]+|\d+)
    |(?P<string>[rRbB]{0,2}(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}
        |\"(?:\\.|[^\"\\\r\n])*\"|'(?:\\.|[^'\\\r\n])*'))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<op>&&|\|\||[=!<>]=|[-+*/%!<>?:.,()\[\]{}])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
CONJUNCTION = 1
LEVELS = {
    **{"||": 0, "&&": CONJUNCTION},
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 2),
    **{"+": 3, "-": 3, "*": 4, "/": 4, "%": 4},
}
CONSTANTS = {"true": True, "false": False, "null": None}
MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})


def parse(source: str) -> Node:
    """The syntax tree of a condition; raises `Invalid`."""
    if len(source) > MAX_SOURCE:
        raise Invalid(f"is {len(source):,} characters long; {MAX_SOURCE:,} are allowed")
    grammar = Grammar(tokens(source))
    tree = grammar.expression()
    if grammar.token.kind != "end":
        grammar.fail("expected an operator or the end")
    check_depth(tree)
    return tree


def tokens(source: str) -> list[Token]:
    found, at = [], 0
    while at < len(source):
        match = TOKEN.match(source, at)
        if match is None:
            raise Invalid(unreadable(source[at]), at)
        kind, at = match.lastgroup, match.end()
        if kind != "space":
            found.append(token(kind, match[0], match.start(), source[at : at + 1]))
    found.append(Token("end", None, at))
    return found


def unreadable(character: str) -> str:
    if character in "\"'":
        return "a string that starts here does not end"
    if character == "=":
        return "`=` is not an operator; compare with `==`"
    return f"`{character}` has no meaning here"


def token(kind: str, text: str, pos: int, following: str) -> Token:
    if kind in ("int", "float"):
        if following.isidentifier():
            raise Invalid(
                "a number must not run into a name (unsigned numbers like 1u do not exist here)", pos
            )
        return Token(kind, number(text, kind, pos), pos)
    if kind == "string":
        return Token(kind, string(text, pos), pos)
    return Token(kind, text, pos)


def string(text: str, pos: int) -> str:
    quote = min(text.find(mark) for mark in "\"'" if mark in text)
    prefix = text[:quote].lower()
    if "b" in prefix:
        raise Invalid("bytes do not exist here; write a string", pos)
    width = 3 if text[quote : quote + 3] in ('"""', "'''") and len(text) >= quote + 6 else 1
    body = text[quote + width : -width]
    return body if prefix else unescape(body, pos + quote + width)


class Grammar(Reader):
    def expression(self) -> Node:
        self.enter()
        test = self.binary(0)
        if mark := self.accepts("?"):
            yes = self.binary(0)
            self.expect(":")
            test = Conditional(mark.pos, test, yes, self.expression())
        self.leave()
        return test

    def binary(self, least: int) -> Node:
        left = self.unary()
        while (level := self.level()) >= least:
            mark = self.take()
            right = self.binary(level + 1)
            if level > CONJUNCTION:
                left = Binary(mark.pos, mark.value, left, right)
            elif isinstance(left, Logic) and left.operator == mark.value:
                left.terms.append(right)
            else:
                left = Logic(mark.pos, mark.value, [left, right])
        return left

    def level(self) -> int:
        token = self.token
        return LEVELS.get(token.value, -1) if token.kind in ("op", "name") else -1

    def unary(self) -> Node:
        mark = self.accepts("!", "-")
        if mark is None:
            return self.postfix(self.primary())
        if mark.value == "-" and self.token.kind in ("int", "float"):
            literal = self.take()
            return self.postfix(Literal(mark.pos, -literal.value))
        self.enter()
        operand = self.unary()
        self.leave()
        return Unary(mark.pos, mark.value, operand)

    def primary(self) -> Node:
        token = self.take()
        if token.kind == "int" and token.value > INT_MAX:
            raise Invalid(f"the integer {token.value} needs more than 64 bit", token.pos)
        if token.kind in ("int", "float", "string"):
            return Literal(token.pos, token.value)
        if token.kind == "name":
            return self.named(token)
        if token.value == "(":
            inner = self.expression()
            self.expect(")")
            return inner
        if token.value == "[":
            return ListOf(token.pos, self.sequence("]"))
        if token.value == "{":
            return self.map(token.pos)
        self.at -= token.kind != "end"
        self.fail("expected a value")

    def named(self, token: Token) -> Node:
        if token.value in CONSTANTS:
            return Literal(token.pos, CONSTANTS[token.value])
        if token.value == "in":
            raise Invalid("expected a value, found `in`", token.pos)
        if not self.accepts("("):
            return Name(token.pos, token.value)
        arguments = self.sequence(")")
        return (
            presence(token.pos, arguments)
            if token.value == "has"
            else Call(token.pos, token.value, None, arguments, {})
        )

    def postfix(self, node: Node) -> Node:
        while mark := self.accepts(".", "["):
            if mark.value == "[":
                node = Index(mark.pos, node, self.expression())
                self.expect("]")
                continue
            name = self.name()
            if not self.accepts("("):
                node = Member(name.pos, node, name.value)
            elif name.value in MACROS:
                node = comprehension(name, node, self.sequence(")"))
            else:
                node = Call(name.pos, name.value, node, self.sequence(")"), {})
        return node


def presence(pos: int, arguments: list[Node]) -> Node:
    match arguments:
        case [Member(target=target, key=key)]:
            return Has(pos, target, key)
    raise Invalid("has() asks for one member, as in has(steps.review)", pos)


def comprehension(name: Token, target: Node, arguments: list[Node]) -> Node:
    wanted = (2, 3) if name.value == "map" else (2,)
    if len(arguments) not in wanted or not isinstance(arguments[0], Name):
        raise Invalid(
            f"`{name.value}` wants a variable and an expression, as in list.{name.value}(x, …)", name.pos
        )
    keep = arguments[1] if len(arguments) == 3 else None
    return Comprehension(name.pos, name.value, target, arguments[0].name, keep, arguments[-1])
