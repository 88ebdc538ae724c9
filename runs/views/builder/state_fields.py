"""The fields for a flow's typed state: its schema and reducers in the settings, and what a node writes in its form."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from flows.state import REDUCERS, declared
from governance.refusals import pointer
from runs.views.builder.desk import Desk
from runs.views.run.state import type_words

Fields = Mapping[str, str]  # what each field is, in a few words, by its name


def fields_of(desk: Desk) -> Fields:
    """The fields of the flow's state; none where it has none, or none that can be read."""
    drawing = desk.inspection.drawing
    found = drawing.declared if drawing else None
    if found is None:
        return {}
    return {
        name: _("%(type)s, put together by %(reducer)s")
        % {"type": type_words(schema), "reducer": found.reducer(name)}
        for name, schema in found.fields.items()
    }


def writes_schema(fields: Fields) -> dict[str, Any]:
    """A value for each field; what stands at others is JSON."""
    return {
        "type": "object",
        "title": _("What the step writes"),
        "description": _(
            "A value for each field, once the step has succeeded; = output.text is from its own output"
        ),
        "properties": {name: {"title": name, "description": words} for name, words in fields.items()},
    }


def writes_widgets(fields: Fields) -> dict[str, str]:
    return {f"/writes{pointer(name)}": "value" for name in fields}


def state_schema(schema: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """That of `state` in a flow document, with a choice of reducers for each field that stands there."""
    state = body.get("state")
    found = declared({"state": state}) if isinstance(state, Mapping) else None
    names = found.fields if found and isinstance(found.fields, Mapping) else {}
    of_schema = {
        **schema["properties"]["schema"],
        "title": _("Fields"),
        "description": _(
            "JSON Schema of an object: each of its properties is a field, its default what a run starts with"
        ),
    }
    reducers = {
        "type": "object",
        "title": _("Reducers"),
        "description": _("How what several steps write to a field comes together"),
        "properties": {name: reducer(name) for name in names},
    }
    return {**schema, "properties": {"schema": of_schema, "reducers": reducers}}


def reducer(name: str) -> dict[str, Any]:
    said = reducer_words()
    return {
        "title": name,
        "oneOf": [{"const": each, "title": f"{each}: {said[each]}"} for each in REDUCERS],
        "default": "replace",
    }


def reducer_words() -> dict[str, str]:
    return {
        "append": _("a list of all that was written"),
        "merge": _("an object with the keys of all"),
        "max": _("the largest number"),
        "min": _("the smallest number"),
        "replace": _("what was written last"),
    }
