"""The single expressions of a flow, wherever they stand: what they mention, and which keys they read."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from flows.nodes.base import Expression
from governance.expressions import (
    Flaw,
    cel_parser,
    check_condition,
    check_text,
    names_condition,
    names_text,
    roots_condition,
    roots_text,
    text_parser,
)
from governance.expressions.errors import Invalid
from governance.expressions.syntax import (
    Assign,
    Call,
    Comprehension,
    For,
    Has,
    Index,
    Literal,
    Member,
    Name,
    Node,
    Test,
    children,
)
from governance.refusals import pointer

Path = tuple[str, ...]
MOST_KEPT = 4_096


@dataclass(frozen=True, slots=True)
class Single:
    """One condition (`is_text` false) or text, with its place relative to the node."""

    source: str
    is_text: bool
    pointer: str
    extra: tuple[str, ...] = ()

    def flaws(self) -> list[Flaw]:
        return (check_text if self.is_text else check_condition)(self.source)

    def steps(self) -> set[str]:
        return (names_text if self.is_text else names_condition)(self.source)

    def roots(self) -> set[str]:
        return (roots_text if self.is_text else roots_condition)(self.source)

    def reads(self) -> "Reads":
        return reads(self.source, self.is_text)


def singles(expression: Expression) -> Iterator[Single]:
    """The conditions and texts of an expression: of a value, every string in it."""
    source = expression.source
    if expression.flavour != "value":
        yield Single(source, expression.flavour == "text", expression.pointer, expression.extra)
    elif isinstance(source, str):
        if source.startswith("="):
            yield Single(source[1:], False, expression.pointer, expression.extra)
        else:
            text = source[1:] if source.startswith("\\=") else source
            yield Single(text, True, expression.pointer, expression.extra)
    elif isinstance(source, dict | list):
        for key, item in source.items() if isinstance(source, dict) else enumerate(source):
            yield from singles(replace(expression, source=item, pointer=expression.pointer + pointer(key)))


class Reads(NamedTuple):
    """The paths an expression reads, such as ("steps", "review", "output", "score").

    `guarded` are those it asks for first (`has(…)`, `is defined`, `default`): they may be missing.
    `whole` is the one path that is all of the expression, or None.
    """

    paths: frozenset[Path]
    guarded: frozenset[Path]
    whole: Path | None

    def certain(self) -> list[Path]:
        """The paths that must be there."""
        return sorted(
            path
            for path in self.paths
            if not any(path[: len(guarded)] == guarded for guarded in self.guarded)
        )


NOTHING = Reads(frozenset(), frozenset(), None)


@lru_cache(maxsize=MOST_KEPT)
def reads(source: str, is_text: bool) -> Reads:
    """What an expression reads; nothing for one that has a syntax error."""
    if is_text and "{" not in source:
        return NOTHING
    try:
        tree = (text_parser if is_text else cel_parser).parse(source)
    except Invalid:
        return NOTHING
    paths, guarded, bound = set(), set(), set()
    open_nodes = [tree]
    while open_nodes:
        node = open_nodes.pop()
        bound |= variables(node)
        guarded |= asks_for(node)
        path = path_of(node)
        if path:
            paths.add(path)
        else:
            open_nodes.extend(children(node))
    free = frozenset(path for path in paths if path[0] not in bound)
    return Reads(free, frozenset(guarded), whole(tree))


def path_of(node: Node) -> Path | None:
    keys: list[str] = []
    while True:
        match node:
            case Name(name=name):
                return (name, *reversed(keys))
            case Member(target=target, key=key) | Index(target=target, index=Literal(value=str() as key)):
                keys.append(key)
                node = target
            case _:
                return None


def asks_for(node: Node) -> set[Path]:
    match node:
        case Has(target=target, key=key) if path := path_of(target):
            return {(*path, key)}
        case Test(target=target) | Call(function="default" | "d", target=Node() as target) if path := path_of(
            target
        ):
            return {path}
    return set()


def variables(node: Node) -> set[str]:
    match node:
        case Comprehension(variable=variable) | Assign(variable=variable):
            return {variable}
        case For(variables=names):
            return set(names)
    return set()


def whole(tree: Node) -> Path | None:
    """The path of `steps.a.output` or of the text `{{ steps.a.output }}`."""
    parts = list(children(tree))
    while type(tree).__name__ in ("Block", "Output") and len(parts) == 1:
        tree, parts = parts[0], list(children(parts[0]))
    return path_of(tree)
