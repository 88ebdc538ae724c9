"""Owns how texts treat values: what is missing, what is true, and how a value is written."""

import json
import math
from dataclasses import dataclass
from typing import Any

from .errors import Failed
from .limits import MAX_INDENTED, MAX_JSON, Meter, Weight, integer
from .operations import name_of


@dataclass(frozen=True, slots=True)
class Missing:
    """A name that is not there. Only `is defined`, `is undefined` and `default` may look at it."""

    name: str
    note: str = ""


def given(value: Any) -> Any:
    if type(value) is Missing:
        raise Failed(f"`{value.name}` is not defined{value.note}")
    return value


def written(value: Any, meter: Meter) -> str:
    """A value inside a text: strings as they are, everything else as JSON."""
    kind = type(given(value))
    if kind is str:
        return value
    if kind is list or kind is dict:
        return as_json(value, meter)
    if kind is float and not math.isfinite(value):
        raise Failed(f"{value} is not a number that JSON can hold")
    return json.dumps(value)


def as_json(value: Any, meter: Meter, indent: int | None = None) -> str:
    limit = MAX_JSON if indent is None else MAX_INDENTED
    weight = Weight(limit)
    weight.add(value)
    meter.spend((limit - weight.left) >> 1)
    made = json.dumps(value, ensure_ascii=False, indent=indent)
    meter.spend_text(len(made))
    return made


def number(value: Any, what: str) -> int | float:
    if type(given(value)) is int:
        return integer(value)
    if type(value) is float:
        return value
    raise Failed(f"{what} wants numbers, not {name_of(value)}")


def string(value: Any, what: str) -> str:
    if type(given(value)) is not str:
        raise Failed(f"{what} wants a string, not {name_of(value)}")
    return value


def items_of(value: Any, what: str, meter: Meter) -> list[Any]:
    """The elements of a list, or the keys of a map."""
    if type(given(value)) is list:
        meter.spend_list(len(value))
        return value
    if type(value) is dict:
        meter.spend_list(len(value))
        return list(value)
    raise Failed(f"{what} wants a list or a map, not {name_of(value)}")


def member_of(value: Any, key: Any) -> Any:
    """`value.key` or `value[key]`: Missing where there is none; negative indexes count from the end."""
    if type(given(value)) is dict and type(key) is str:
        return value[key] if key in value else Missing(key[:100])
    if type(value) in (list, str) and type(key) is int:
        return value[key] if -len(value) <= key < len(value) else Missing(f"[{key}]")
    if type(given(key)) in (str, int):
        return Missing(str(key)[:100])
    raise Failed(f"cannot index {name_of(value)} by {name_of(key)}")
