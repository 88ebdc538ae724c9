"""What a reviewer left as it was shown: where masks stood in it, the values go on that the masks hide.

Who edits one field of what is asked sends the others too, masked as they were read. A text that holds a mask and comes
back unchanged was not edited: its place is noted, and whoever holds the original puts it back there.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from governance.detection.entities import ENTITIES
from governance.refusals import pointer

MASK = re.compile(rf"\[(?:{'|'.join(ENTITIES)})\]")
Place = tuple[str | int, ...]
Pair = tuple[Place, Place]  # where it stands now, and where it stood


def left_masked(shown: Any, edited: Any) -> list[tuple[list[str | int], list[str | int]]]:
    """The places (now, then) of the texts with masks that were left as `shown`."""
    return [(list(now), list(then)) for now, then in _pairs(shown, edited, (), ())]


def pointers(left: list) -> frozenset[str]:
    """The JSON pointers into what was edited."""
    return frozenset(pointer(*now) for now, _ in left)


def put_back(edited: Any, original: Any, left: list) -> Any:
    """`edited` with the original's texts in the places that were left. A place that is not there stays as it is."""
    texts = {tuple(now): text for now, then in left if isinstance(text := _at(original, then), str)}
    return _with(edited, (), texts) if texts else edited


def _pairs(shown: Any, edited: Any, then: Place, now: Place) -> Iterator[Pair]:
    if isinstance(edited, str):
        if edited == shown and MASK.search(edited):
            yield now, then
    elif isinstance(edited, Mapping) and isinstance(shown, Mapping):
        for key, inner in edited.items():
            if key in shown:
                yield from _pairs(shown[key], inner, (*then, key), (*now, key))
    elif isinstance(edited, list) and isinstance(shown, list):
        for place, was in _aligned(shown, edited):
            yield from _pairs(shown[was], edited[place], (*then, was), (*now, place))


def _aligned(shown: list, edited: list) -> Iterator[tuple[int, int]]:
    """Which row of `edited` was which. With rows added or removed only what is there once can be told: two masks that
    look alike may hide two people."""
    if len(shown) == len(edited):
        yield from ((place, place) for place in range(len(edited)))
        return
    for place, row in enumerate(edited):
        if shown.count(row) == 1 and edited.count(row) == 1:
            yield place, shown.index(row)


def _at(content: Any, place: list[str | int]) -> Any:
    for part in place:
        if isinstance(content, Mapping) and isinstance(part, str) and part in content:
            content = content[part]
        elif isinstance(content, list) and isinstance(part, int) and part < len(content):
            content = content[part]
        else:
            return None
    return content


def _with(content: Any, at: Place, texts: Mapping[Place, str]) -> Any:
    if isinstance(content, Mapping):
        return {key: _with(inner, (*at, key), texts) for key, inner in content.items()}
    if isinstance(content, list):
        return [_with(inner, (*at, place), texts) for place, inner in enumerate(content)]
    return texts.get(at, content)
