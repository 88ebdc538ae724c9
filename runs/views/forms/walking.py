"""What drawing and reading a form share: which shape a place of the schema has, and which values say nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from governance.refusals import pointer
from runs.views.forms.shapes import Choices, Shape, shape_of

ABSENT: Any = object()
ANY_ROW = "*"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the value: its pointer, and its pattern, in which every row is `*`."""

    pointer: str = ""
    pattern: str = ""

    def below(self, key: str) -> "Place":
        return Place(self.pointer + pointer(key), self.pattern + pointer(key))

    def row(self, number: int | str) -> "Place":
        return Place(f"{self.pointer}/{number}", f"{self.pattern}/{ANY_ROW}")


@dataclass(slots=True)
class Walk:
    """A walk over a schema. `widgets` are looked up by the pattern of a place: `/routes/*/when`."""

    root: Mapping
    widgets: Mapping[str, "str | Choices"] = field(default_factory=dict)

    def shape(self, schema: Any, at: Place, trail: frozenset[str]) -> Shape:
        widget = self.widgets.get(at.pointer, self.widgets.get(at.pattern))
        return shape_of(schema, self.root, widget, trail)

    def says_nothing(self, shape: Shape, value: Any, at: Place, required: bool) -> bool:
        """Whether controls left as they were drawn empty say this value: it makes no row, and no optional object."""
        if value is ABSENT:
            return True
        if value is None and shape.nullable:
            return required
        if shape.is_constant or value == [] and isinstance(value, list):
            return required
        if value is False:
            return required and shape.kind == "boolean" and not shape.nullable
        if shape.kind == "object" and isinstance(value, dict) and required:
            return self.is_bare(shape, value, at)
        return False

    def is_bare(self, shape: Shape, value: Mapping, at: Place) -> bool:
        """Whether nothing in an object was typed by anybody."""
        return all(
            key in shape.properties
            and self.says_nothing(
                self.shape(shape.properties[key], at.below(key), shape.trail),
                inner,
                at.below(key),
                key in shape.required,
            )
            for key, inner in value.items()
        )
