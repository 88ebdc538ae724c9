"""Drawing a form: the fields of a schema, filled with a value, with what is wrong at each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from governance.refusals import Problem
from runs.views.forms import json_text, scalars
from runs.views.forms.field_view import FieldView
from runs.views.forms.json_text import Typed
from runs.views.forms.labels import help_of, label_of, shown, unit_of
from runs.views.forms.names import NEW_ROW, below, id_of
from runs.views.forms.shapes import Option, Shape, is_file
from runs.views.forms.walking import ABSENT, Place, Walk

MOST_ROWS = 100
MOST_FIELDS = 400  # a posted form may have a thousand names
DEEPEST = 7
LONG = 1_000  # characters from which on a text gets several lines at once


@dataclass(slots=True)
class Drawing(Walk):
    """One drawing of a form. `room` keeps a schema that refers to itself in many ways from growing without end."""

    prefix: str = ""
    complete_url: str = ""
    problems: tuple[Problem, ...] = ()
    room: int = MOST_FIELDS

    def fields(self, value: Any) -> list[FieldView]:
        """The fields of the root object; a root that is no object is one field."""
        whole = self.field(self.root, value, Place(), self.prefix, "", True, frozenset(), 0)
        if whole.kind != "object":
            whole.label = whole.label if whole.label != "?" else _("Input")
            return [whole]
        top = FieldView(
            self.prefix, id_of(self.prefix), "", "problems", errors=whole.errors, warnings=whole.warnings
        )
        return [*([top] if whole.errors or whole.warnings else []), *whole.children]

    def field(
        self,
        schema: Any,
        value: Any,
        at: Place,
        name: str,
        key: str,
        required: bool,
        trail: frozenset[str],
        depth: int,
    ) -> FieldView:
        shape = self.shape(schema, at, trail)
        view = FieldView(
            name,
            id_of(name),
            at.pointer,
            shape.kind,
            label_of(key, shape.schema),
            help_of(shape.schema),
            required=required,
            unit=unit_of(key, shape.schema),
            options=shape.options,
            complete_url=self.complete_url,
            key=key,
            is_absent=value is ABSENT,
        )
        if is_file(shape.schema):
            view.limits["upload"] = True
        self.room -= 1
        is_container = shape.kind in ("object", "list")
        typed = self.typed(at)
        if typed is not None:
            self.as_typed(view, typed)
        elif is_container and (depth >= DEEPEST or self.room <= 0):
            self.as_json(view, value)
        elif (
            value is not ABSENT
            and not (value is None and shape.nullable)
            and not scalars.fits_control(shape, value)
        ):
            self.as_json(view, value)
        else:
            DRAW.get(shape.kind, Drawing.as_text)(self, view, shape, value, at, depth)
            self.mark(view, shape, value, at)
        self.tell(view, at)
        return view

    def typed(self, at: Place, more: bool = False) -> str | None:
        """What was typed at this place where it could not be read."""
        found = (p for p in self.problems if isinstance(p, Typed) and p.pointer == at.pointer)
        return next((shown(problem.typed) for problem in found if problem.more == more), None)

    def as_typed(self, view: FieldView, typed: str) -> None:
        if view.kind in ("number", "integer"):
            view.limits["typed"] = True
        elif view.kind != "value":
            view.kind = "json"
        view.value = typed

    def mark(self, view: FieldView, shape: Shape, value: Any, at: Place) -> None:
        """What an empty control cannot say: that an empty text, object, list, or null stood there."""
        if value is None and shape.nullable:
            view.markers.append("null")
        elif isinstance(value, str) and value == "" and shape.kind not in ("choice", "value"):
            view.markers.append("empty")
        elif isinstance(value, list) and not value:
            view.markers.append("empty")
        elif isinstance(value, dict) and view.kind == "object" and self.is_bare(shape, value, at):
            view.markers.append("empty")

    def as_text(self, view: FieldView, shape: Shape, value: Any, at: Place, depth: int) -> None:
        view.value = "" if value in (ABSENT, None) else str(value)
        if shape.kind == "text" and scalars.is_many_lines(view.value):
            view.kind = "longtext"
        view.default = default_text(shape)
        view.placeholder = example_text(shape)
        most = shape.schema.get("maxLength")
        view.limits["rows"] = 3 if isinstance(most, int) and most >= LONG else 1
        if isinstance(most, int) and most < 100_000 and len(view.value) <= most:
            view.limits["maxlength"] = most

    def as_number(self, view: FieldView, shape: Shape, value: Any, at: Place, depth: int) -> None:
        if value not in (ABSENT, None):
            view.value = scalars.number_text(value)
        view.default = default_text(shape)
        for word, source in (("min", "minimum"), ("max", "maximum"), ("step", "multipleOf")):
            limit = shape.schema.get(source)
            if scalars.is_number(limit):
                view.limits[word] = scalars.number_text(limit)
        view.limits.setdefault("step", "1" if shape.kind == "integer" else "any")

    def as_boolean(self, view: FieldView, shape: Shape, value: Any, at: Place, depth: int) -> None:
        default = shape.schema.get("default")
        view.value = None if value in (ABSENT, None) else value
        if view.required and not shape.nullable:
            view.value = bool(view.value)
        elif value is ABSENT and isinstance(default, bool) and not shape.nullable:
            view.value = default
            view.markers.append("default")
        elif not isinstance(default, bool) or shape.nullable:
            view.limits["tristate"] = True

    def as_choice(self, view: FieldView, shape: Shape, value: Any, at: Place, depth: int) -> None:
        view.default = default_text(shape)
        if shape.is_constant and view.required:
            view.value, view.limits["constant"] = shape.options[0].key, True
        elif value is not ABSENT:
            chosen = scalars.option_for(value, shape.options)
            if chosen is None and isinstance(value, str):
                chosen = Option(value, shown(value), key=value)
                view.options = (chosen, *shape.options)
            view.value = chosen.key if chosen else ""

    def as_choices(self, view: FieldView, shape: Shape, value: Any, at: Place, depth: int) -> None:
        """The chosen ones first, in their order: a list has one."""
        there = [] if value in (ABSENT, None) else value
        chosen = [
            scalars.option_for(inner, shape.options) or Option(inner, shown(inner), key=inner)
            for inner in there
        ]
        view.value = [option.key for option in chosen]
        view.options = (*chosen, *(option for option in shape.options if option not in chosen))

    def as_value(self, view: FieldView, shape: Shape, value: Any, at: Place, depth: int) -> None:
        only_text = shape.schema.get("type") == "string"
        if only_text and isinstance(value, str):
            view.value = value
            view.markers += [] if value else ["empty"]
        else:
            view.value = "" if value is ABSENT else scalars.value_text(value)
        view.default = default_text(shape)

    def as_list(self, view: FieldView, shape: Shape, value: Any, at: Place, depth: int) -> None:
        rows = [] if value in (ABSENT, None) else value
        if len(rows) > MOST_ROWS or self.room < len(rows):
            return self.as_json(view, value)
        for number, inner in enumerate(rows):
            view.children.append(self.row(view, shape, inner, at.row(number), number, depth))
        view.markers.append("list")
        view.blank = self.row(view, shape, ABSENT, at.row(len(rows)), len(rows), depth)
        view.pattern = self.row(view, shape, ABSENT, at.row(NEW_ROW), NEW_ROW, depth)
        return None

    def row(
        self, view: FieldView, shape: Shape, value: Any, at: Place, number: int | str, depth: int
    ) -> FieldView:
        items = shape.schema.get("items")
        found = self.field(items, value, at, below(view.name, number), "", False, shape.trail, depth + 1)
        found.in_row = True
        if found.label == "?":
            found.label = view.label
        return found

    def as_object(self, view: FieldView, shape: Shape, value: Any, at: Place, depth: int) -> None:
        there = value if isinstance(value, dict) else {}
        view.limits["open"] = bool(there) or view.required
        for key, schema in shape.properties.items():
            inner, name = there.get(key, ABSENT), below(view.name, key)
            required = key in shape.required
            view.children.append(
                self.field(schema, inner, at.below(key), name, key, required, shape.trail, depth + 1)
            )
        more = {key: inner for key, inner in there.items() if key not in shape.properties}
        unread = self.typed(at, more=True)
        if more or unread or shape.schema.get("additionalProperties") not in (None, False):
            view.children.append(self.more(view, more, unread, at))

    def more(self, view: FieldView, more: Mapping, unread: str | None, at: Place) -> FieldView:
        """The object's other fields, as JSON under the aside `more`."""
        name = f"{view.name}~more"
        other = FieldView(name, id_of(name), at.pointer, "json", _("Other fields"))
        other.help = _("A JSON object of fields that have no control here.")
        other.value = unread or (json_text.write(more) if more else "")
        other.limits["aside"] = True
        return other

    def as_json(self, view: FieldView, value: Any, *_: Any) -> None:
        view.kind, view.children, view.markers = "json", [], []
        if value is not ABSENT:
            view.value = json_text.write(value)

    def as_any(self, view: FieldView, shape: Shape, value: Any, at: Place, depth: int) -> None:
        self.as_json(view, value)

    def tell(self, view: FieldView, at: Place) -> None:
        """Puts the problems of this place to the field: what lies below a field belongs to it, too."""
        drawn = {child.pointer for child in view.children if child.name != f"{view.name}~more"}
        for problem in self.problems:
            rest = problem.pointer.removeprefix(at.pointer)
            if not problem.pointer.startswith(at.pointer) or rest[:1] not in ("", "/"):
                continue
            if rest and view.children and f"{at.pointer}/{rest[1:].partition('/')[0]}" in drawn:
                continue
            deeper = f"{rest[1:]}: " if rest and view.kind not in ("template", "condition") else ""
            told = view.errors if problem.severity == "error" else view.warnings
            told.append(shown(deeper + problem.message))
        if view.kind == "object" and view.errors:
            self.tell_missing(view, at)

    def tell_missing(self, view: FieldView, at: Place) -> None:
        """A missing field is told where it is missing, not above it."""
        for problem in self.problems:
            if problem.code != "missing_field" or problem.pointer != at.pointer:
                continue
            lost = next((c for c in view.children if c.is_absent and repr(c.key) in problem.message), None)
            if lost is not None and problem.message in view.errors:
                view.errors.remove(problem.message)
                if not lost.errors:
                    lost.errors.append(_("Fill this in."))


def default_text(shape: Shape) -> str:
    """What holds where nothing is said, as words."""
    if "default" not in shape.schema:
        return ""
    default = shape.schema["default"]
    option = scalars.option_for(default, shape.options)
    if option:
        return option.label
    return shown(default) if isinstance(default, str) else json_text.write(default)[:80]


def example_text(shape: Shape) -> str:
    examples = shape.schema.get("examples")
    first = examples[0] if isinstance(examples, list) and examples else None
    if isinstance(first, str):
        return shown(first[:120])
    return {"date-time": "2026-01-31T12:00:00Z", "date": "2026-01-31"}.get(
        str(shape.schema.get("format")), ""
    )


DRAW = {
    "number": Drawing.as_number,
    "integer": Drawing.as_number,
    "boolean": Drawing.as_boolean,
    "choice": Drawing.as_choice,
    "choices": Drawing.as_choices,
    "value": Drawing.as_value,
    "list": Drawing.as_list,
    "object": Drawing.as_object,
    "json": Drawing.as_any,
}
