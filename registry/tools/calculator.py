"""The calculator: exact arithmetic on one expression that a model wrote.

Numbers are fractions, so 0.1 + 0.2 is 0.3; only roots and fractional powers are rounded (to 34 digits). Python's
parser reads the expression, nothing of Python runs it. Every intermediate result is bounded before it is made.
"""

import ast
import math
import operator
from collections.abc import Callable
from decimal import Context, Decimal, InvalidOperation, Overflow
from fractions import Fraction
from typing import Any

from registry.tools.base import CallLimits, Fault, ToolError
from registry.untrusted import shorten

MAX_CHARACTERS = 1000
MAX_BITS = 4096  # of a numerator or denominator: 1,233 digits
MAX_EXPONENT = 1000
MAX_PLACES = 100
LARGEST_EXACT = 2**63 - 1  # JSON integers beyond 64 bit become doubles
ROUNDED = Context(prec=34)

FUNCTIONS: dict[str, tuple[int, int]] = {  # name: fewest and most arguments
    "abs": (1, 1),
    "ceil": (1, 1),
    "floor": (1, 1),
    "max": (1, 100),
    "min": (1, 100),
    "round": (1, 2),
    "sqrt": (1, 1),
}


class Calculator:
    """Argument `expression`, output `{result}`."""

    async def call(
        self, tool: dict, arguments: dict[str, Any], secrets: dict[str, str], limits: CallLimits
    ) -> dict[str, Any]:
        expression = arguments.get("expression")
        if not isinstance(expression, str):
            raise ToolError("invalid_input", 'The calculator takes one argument, "expression", a text.')
        try:
            return {"result": calculate(expression)}
        except ArithmeticError as error:
            raise ToolError("invalid_input", f"{shorten(expression, 100)}: {error}") from error

    def check(self, config: dict[str, Any]) -> list[Fault]:
        return [(f"/{name}", "The calculator has no settings; remove it.") for name in config]


def calculate(expression: str) -> int | float:
    """The value of an expression such as `(1 + 2) * 3`. Raises ArithmeticError with a sentence for people."""
    if len(expression) > MAX_CHARACTERS:
        raise ArithmeticError(f"the expression is longer than {MAX_CHARACTERS} characters")
    line = " ".join(expression.split())
    try:
        return _number(_value(ast.parse(line, mode="eval").body, line.encode()))
    except SyntaxError as error:
        place = f" at character {error.offset}" if error.offset else ""
        raise ArithmeticError(f"this is not arithmetic{place}") from error
    except ZeroDivisionError as error:
        raise ArithmeticError("a division by zero") from error
    except (RecursionError, MemoryError, ValueError, InvalidOperation) as error:
        raise ArithmeticError("this is nested too deeply or is not arithmetic") from error


def _value(node: ast.expr, source: bytes) -> Fraction:
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float()):
            return _literal(node, source)
        case ast.UnaryOp(op=ast.UAdd() | ast.USub()):
            value = _value(node.operand, source)
            return -value if isinstance(node.op, ast.USub) else value
        case ast.BinOp() if type(node.op) in OPERATIONS:
            operation = OPERATIONS[type(node.op)]
            return _bounded(operation(_value(node.left, source), _value(node.right, source)))
        case ast.BinOp(op=ast.BitXor()):
            raise ArithmeticError("write ** for a power")
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in FUNCTIONS:
            return _bounded(_call(name, [_value(argument, source) for argument in node.args]))
    raise ArithmeticError(f"numbers, + - * / // % **, parentheses and {', '.join(FUNCTIONS)} only")


def _literal(node: ast.Constant, source: bytes) -> Fraction:
    """The number as it is written: the parser's own float has lost the decimals already."""
    if isinstance(node.value, int):
        return _bounded(Fraction(node.value))
    number = Decimal(source[node.col_offset : node.end_col_offset].decode().replace("_", ""))
    if abs(number.adjusted()) > MAX_EXPONENT:
        raise ArithmeticError("a number is too large or too small")
    return _bounded(Fraction(number))


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise ArithmeticError("a number has too many digits")
    return value


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if abs(exponent) > MAX_EXPONENT:
        raise ArithmeticError(f"an exponent is over {MAX_EXPONENT}")
    if exponent.denominator != 1:
        return _rounded_power(base, exponent)
    bits = max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(exponent)
    if bits > 2 * MAX_BITS and abs(base) != 1:
        raise ArithmeticError("a power has too many digits")
    return base**exponent.numerator


def _rounded_power(base: Fraction, exponent: Fraction) -> Fraction:
    if base < 0:
        raise ArithmeticError("a negative number has no real root of this kind")
    if exponent == Fraction(1, 2):
        return _root(base)
    try:
        return Fraction(ROUNDED.power(_decimal(base), _decimal(exponent)))
    except (InvalidOperation, Overflow, OverflowError) as error:
        raise ArithmeticError("a power is too large or has no value") from error


def _root(value: Fraction) -> Fraction:
    if value < 0:
        raise ArithmeticError("a negative number has no real square root")
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(top, bottom)
    return Fraction(ROUNDED.sqrt(_decimal(value)))


def _decimal(value: Fraction) -> Decimal:
    return ROUNDED.divide(Decimal(value.numerator), Decimal(value.denominator))


def _round(value: Fraction, places: Fraction = Fraction(0)) -> Fraction:
    """Halves go away from zero, as on paper."""
    if places.denominator != 1 or abs(places) > MAX_PLACES:
        raise ArithmeticError(f"round takes whole places up to {MAX_PLACES}")
    scale = Fraction(10) ** places.numerator
    whole = math.floor(abs(value) * scale + Fraction(1, 2))
    return (whole if value >= 0 else -whole) / scale


def _call(name: str, arguments: list[Fraction]) -> Fraction:
    fewest, most = FUNCTIONS[name]
    if not fewest <= len(arguments) <= most:
        raise ArithmeticError(f"{name} takes {fewest if fewest == most else f'{fewest} to {most}'} numbers")
    return Fraction(BODIES[name](*arguments))


def _number(value: Fraction) -> int | float:
    if value.denominator == 1 and abs(value.numerator) <= LARGEST_EXACT:
        return value.numerator
    try:
        return float(value)
    except OverflowError as error:
        raise ArithmeticError("the result is too large") from error


OPERATIONS: dict[type[ast.operator], Callable[[Fraction, Fraction], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda a, b: Fraction(a // b),
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
BODIES: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "ceil": math.ceil,
    "floor": math.floor,
    "max": lambda *numbers: max(numbers),
    "min": lambda *numbers: min(numbers),
    "round": _round,
    "sqrt": _root,
}
