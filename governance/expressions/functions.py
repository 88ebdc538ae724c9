"""Owns the functions of conditions: CEL's standard ones, for JSON values."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from .errors import Failed
from .limits import Meter, integer
from .operations import TypeName, name_of
from .patterns import matches, strings

INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
DOUBLE = re.compile(r"[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,5})?", re.ASCII)
DURATION = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)(h|ms|us|ns|m|s)", re.ASCII)
SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
TYPES = ("bool", "int", "double", "string", "list", "map")
TYPE_NAMES = {name: TypeName(name) for name in (*TYPES, "null_type", "type")}


def size(meter: Meter, value: Any) -> int:
    if isinstance(value, str | list | dict):
        return len(value)
    raise Failed(f"size() wants a string, list or map, not {name_of(value)}")


def has_part(meter: Meter, text: Any, part: Any) -> bool:
    strings("contains", text, part)
    meter.spend(len(text) >> 7)
    return part in text


def starts_with(meter: Meter, text: Any, part: Any) -> bool:
    strings("startsWith", text, part)
    return text.startswith(part)


def ends_with(meter: Meter, text: Any, part: Any) -> bool:
    strings("endsWith", text, part)
    return text.endswith(part)


def to_int(meter: Meter, value: Any) -> int:
    if type(value) is int:
        return value
    if type(value) is float and math.isfinite(value):
        return integer(int(value))
    if type(value) is str and INTEGER.fullmatch(value):
        return integer(int(value))
    if type(value) is datetime:
        return math.floor(value.timestamp())
    raise Failed(f"int() cannot convert {shown(value)}")


def to_double(meter: Meter, value: Any) -> float:
    if type(value) in (int, float):
        return float(value)
    if type(value) is str and (DOUBLE.fullmatch(value) or value in ("NaN", "Infinity", "-Infinity")):
        return float(value)
    raise Failed(f"double() cannot convert {shown(value)}")


def to_string(meter: Meter, value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    if type(value) is float:
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
    if type(value) is datetime:
        return value.isoformat().replace("+00:00", "Z")
    if type(value) is timedelta:
        return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"
    raise Failed(f"string() cannot convert {name_of(value)}")


def to_bool(meter: Meter, value: Any) -> bool:
    if type(value) is bool:
        return value
    if type(value) is str and value in (
        "true",
        "false",
        "True",
        "False",
        "TRUE",
        "FALSE",
        "t",
        "f",
        "1",
        "0",
    ):
        return value.lower() in ("true", "t", "1")
    raise Failed(f"bool() cannot convert {shown(value)}")


def type_of(meter: Meter, value: Any) -> TypeName:
    return TypeName({"null": "null_type"}.get(name_of(value), name_of(value)))


def dyn(meter: Meter, value: Any) -> Any:
    return value


def timestamp(meter: Meter, value: Any) -> datetime:
    """RFC 3339 text, or seconds since 1970, as a time."""
    meter.spend(10)
    try:
        if type(value) is str and "T" in value.upper() and len(value) <= 40:
            found = datetime.fromisoformat(value)
            if found.tzinfo is not None:
                return found.astimezone(UTC)
        elif type(value) is int:
            return datetime.fromtimestamp(value, UTC)
        elif type(value) is datetime:
            return value
    except (ValueError, OverflowError, OSError):
        pass
    raise Failed(f"timestamp() cannot convert {shown(value)}; write 2026-11-02T09:30:00Z")


def duration(meter: Meter, value: Any) -> timedelta:
    """`1h30m`, `2.5s`, `-15ms` as a span of time."""
    if type(value) is timedelta:
        return value
    meter.spend(30)
    sign, body = (-1, value[1:]) if type(value) is str and value[:1] == "-" else (1, value)
    parts = DURATION.findall(body) if type(body) is str and len(body) <= 60 else []
    if not parts or "".join(number + unit for number, unit in parts) != body:
        raise Failed(f"duration() cannot convert {shown(value)}; write 1h30m or 2.5s")
    try:
        return sign * timedelta(seconds=sum(float(number) * SECONDS[unit] for number, unit in parts))
    except OverflowError:
        raise Failed("a duration of more than a million years") from None


def shown(value: Any) -> str:
    """The value as a message may quote it: its type, and the start of a scalar."""
    if isinstance(value, str | int | float):
        return (
            f'{name_of(value)} "{str(value)[:40]}"' if isinstance(value, str) else f"{name_of(value)} {value}"
        )
    return name_of(value)


def part_of_time(read: Callable[[datetime], int]) -> Callable[[Meter, Any], int]:
    def part(meter: Meter, value: Any) -> int:
        if type(value) is not datetime:
            raise Failed(f"the parts of a time are read from a timestamp, not {name_of(value)}")
        return read(value)

    return part


FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "size": (1, size),
    "contains": (2, has_part),
    "startsWith": (2, starts_with),
    "endsWith": (2, ends_with),
    "matches": (2, matches),
    "int": (1, to_int),
    "double": (1, to_double),
    "string": (1, to_string),
    "bool": (1, to_bool),
    "type": (1, type_of),
    "dyn": (1, dyn),
    "timestamp": (1, timestamp),
    "duration": (1, duration),
    "getFullYear": (1, part_of_time(lambda t: t.year)),
    "getMonth": (1, part_of_time(lambda t: t.month - 1)),
    "getDate": (1, part_of_time(lambda t: t.day)),
    "getDayOfMonth": (1, part_of_time(lambda t: t.day - 1)),
    "getDayOfWeek": (1, part_of_time(lambda t: t.isoweekday() % 7)),
    "getDayOfYear": (1, part_of_time(lambda t: t.timetuple().tm_yday - 1)),
    "getHours": (1, part_of_time(lambda t: t.hour)),
    "getMinutes": (1, part_of_time(lambda t: t.minute)),
    "getSeconds": (1, part_of_time(lambda t: t.second)),
    "getMilliseconds": (1, part_of_time(lambda t: t.microsecond // 1000)),
}
METHOD_ONLY = frozenset({"contains", "startsWith", "endsWith"}) | {
    n for n in FUNCTIONS if n.startswith("get")
}
METHODS = METHOD_ONLY | {"size", "matches"}
