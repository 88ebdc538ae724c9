"""Owns what an expression mentions, read off its syntax tree: free names, and the nodes after `steps`."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from .functions import TYPE_NAMES
from .syntax import Assign, Block, Comprehension, For, Has, Index, Literal, Member, Name, Node, children

STEPS = "steps"


@dataclass(slots=True)
class Mentions:
    """`roots`: free names. `steps`: node ids. `loose`: where `steps` stands without a node's name after it.

    `members`: what is read of free names by its own name, as ("secrets", "key").
    """

    roots: set[str] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)
    loose: list[int] = field(default_factory=list)
    members: set[tuple[str, str]] = field(default_factory=set)


def mentions(tree: Node) -> Mentions:
    found = Mentions()
    visit(tree, frozenset(), found)
    found.roots -= TYPE_NAMES.keys()
    return found


def visit(node: Node, bound: frozenset[str], found: Mentions) -> None:
    match node:
        case (
            Member(target=Name(name=name), key=key)
            | Has(target=Name(name=name), key=key)
            | Index(target=Name(name=name), index=Literal(value=str() as key))
        ) if name not in bound:
            found.members.add((name, key))
    match node:
        case Name(name=name):
            if name not in bound:
                found.roots.add(name)
                if name == STEPS:
                    found.loose.append(node.pos)
        case (
            Member(target=Name(name="steps"), key=key)
            | Has(target=Name(name="steps"), key=key)
            | Index(target=Name(name="steps"), index=Literal(value=str() as key))
        ) if STEPS not in bound:
            found.roots.add(STEPS)
            found.steps.add(key)
        case Block(parts=parts):
            visit_block(parts, bound, found)
        case _:
            for child, extra in scoped(node):
                visit(child, bound | extra, found)


def visit_block(parts: list[Node], bound: frozenset[str], found: Mentions) -> None:
    """A `set` is known to what follows it in the same block."""
    for part in parts:
        visit(part, bound, found)
        if isinstance(part, Assign):
            bound |= {part.variable}


def scoped(node: Node) -> Iterator[tuple[Node, frozenset[str]]]:
    """The children of a node, each with the names that the node itself makes known to it."""
    nothing: frozenset[str] = frozenset()
    for child in children(node):
        if isinstance(node, Comprehension) and child is not node.target:
            yield child, frozenset({node.variable})
        elif isinstance(node, For) and child is node.keep:
            yield child, frozenset(node.variables)
        elif isinstance(node, For) and child is node.body:
            yield child, frozenset({*node.variables, "loop"})
        else:
            yield child, nothing
