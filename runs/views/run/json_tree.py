"""A JSON value as a tree that a template can draw: bounded in depth and number, long texts folded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from runs.engine.rows import dumps

DEEPEST, MOST, LONG, LONGEST = 16, 1_500, 240, 50_000
MOST_IN_ONE = 100
OPEN_LEVELS, OPEN_UP_TO = 3, 30


@dataclass(slots=True)
class Tree:
    """`key` is None at the top; `children` is None for a leaf, whose `kind` (s, n, b) colours its `text`."""

    key: str | None
    text: str = ""
    kind: str = "s"
    folded: str = ""
    children: "list[Tree] | None" = None
    brackets: str = "{}"
    size: int = 0
    is_open: bool = False
    hidden: int = field(default=0)


def room() -> Iterator[int]:
    """For how many values there is room; trees that stand on one page can share it."""
    return iter(range(MOST))


def tree(value: Any, within: Iterator[int] | None = None) -> Tree:
    """What is beyond the bounds is counted, and stands in the raw text."""
    return _tree(None, value, 0, room() if within is None else within)


def _tree(key: str | None, value: Any, depth: int, room: Iterator[int]) -> Tree:
    if isinstance(value, Mapping):
        pairs = [(str(name), inner) for name, inner in value.items()]
        return _branch(key, pairs, "{}", depth, room)
    if isinstance(value, list | tuple):
        return _branch(key, [(str(index), inner) for index, inner in enumerate(value)], "[]", depth, room)
    return _leaf(key, value)


def _branch(key: str | None, pairs: list, brackets: str, depth: int, room: Iterator[int]) -> Tree:
    children: list[Tree] = []
    if depth < DEEPEST:
        for name, inner in pairs[:MOST_IN_ONE]:
            if next(room, None) is None:
                break
            children.append(_tree(name[:LONG], inner, depth + 1, room))
    hidden = len(pairs) - len(children)
    is_open = depth < OPEN_LEVELS and len(pairs) <= OPEN_UP_TO
    return Tree(key, children=children, brackets=brackets, size=len(pairs), is_open=is_open, hidden=hidden)


def _leaf(key: str | None, value: Any) -> Tree:
    if isinstance(value, str):
        folded = value[:LONGEST] if len(value) > LONG else ""
        return Tree(key, text=f"{value[:LONG]}…" if folded else value, folded=folded)
    kind = "b" if value is None or isinstance(value, bool) else "n"
    return Tree(key, text=dumps(value), kind=kind)
