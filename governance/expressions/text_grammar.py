"""Owns the grammar of the expressions inside the tags of texts: Jinja's, with filters and tests."""

import re
from collections.abc import Callable

from .errors import Invalid
from .reader import Reader, Token, number, unescape
from .syntax import (
    Binary,
    Call,
    Conditional,
    Index,
    ListOf,
    Literal,
    Logic,
    Member,
    Name,
    Node,
    Slice,
    Test,
    Unary,
)

TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<close>[-+]?(?:\}\}|%\}))
    |(?P<float>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)
    |(?P<int>\d+)
    |(?P<string>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<op>//|\*\*|[=!<>]=|[-+*/%~<>|=.:,()\[\]{}])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
CONSTANTS = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "none": None,
    "None": None,
    "null": None,
}
LEVELS = {"+": 0, "-": 0, "~": 1, "*": 2, "/": 2, "//": 2, "%": 2}
WORDS = frozenset({"and", "or", "not", "in", "is", "if", "else"})


def token(kind: str, text: str, pos: int) -> Token:
    if kind in ("int", "float"):
        return Token(kind, number(text, kind, pos), pos)
    return Token(kind, unescape(text[1:-1], pos + 1), pos) if kind == "string" else Token(kind, text, pos)


class Tag(Reader):
    """The expression grammar inside a tag."""

    def only(self) -> Node:
        node = self.expression()
        self.done()
        return node

    def done(self) -> None:
        if self.token.kind != "end":
            self.fail("expected the end of the tag")

    def variable(self) -> str:
        token = self.name()
        if token.value in CONSTANTS or token.value in WORDS or token.value in ("loop", "steps"):
            raise Invalid(f"`{token.value}` cannot be a variable", token.pos)
        return token.value

    def expression(self) -> Node:
        self.enter()
        value = self.alternative()
        if mark := self.accepts("if"):
            test = self.alternative()
            if not self.accepts("else"):
                self.fail("expected `else`: nothing is silently empty")
            value = Conditional(mark.pos, test, value, self.expression())
        self.leave()
        return value

    def alternative(self) -> Node:
        return self.chain("or", lambda: self.chain("and", self.negation))

    def chain(self, word: str, term: Callable[[], Node]) -> Node:
        first = term()
        if not self.sees(word):
            return first
        pos, terms = self.token.pos, [first]
        while self.accepts(word):
            terms.append(term())
        return Logic(pos, word, terms)

    def negation(self) -> Node:
        mark = self.accepts("not")
        if mark is None:
            return self.comparison()
        self.enter()
        node = Unary(mark.pos, "not", self.negation())
        self.leave()
        return node

    def comparison(self) -> Node:
        """`a < b < c` is `a < b and b < c`."""
        left, pairs = self.operation(), []
        while mark := self.comparator():
            right = self.operation()
            pairs.append(Binary(mark.pos, mark.value, left, right))
            left = right
        return Logic(pairs[0].pos, "and", pairs) if len(pairs) > 1 else pairs[0] if pairs else left

    def comparator(self) -> Token | None:
        if self.sees("not"):
            mark = self.take()
            self.expect("in")
            return Token("op", "not in", mark.pos)
        return self.accepts("==", "!=", "<", "<=", ">", ">=", "in")

    def operation(self, least: int = 0) -> Node:
        left = self.unary()
        while (level := LEVELS.get(self.token.value, -1) if self.token.kind == "op" else -1) >= least:
            mark = self.take()
            left = Binary(mark.pos, mark.value, left, self.operation(level + 1))
        return left

    def unary(self) -> Node:
        if mark := self.accepts("-", "+"):
            self.enter()
            node = Unary(mark.pos, mark.value, self.unary())
            self.leave()
            return node
        base = self.filtered(self.postfix(self.primary()))
        if mark := self.accepts("**"):
            self.enter()
            base = Binary(mark.pos, "**", base, self.unary())
            self.leave()
        return base

    def primary(self) -> Node:
        token = self.take()
        if token.kind in ("int", "float", "string"):
            return Literal(token.pos, token.value)
        if token.kind == "name" and token.value not in WORDS:
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
        if self.accepts("("):
            return Call(token.pos, token.value, None, *self.arguments())
        return Name(token.pos, token.value)

    def postfix(self, node: Node) -> Node:
        while mark := self.accepts(".", "["):
            if mark.value == "[":
                node = self.subscript(mark.pos, node)
                continue
            name = self.take()
            if name.kind == "int":
                node = Index(name.pos, node, Literal(name.pos, name.value))
            elif name.kind != "name":
                self.at -= name.kind != "end"
                self.fail("expected a name")
            elif self.accepts("("):
                node = Call(name.pos, "." + name.value, node, *self.arguments())
            else:
                node = Member(name.pos, node, name.value)
        return node

    def subscript(self, pos: int, node: Node) -> Node:
        start = None if self.sees(":") else self.expression()
        if not self.accepts(":"):
            self.expect("]")
            return Index(pos, node, start)
        stop = None if self.sees("]") else self.expression()
        self.expect("]")
        return Slice(pos, node, start, stop)

    def filtered(self, node: Node) -> Node:
        while mark := self.accepts("|", "is"):
            if mark.value == "|":
                name = self.name()
                arguments, named = self.arguments() if self.accepts("(") else ([], {})
                node = self.postfix(Call(name.pos, name.value, node, arguments, named))
            else:
                node = self.test(mark.pos, node)
        return node

    def test(self, pos: int, node: Node) -> Node:
        negated = self.accepts("not")
        name = self.name() if self.token.kind == "name" else self.take()
        if self.accepts("("):
            arguments, _ = self.arguments()
        elif self.token.kind in ("int", "float", "string") or self.sees("[") or self.starts_name():
            arguments = [self.postfix(self.primary())]
        else:
            arguments = []
        node = Test(name.pos, str(name.value), node, arguments)
        return Unary(pos, "not", node) if negated else node

    def starts_name(self) -> bool:
        return self.token.kind == "name" and self.token.value not in WORDS

    def arguments(self) -> tuple[list[Node], dict[str, Node]]:
        positional: list[Node] = []
        named: dict[str, Node] = {}
        while not self.accepts(")"):
            following = self.tokens[min(self.at + 1, len(self.tokens) - 1)]
            if self.token.kind == "name" and following.kind == "op" and following.value == "=":
                name = self.take()
                self.take()
                named[name.value] = self.expression()
            else:
                positional.append(self.expression())
            if not self.accepts(","):
                self.expect(")")
                break
        return positional, named
