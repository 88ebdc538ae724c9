"""The calculator: exact where it can be, bounded everywhere, and never Python."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.tools import TOOLS, CallLimits, ToolError
from registry.tools.calculator import calculate


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("0.1 + 0.2", 0.3),
        ("1.10", 1.1),
        ("100 * 1.1", 110),
        ("6 / 2", 3),
        ("1 / 3 * 3", 1),
        ("1 / 3", 0.3333333333333333),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("7.5 % 2", 1.5),
        ("2 ** 10", 1024),
        ("2 ** -3", 0.125),
        ("-2 ** 2", -4),
        ("(-2) ** 2", 4),
        ("0.1 ** 3", 0.001),
        ("2 ** 0.5", 1.4142135623730951),
        ("(1 + 2) * (3 - -4)", 21),
        ("1e3 + 1_000", 2000),
        (" 3\n+ 4 ", 7),
        ("min(3, 1.5, 2)", 1.5),
        ("max(1, 2)", 2),
        ("abs(-3.5)", 3.5),
        ("round(2.675, 2)", 2.68),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("round(1234, -2)", 1200),
        ("floor(2.7) + ceil(2.1)", 5),
        ("sqrt(16)", 4),
        ("sqrt(0.25)", 0.5),
        ("sqrt(2)", 1.4142135623730951),
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", 9.223372036854775808e18),
    ],
)
def test_arithmetic_comes_out_as_on_paper(expression, result):
    assert calculate(expression) == result
    assert type(calculate(expression)) is type(result)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("1 / 0", "division by zero"),
        ("1 % 0", "division by zero"),
        ("0 ** -1", "division by zero"),
        ("2 ^ 3", r"\*\*"),
        ("sqrt(-1)", "negative"),
        ("(-8) ** 0.5", "negative"),
        ("9 ** 9 ** 9", "exponent"),
        ("(2 ** 1000) ** 1000", "digits"),
        ("1e999999999", "too large"),
        ("10 ** 500", "too large"),
        ("9" * 999, "too large"),
        ("1" * 1001, "longer"),
        ("max()", "takes 1 to 100"),
        ("sqrt(1, 2)", "takes 1 numbers"),
        ("round(1.5, 0.5)", "whole places"),
        ("round(1.5, 5000)", "places"),
        ("", "not arithmetic"),
        ("1 +", "not arithmetic"),
        ("(" * 400 + "1" + ")" * 400, "not arithmetic"),
        ("1; 2", "not arithmetic"),
        ("\x00", "not arithmetic"),
        ("x", "only"),
        ("__import__('os').system('true')", "only"),
        ("().__class__", "only"),
        ("[1]", "only"),
        ("'a' * 3", "only"),
        ("1 if 2 else 3", "only"),
        ("1 < 2", "only"),
        ("True", "only"),
        ("3j", "only"),
        ("lambda: 1", "only"),
        ("min(*[1, 2])", "only"),
        ("round(1.5, ndigits=1)", "only"),
    ],
)
def test_anything_else_is_told_and_never_run(expression, reason):
    with pytest.raises(ArithmeticError, match=reason):
        calculate(expression)


@pytest.mark.parametrize(
    "expression", ["1+" * 499 + "1", "-" * 998 + "1", "2**999*" * 100 + "1", "sqrt(" * 190 + "2" + ")" * 190]
)
def test_the_worst_expressions_end_quickly(expression):
    started = time.monotonic()
    try:
        calculate(expression)
    except ArithmeticError:
        pass
    assert time.monotonic() - started < 0.5


@given(st.text(max_size=60) | st.text("0123456789.+-*/%() e,minaxsqrtround", max_size=60))
def test_any_text_gives_a_finite_number_or_a_reason(expression):
    try:
        result = calculate(expression)
    except ArithmeticError as error:
        assert str(error)
    else:
        assert math.isfinite(result)


async def test_the_tool_answers_with_a_result():
    limits = CallLimits(1.0, "demo", "run/1")
    assert await TOOLS["calculator"].call({"config": {}}, {"expression": "2 + 2"}, {}, limits) == {
        "result": 4
    }


@pytest.mark.parametrize("arguments", [{}, {"expression": 4}, {"expression": None}, {"expression": "1 / 0"}])
async def test_the_tool_says_what_is_wrong_with_its_argument(arguments):
    with pytest.raises(ToolError) as caught:
        await TOOLS["calculator"].call({"config": {}}, arguments, {}, CallLimits(1.0, "demo", "run/1"))
    assert (caught.value.code, caught.value.retryable, caught.value.sent) == ("invalid_input", False, False)
    assert caught.value.message


def test_a_calculator_has_no_settings():
    assert TOOLS["calculator"].check({}) == []
    assert TOOLS["calculator"].check({"precision": 3}) == [
        ("/precision", "The calculator has no settings; remove it.")
    ]
