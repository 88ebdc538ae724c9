"""A form of a JSON Schema: its fields for a template, and the typed value of what was posted."""

from collections.abc import Iterable, Mapping
from typing import Any

from governance.refusals import Problem
from governance.schemas import instance_problems, plain_problems
from runs.views.forms.field_view import FieldView
from runs.views.forms.fields import Drawing
from runs.views.forms.names import tree_of
from runs.views.forms.reading import Reading
from runs.views.forms.shapes import Choices, mapping, resolved
from runs.views.forms.walking import ABSENT

Widgets = Mapping[str, str | Choices]


class SchemaForm:
    """`schema` is the JSON Schema of the value, usually an object's.

    `widgets` draw single places otherwise: a kind ("template", "condition", "value", "json", "longtext") or Choices,
    by pointer; `*` stands for every row ("/routes/*/when"). Names of controls begin with `prefix`. Expression
    fields are completed and checked at `complete_url`.
    """

    def __init__(
        self, schema: Any, widgets: Widgets | None = None, prefix: str = "value", complete_url: str = ""
    ):
        self.schema = schema if isinstance(schema, Mapping) else {}
        self.widgets = widgets or {}
        self.prefix = prefix
        self.complete_url = complete_url

    def fields(self, value: Any, problems: Iterable[Problem] = ()) -> list[FieldView]:
        """What `{% include "forms/_fields.html" with fields=fields %}` draws; `value` as `read` gives it."""
        drawing = Drawing(self.schema, self.widgets, self.prefix, self.complete_url, tuple(problems))
        return drawing.fields(ABSENT if value is None else value)

    def read(self, post: Any, files: Any = None) -> tuple[Any, list[Problem]]:
        """(value, problems) of request.POST and request.FILES; pointers are relative to the value.

        What could not be read stands in the value as it was typed, so that `fields` shows it again. Empty optional
        fields are absent.
        """
        reading = Reading(self.schema, self.widgets)
        found = reading.whole(tree_of(self.prefix, post.lists(), files.lists() if files else ()))
        value = {} if found is ABSENT else found
        return value, [*reading.problems, *self._misfits(value, reading.problems)]

    def _misfits(self, value: Any, told: list[Problem]) -> list[Problem]:
        """What the schema finds besides what reading found at the same places."""
        places = {problem.pointer for problem in told}
        missing = [problem.pointer for problem in told if problem.code == "missing_field"]
        found = plain_problems(value) or instance_problems(self.schema, value)
        return [
            problem
            for problem in found
            if problem.pointer not in places
            and not (problem.code == "missing_field" and _is_told(problem, missing))
        ]


def _is_told(problem: Problem, missing: list[str]) -> bool:
    """Whether the field that the schema misses was missed by the form already."""
    for pointer in missing:
        above, _, step = pointer.rpartition("/")
        name = step.replace("~1", "/").replace("~0", "~")
        if above == problem.pointer and repr(name) in problem.message:
            return True
    return False


def defaults(schema: Any) -> Any:
    """The value that a schema's defaults make: for a form that is filled in for the first time."""
    return _defaults(schema, mapping(schema), frozenset(), 0)


def _defaults(schema: Any, root: Mapping, trail: frozenset[str], depth: int) -> Any:
    found, trail = resolved(schema, root, trail)
    if found is None or depth > 6:
        return {}
    if "default" in found:
        return found["default"]
    values = {}
    for key, inner in mapping(found.get("properties")).items():
        target, _ = resolved(inner, root, trail)
        if target is not None and ("default" in target or mapping(target.get("properties"))):
            value = _defaults(inner, root, trail, depth + 1)
            if "default" in target or value:
                values[key] = value
    return values
