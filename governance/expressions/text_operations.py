"""Owns the operators of texts: as in Jinja numbers mix; 64 bit and the meter bound what they build."""

import operator
from collections.abc import Callable
from typing import Any

from .errors import Failed
from .limits import Meter, integer
from .operations import BINARY as COMPARING
from .operations import contains, name_of
from .text_values import given, number, written


def arithmetic(symbol: str, compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Meter], Any]:
    def applied(left: Any, right: Any, meter: Meter) -> Any:
        left, right = number(left, f"`{symbol}`"), number(right, f"`{symbol}`")
        try:
            made = compute(left, right)
        except ZeroDivisionError:
            raise Failed(f"division by zero in `{symbol}`") from None
        except OverflowError:
            raise Failed(f"`{symbol}` gives a number that is too large") from None
        return integer(made) if type(made) is int else made

    return applied


def power(base: Any, exponent: Any) -> Any:
    if type(base) is type(exponent) is int and abs(base) > 1 and exponent > 64:
        raise OverflowError
    made = base**exponent
    if type(made) is complex:
        raise Failed("`**` of a negative number wants an integer exponent")
    return made


plus = arithmetic("+", operator.add)


def add(left: Any, right: Any, meter: Meter) -> Any:
    if type(given(left)) is type(given(right)) and type(left) in (str, list):
        return COMPARING["+"](left, right, meter)
    return plus(left, right, meter)


def concatenate(left: Any, right: Any, meter: Meter) -> str:
    first, second = written(left, meter), written(right, meter)
    meter.spend_text(len(first) + len(second))
    return first + second


def within(item: Any, holder: Any, meter: Meter) -> bool:
    if type(given(holder)) is not str:
        return contains(given(item), holder, meter)
    if type(given(item)) is not str:
        raise Failed(f"`in` looks for a string in a string, not for {name_of(item)}")
    meter.spend(len(holder) >> 7)
    return item in holder


def strict(compare: Callable[[Any, Any, Meter], bool]) -> Callable[[Any, Any, Meter], bool]:
    return lambda left, right, meter: compare(given(left), given(right), meter)


BINARY: dict[str, Callable[[Any, Any, Meter], Any]] = {
    **{symbol: strict(COMPARING[symbol]) for symbol in ("==", "!=", "<", "<=", ">", ">=")},
    "in": within,
    "not in": lambda left, right, meter: not within(left, right, meter),
    "~": concatenate,
    "+": add,
    "-": arithmetic("-", operator.sub),
    "*": arithmetic("*", operator.mul),
    "/": arithmetic("/", operator.truediv),
    "//": arithmetic("//", operator.floordiv),
    "%": arithmetic("%", operator.mod),
    "**": arithmetic("**", power),
}
