"""Single values as text in a control, and back: numbers, texts, choices, and values of several types."""

import json
import re
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from runs.views.forms import json_text
from runs.views.forms.json_text import NotJson
from runs.views.forms.shapes import Option, Shape

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
WHOLE = re.compile(r"[+-]?[0-9]+\Z")
TEMPLATE_MARKS = ("{{", "{%", "{#")
# Browsers turn every line end into CR LF, a single line loses them, and what has no UTF-8 cannot be sent.
UNSENDABLE = re.compile(r"[\x00\r\ud800-\udfff]")
MANY_LINES = re.compile(r"[\n\x0b\x0c\x85\u2028\u2029]")


def plain(text: str) -> str:
    """What a browser sent, with the line ends that everything else here uses."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def number_of(text: str, kind: str) -> int | float:
    """The number in a text. Raises NotJson with what to write."""
    text = text.strip()
    if len(text) > 400 or not NUMBER.match(text):
        raise NotJson(
            _("Write a whole number, like 12.") if kind == "integer" else _("Write a number, like 12 or 0.5.")
        )
    return json_text.integer(text) if WHOLE.match(text) else json_text.number(text)


def number_text(value: int | float) -> str:
    return repr(value)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def value_of(text: str) -> Any:
    """A value as it is written: JSON where it can only be JSON, else text. Raises NotJson for half an object.

    `{{ … }}`, `= …` and words are texts; `"12"` in quotes is the text 12; `{"a": 1}`, `[1]`, `12`, `true` are JSON.
    """
    start = text.strip()
    if not start or start.startswith(TEMPLATE_MARKS):
        return text
    if start[0] in '{["' or start in ("true", "false", "null") or NUMBER.match(start):
        try:
            return json_text.read(start)
        except NotJson:
            if start[0] == "{":
                raise
    return text


def value_text(value: Any) -> str:
    """The text that `value_of` reads as `value`."""
    if isinstance(value, str) and value and _reads_as_itself(value):
        return value
    return json_text.write(value)


def _reads_as_itself(text: str) -> bool:
    if UNSENDABLE.search(text):
        return False
    try:
        return value_of(text) is text
    except NotJson:
        return False


def option_for(value: Any, options: Sequence[Option]) -> Option | None:
    """The option of a JSON value: 1 and 1.0 are one, 1 and true are not."""
    return next((option for option in options if same(option.value, value)), None)


def option_named(key: str, options: Sequence[Option]) -> Option | None:
    return next((option for option in options if option.key == key), None)


def same(one: Any, other: Any) -> bool:
    return one == other and (one is other or _marked(one) == _marked(other))


def _marked(value: Any) -> str:
    """With true and 1 apart, and 1 and 1.0 together."""
    return json.dumps(_whole(value), sort_keys=True)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return {key: _whole(inner) for key, inner in value.items()} if isinstance(value, dict) else value


def fits_control(shape: Shape, value: Any) -> bool:
    """Whether the control of this shape can show `value`; else it is shown as JSON, so that nothing is lost."""
    if value is None:
        return shape.nullable or (shape.kind == "choice" and option_for(value, shape.options) is not None)
    match shape.kind:
        case "number" | "integer":
            return is_number(value)
        case "boolean":
            return isinstance(value, bool)
        case "choice":
            return option_for(value, shape.options) is not None or _is_line(value)
        case "choices":
            return isinstance(value, list) and _all_offered(value, shape)
        case "value":
            return True
        case "object":
            return isinstance(value, dict)
        case "list":
            return isinstance(value, list)
    return isinstance(value, str) and not UNSENDABLE.search(value)


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and value.isprintable()


def _all_offered(value: list, shape: Shape) -> bool:
    marks = [_marked(inner) for inner in value]
    kept = [inner for inner in value if option_for(inner, shape.options) is None]
    return len(set(marks)) == len(marks) and all(_is_line(inner) for inner in kept)


def is_many_lines(text: str) -> bool:
    return bool(MANY_LINES.search(text))
