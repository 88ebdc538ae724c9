"""Drawing a flow: operations on its document, all of them or none, and the operations that undo them.

An operation is what a person does with one gesture or one form: `add`, `remove`, `move`, `connect`, `disconnect`,
`configure`, `loop`, `rename`, `settings`, `replace`. What comes out may be unfit for publishing, as an unfinished
drawing is, but it is always a drawing: ids are unique, both ends of every edge are there, the limits are kept, and
a field that the contract does not know is nowhere. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.drawing.operations import DO
from flows.drawing.shapes import refuse_misshapen
from flows.drawing.sheet import CannotDraw, Sheet

MOST_OPERATIONS = 5_000

__all__ = ["CannotDraw", "Drawn", "apply"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The document after some operations, and the operations that lead back to the one before."""

    document: dict[str, Any]
    inverse: list[dict[str, Any]]


def apply(document: Mapping[str, Any], operations: Sequence[Mapping[str, Any]]) -> Drawn:
    """Applies `operations` in order to a copy of `document`. Raises CannotDraw with the place of the first
    operation that cannot be done; nothing is done then."""
    if not isinstance(operations, list | tuple) or len(operations) > MOST_OPERATIONS:
        raise CannotDraw(f"Send a list of at most {MOST_OPERATIONS} operations.")
    sheet = Sheet(document)
    undone = []
    for place, operation in enumerate(operations):
        try:
            refuse_misshapen(operation)
            undone.append(DO[operation["op"]](sheet, operation))
        except CannotDraw as refusal:
            raise CannotDraw(refusal.detail, place) from refusal
    return Drawn(sheet.document(), [operation for step in reversed(undone) for operation in step])
