"""What two texts differ in, line by line, and inside of changed lines word by word. Pure.

Bounded: the time for words is that of some thousand words, however long the lines are, and of a text of many lines
the exact comparison gives way to one that is as true and less short.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

CONTEXT = 3
WORD = re.compile(r"\s+|\w+|[^\w\s]")
MOST_WORDS = 400  # in one line; a longer one is marked whole
MOST_PAIRED = 40  # changed lines of one block that are compared by words
MOST_LINES = 1_500  # compared exactly
MUCH_ALIKE = 0.3
SAME, LESS, MORE, GAP = "same", "less", "more", "gap"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line; `marked` where it is what differs."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the old text (less), the new one (more) or both (same), numbered from 1; a gap stands for those
    in between, which are the same."""

    what: str
    parts: tuple[Part, ...] = ()
    old: int | None = None
    new: int | None = None


def lines_between(old: str, new: str) -> list[Line]:
    """The changed lines with some around them; empty for equal texts."""
    before, after = old.splitlines(), new.splitlines()
    if before == after:
        return []
    found: list[Line] = []
    for group in _groups(before, after):
        if group[0][1] > 0 or found:
            found.append(Line(GAP, old=group[0][1] + 1, new=group[0][3] + 1))
        for block in group:
            found += _block(block, before, after)
    return found


def _groups(before: Sequence[str], after: Sequence[str]) -> Iterator[list[tuple[str, int, int, int, int]]]:
    exact = max(len(before), len(after)) <= MOST_LINES
    return SequenceMatcher(None, before, after, autojunk=not exact).get_grouped_opcodes(CONTEXT)


def _block(block: tuple[str, int, int, int, int], before: Sequence[str], after: Sequence[str]) -> list[Line]:
    kind, start, end, new_start, new_end = block
    if kind == "equal":
        return [
            Line(SAME, (Part(before[start + step]),), start + step + 1, new_start + step + 1)
            for step in range(end - start)
        ]
    less, more = before[start:end], after[new_start:new_end]
    marked = [_marked(*pair) for pair in zip_longest(less[:MOST_PAIRED], more[:MOST_PAIRED])]
    marked += [(None, None)] * (max(len(less), len(more)) - len(marked))
    return [
        Line(LESS, marked[step][0] or (Part(line),), old=start + step + 1) for step, line in enumerate(less)
    ] + [
        Line(MORE, marked[step][1] or (Part(line),), new=new_start + step + 1)
        for step, line in enumerate(more)
    ]


def _marked(old: str | None, new: str | None) -> tuple[tuple[Part, ...] | None, tuple[Part, ...] | None]:
    """Both lines with the words that differ marked; unmarked where they have little in common or one is missing."""
    if old is None or new is None:
        return None, None
    words, others = WORD.findall(old), WORD.findall(new)
    if max(len(words), len(others)) > MOST_WORDS:
        return None, None
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    if matcher.ratio() < MUCH_ALIKE:
        return None, None
    less: list[Part] = []
    more: list[Part] = []
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        _add(less, "".join(words[start:end]), kind != "equal")
        _add(more, "".join(others[new_start:new_end]), kind != "equal")
    return tuple(less), tuple(more)


def _add(parts: list[Part], text: str, marked: bool) -> None:
    if text:
        parts.append(Part(text, marked))
