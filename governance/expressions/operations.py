"""Owns what the operators do to JSON values, each paid for on the meter before it does it.

Types are CEL's: int (64 bit), double, string, bool, null, list, map, and while an expression runs timestamp
and duration. Numbers compare across int and double; arithmetic does not mix them. True is not 1.
"""

import math
import operator
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from .errors import Failed
from .limits import Meter, from_data, integer

NAMES = {
    bool: "bool",
    int: "int",
    float: "double",
    str: "string",
    type(None): "null",
    list: "list",
    dict: "map",
    datetime: "timestamp",
    timedelta: "duration",
}
ORDERED = (str, bool, datetime, timedelta)


class TypeName(str):
    """What CEL's type(x) gives, and the names it is compared with."""

    __slots__ = ()


def name_of(value: Any) -> str:
    """The CEL name of a value's type."""
    return NAMES.get(type(value), "type")


def equal(left: Any, right: Any, meter: Meter) -> bool:
    """Deep equality: numbers by value, everything else only with its own type."""
    kind, other = type(left), type(right)
    if kind is not other:
        if (kind is int and other is float) or (kind is float and other is int):
            return left == right
        return False
    if kind is list:
        meter.spend(6 + 2 * len(left))
        return len(left) == len(right) and all(equal(a, b, meter) for a, b in zip(left, right, strict=True))
    if kind is dict:
        meter.spend(6 + 3 * len(left))
        return len(left) == len(right) and all(
            key in right and equal(value, right[key], meter) for key, value in left.items()
        )
    if kind is str:
        meter.spend(len(left) >> 10)
    return left == right


def unequal(left: Any, right: Any, meter: Meter) -> bool:
    return not equal(left, right, meter)


def ordering(symbol: str, compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Meter], bool]:
    def ordered(left: Any, right: Any, meter: Meter) -> bool:
        kind, other = type(left), type(right)
        if kind in (int, float) and other in (int, float):
            return compare(left, right)
        if kind is not other or kind not in ORDERED:
            raise Failed(f"cannot compare {name_of(left)} {symbol} {name_of(right)}")
        if kind is str:
            meter.spend(len(left) >> 10)
        return compare(left, right)

    return ordered


def contains(item: Any, holder: Any, meter: Meter) -> bool:
    """`item in holder`: an element of a list, or a key of a map."""
    if type(holder) is dict:
        return type(item) is str and item in holder
    if type(holder) is not list:
        raise Failed(f"`in` wants a list or a map on its right, not {name_of(holder)}")
    meter.spend(len(holder))
    return any(equal(item, element, meter) for element in holder)


def add(left: Any, right: Any, meter: Meter) -> Any:
    kind, other = type(left), type(right)
    if kind is other:
        if kind is int:
            return integer(left + right)
        if kind is float:
            return left + right
        if kind is str:
            meter.spend_text(len(left) + len(right))
            return left + right
        if kind is list:
            meter.spend_list(len(left) + len(right))
            return left + right
    if kind in (datetime, timedelta) and other in (datetime, timedelta) and not kind is other is datetime:
        return in_calendar(operator.add, left, right)
    raise mismatch("+", left, right)


def subtract(left: Any, right: Any, meter: Meter) -> Any:
    kind, other = type(left), type(right)
    if kind is other is int:
        return integer(left - right)
    if kind is other is float:
        return left - right
    if (
        kind in (datetime, timedelta)
        and other in (datetime, timedelta)
        and (kind is datetime or other is kind)
    ):
        return in_calendar(operator.sub, left, right)
    raise mismatch("-", left, right)


def multiply(left: Any, right: Any, meter: Meter) -> Any:
    if type(left) is type(right) is int:
        return integer(left * right)
    if type(left) is type(right) is float:
        return left * right
    raise mismatch("*", left, right)


def divide(left: Any, right: Any, meter: Meter) -> Any:
    """Integers divide towards zero; doubles as IEEE 754 says, also by zero."""
    if type(left) is type(right) is int:
        if right == 0:
            raise Failed("division by zero")
        quotient = abs(left) // abs(right)
        return integer(quotient if (left < 0) == (right < 0) else -quotient)
    if type(left) is type(right) is float:
        return left / right if right else by_zero(left, right)
    raise mismatch("/", left, right)


def by_zero(left: float, zero: float) -> float:
    if left == 0 or math.isnan(left):
        return math.nan
    return math.inf * math.copysign(1, left) * math.copysign(1, zero)


def remainder(left: Any, right: Any, meter: Meter) -> Any:
    if type(left) is not int or type(right) is not int:
        raise mismatch("%", left, right)
    if right == 0:
        raise Failed("division by zero in %")
    return int(math.copysign(1, left)) * (abs(left) % abs(right))


def in_calendar(compute: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    try:
        return compute(left, right)
    except OverflowError:
        raise Failed("a time beyond the years 1 to 9999") from None


def mismatch(symbol: str, left: Any, right: Any) -> Failed:
    kinds = {type(left), type(right)}
    hint = "; convert with double(x) or int(x)" if kinds == {int, float} else ""
    if str in kinds and symbol == "+":
        hint = "; convert with string(x)"
    return Failed(f"cannot compute {name_of(left)} {symbol} {name_of(right)}{hint}")


def negate(value: Any) -> int | float:
    if type(value) is int:
        return integer(-value)
    if type(value) is float:
        return -value
    raise Failed(f"cannot negate {name_of(value)}")


def element(target: Any, index: Any) -> Any:
    """`target[index]`: an element of a list by int, or a member of a map by string."""
    if type(target) is dict:
        if type(index) is not str:
            raise Failed(f"the keys of a map are strings, not {name_of(index)}")
        if index not in target:
            raise Failed(f'there is no "{index[:100]}"')
        value = target[index]
    elif type(target) is list:
        if type(index) is not int:
            raise Failed(f"a list is indexed by int, not {name_of(index)}")
        if not 0 <= index < len(target):
            raise Failed(f"index {index} is outside the list of {len(target)}")
        value = target[index]
    else:
        raise Failed(f"cannot index {name_of(target)}")
    return from_data(value) if type(value) is int else value


BINARY: dict[str, Callable[[Any, Any, Meter], Any]] = {
    "==": equal,
    "!=": unequal,
    "<": ordering("<", operator.lt),
    "<=": ordering("<=", operator.le),
    ">": ordering(">", operator.gt),
    ">=": ordering(">=", operator.ge),
    "in": contains,
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": remainder,
}
