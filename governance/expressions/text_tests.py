"""Owns the tests of texts: what may follow `is`."""

from collections.abc import Callable
from typing import Any

from .errors import Failed
from .limits import Meter
from .text_operations import BINARY as OPERATORS
from .text_values import Missing, given, string


def kind_test(*kinds: type) -> Callable[[Meter, Any], bool]:
    return lambda meter, value: type(given(value)) in kinds


def operator_test(symbol: str) -> Callable[[Meter, Any, Any], bool]:
    return lambda meter, value, other: OPERATORS[symbol](value, other, meter)


def whole(value: Any, by: Any) -> int:
    if type(given(value)) is not int or type(by) is not int or by == 0:
        raise Failed("odd, even and divisibleby want whole numbers")
    return value % by


TESTS: dict[str, Callable[..., bool]] = {
    "defined": lambda meter, value: type(value) is not Missing,
    "undefined": lambda meter, value: type(value) is Missing,
    "none": kind_test(type(None)),
    "string": kind_test(str),
    "number": kind_test(int, float),
    "integer": kind_test(int),
    "float": kind_test(float),
    "boolean": kind_test(bool),
    "true": lambda meter, value: given(value) is True,
    "false": lambda meter, value: given(value) is False,
    "mapping": kind_test(dict),
    "sequence": kind_test(list, str),
    "iterable": kind_test(list, dict, str),
    "odd": lambda meter, value: whole(value, 2) == 1,
    "even": lambda meter, value: whole(value, 2) == 0,
    "divisibleby": lambda meter, value, by: whole(value, by) == 0,
    "startingwith": lambda meter, value, part: string(value, "startingwith").startswith(string(part, "it")),
    "endingwith": lambda meter, value, part: string(value, "endingwith").endswith(string(part, "it")),
    "in": operator_test("in"),
    **dict.fromkeys(("eq", "equalto", "=="), operator_test("==")),
    **dict.fromkeys(("ne", "!="), operator_test("!=")),
    **dict.fromkeys(("lt", "lessthan", "<"), operator_test("<")),
    **dict.fromkeys(("le", "<="), operator_test("<=")),
    **dict.fromkeys(("gt", "greaterthan", ">"), operator_test(">")),
    **dict.fromkeys(("ge", ">="), operator_test(">=")),
}
