"""Owns the syntax tree that conditions and texts share, and what can be read off it without running it."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from .errors import Invalid
from .limits import MAX_DEPTH


@dataclass(slots=True)
class Node:
    pos: int


@dataclass(slots=True)
class Literal(Node):
    value: Any


@dataclass(slots=True)
class Name(Node):
    name: str


@dataclass(slots=True)
class Member(Node):
    target: Node
    key: str


@dataclass(slots=True)
class Index(Node):
    target: Node
    index: Node


@dataclass(slots=True)
class Slice(Node):
    target: Node
    start: Node | None
    stop: Node | None


@dataclass(slots=True)
class ListOf(Node):
    items: list[Node]


@dataclass(slots=True)
class MapOf(Node):
    keys: list[Node]
    values: list[Node]


@dataclass(slots=True)
class Unary(Node):
    operator: str
    operand: Node


@dataclass(slots=True)
class Binary(Node):
    operator: str
    left: Node
    right: Node


@dataclass(slots=True)
class Logic(Node):
    """`&&` or `||` (`and`, `or`) over two or more terms: chains are flat, so that long ones are not deep."""

    operator: str
    terms: list[Node]


@dataclass(slots=True)
class Conditional(Node):
    test: Node
    yes: Node
    no: Node


@dataclass(slots=True)
class Call(Node):
    """A function (`target` None), a method of `target`, or in a text a filter (`target | function`)."""

    function: str
    target: Node | None
    arguments: list[Node]
    named: dict[str, Node]


@dataclass(slots=True)
class Has(Node):
    target: Node
    key: str


@dataclass(slots=True)
class Test(Node):
    """`target is test(arguments)` of a text."""

    test: str
    target: Node
    arguments: list[Node]


@dataclass(slots=True)
class Comprehension(Node):
    """`target.macro(variable, body)`; `keep` is the condition of a three-argument map."""

    macro: str
    target: Node
    variable: str
    keep: Node | None
    body: Node


@dataclass(slots=True)
class Output(Node):
    """`{{ value }}`."""

    value: Node


@dataclass(slots=True)
class Plain(Node):
    """Text between tags."""

    text: str


@dataclass(slots=True)
class Block(Node):
    """What a tag encloses, or a whole text."""

    parts: list[Node]


@dataclass(slots=True)
class If(Node):
    tests: list[Node]
    blocks: list[Node]
    otherwise: Node | None


@dataclass(slots=True)
class For(Node):
    variables: list[str]
    items: Node
    keep: Node | None
    body: Node
    otherwise: Node | None


@dataclass(slots=True)
class Assign(Node):
    """`{% set variable = value %}`; a Block as value is what it renders."""

    variable: str
    value: Node


def children(node: Node) -> Iterator[Node]:
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, Node))
        elif isinstance(value, dict) and field.name == "named":
            yield from value.values()


def check_depth(root: Node) -> None:
    """Refuses a tree too deep to be compiled and run by recursion (iterative itself, for that reason)."""
    stack = [(root, 0)]
    while stack:
        node, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise Invalid(f"nests deeper than {MAX_DEPTH} levels", node.pos)
        stack.extend((child, depth + 1) for child in children(node))


def size(root: Node) -> int:
    """How many nodes: what one evaluation without loops costs at most."""
    return 1 + sum(size(child) for child in children(root))
