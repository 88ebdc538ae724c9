"""Conditions, texts and values under arbitrary sources and data, and conditions beside the CEL library."""

import string

import cel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance import expressions
from governance.expressions import ExpressionError

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(alphabet=string.ascii_letters),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
SCRAPS = st.lists(
    st.sampled_from(
        "1 2.5 'a' \"b\" true null input steps .review .output [ ] ( ) { } , : ? + - * / % == < in && || ! has( "
        ".map( .all( x size( matches( duration( '1h' timestamp( {{ }} {% %} {# #} if for endif endfor set else | ~ "
        "upper join is defined not and ** // raw endraw \\ ' \" = . 9223372036854775807 -".split(" ")
    ),
    max_size=25,
).map(" ".join)


@given(PLAIN)
def test_json_without_expressions_is_its_own_value(value):
    assert expressions.value(value, {}) == value


@settings(max_examples=300)
@given(st.text() | SCRAPS)
def test_any_source_gives_a_result_or_an_expression_error(source):
    scope = {"input": {"l": [1, 2], "s": "a"}, "steps": {"review": {"output": {"x": 1.5}}}}
    for evaluate in (expressions.evaluate, expressions.condition, expressions.text, expressions.value):
        try:
            evaluate(source, scope)
        except ExpressionError as error:
            assert error.reason
    expressions.check_value({"a": source, "b": "=" + source})
    expressions.roots_value([source, "=" + source])


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_integers_divide_towards_zero_and_keep_the_remainder(a, b):
    try:
        quotient, rest = (expressions.evaluate(f"a {sign} b", {"a": a, "b": b}) for sign in "/%")
    except ExpressionError:
        assert b == 0 or (a, b) == (-(2**63), -1)
    else:
        assert quotient * b + rest == a
        assert abs(rest) < abs(b)


ORACLE = (
    "1 + 2 * 3", "-7 / 2", "-7 % 2", "2.0 in [1, 2]", "[1] == [1.0]", "1 < 2.5", "true ? 'a' : 'b'", "'a' + 'b'",
    "has({'a': 1}.b)", "[3, 1].map(x, x * x)", "[3, 1].filter(x, x > 2)", "[1].exists_one(x, x == 1)",
    "{'a': [1]}.a[0]", "1 == '1'", "x.y > 3 || false", "x.y > 3 && x.z", "1 + 1.0", "nope", "1 / 0",
    "'abc'.contains('b')", "!(1 > 2)", "double(3) / 2.0", "int('7') - 9", "-x.y", "x.l[1] + x.l[0]",
    "'y' in x", "size(x.l)", "nope || 1 < 2",
)  # fmt: skip


@pytest.mark.parametrize("source", ORACLE)
def test_conditions_agree_with_the_cel_library(source):
    scope = {"x": {"y": 4, "z": True, "l": [5, 6]}}
    try:
        expected = cel.evaluate(source, scope)
    except (ValueError, TypeError, RuntimeError, ArithmeticError, LookupError):
        with pytest.raises(ExpressionError):
            expressions.evaluate(source, scope)
    else:
        assert expressions.evaluate(source, scope) == expected
