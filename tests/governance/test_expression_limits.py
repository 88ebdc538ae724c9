"""Every expression ends soon or is refused: adversarial sources, each with the limit that stops it."""

import inspect
import sys
import time

import pytest

from governance import expressions
from governance.expressions import ExpressionError

WIDE = {f"k{at}": {"a": [1, 2, {"b": "x" * 10}]} for at in range(15_000)}
SCOPE = {
    "l": list(range(1000)),
    "many": list(range(1001)),
    "pairs": [[0] * 30] * 1000,
    "wide": WIDE,
    "twin": {key: dict(value) for key, value in WIDE.items()},
    "s": "ab" * 500_000,
    "m": "ab" * 49_999,
    "strings": ["abcdefgh" * 100] * 1000,
    "patterns": [f"a{{{at % 50}}}{at}" for at in range(1000)],
}
DOUBLED = "{% set x = [1] %}{% set y = [1] %}" + "{% set x = [x, x] %}{% set y = [y, y] %}" * 40
PATIENCE_S = 2.0  # generous: the bound is the count of work, this only catches what escapes it
CONDITIONS = [
    ("many.map(x, x)", "`map` goes over 1,001 elements; 1,000 are allowed"),
    ("many.all(x, true)", "`all` goes over 1,001 elements; 1,000 are allowed"),
    ("l.all(x, l.all(y, x + y >= 0))", "does more work"),
    ("l.all(a, l.all(b, l.all(c, l.all(d, l.all(e, l.all(f, true))))))", "does more work"),
    ("pairs.map(a, a.map(b, [b, b]))", "does more work"),
    ("l.all(x, x in l)", "does more work"),
    ("l.all(x, s == s + '')", "longer than 1,000,000|does more work"),
    ("wide == twin", "does more work"),
    ("s + s", "builds a text longer than 1,000,000 characters"),
    ("[s].map(x, x + 'a')", "builds a text longer than 1,000,000 characters"),
    ("['x']" + ".map(x, x + x)" * 25, "builds a text longer than 1,000,000 characters"),
    ("[[1]]" + ".map(x, x + x)" * 20, "builds a list of more than 10,000 elements"),
    ("[1]" + ".map(x, [x, x])" * 30, "builds a result that is too big"),
    ("[1]" + ".map(x, [x, x])" * 30 + " == [2]" + ".map(x, [x, x])" * 30, None),
    ("l.map(x, l)", "builds a result that is too big"),
    ("[" + ", ".join(["wide"] * 600) + "]", "builds a result that is too big"),
    ("patterns.all(x, 'aaa'.matches(x) || true)", "does more work"),
    ("s.matches('a')", "takes texts of up to 100,000 characters"),
    ("strings.all(x, x.matches('(a|b)*a(a|b){9}c') || true)", "does more work"),
    ("m.matches('(a*)*(b*)*c')", None),
    ("'a'.matches('(((a{10}){10}){10}){10}')", "not a regular expression"),
    ("'" + "a" * 4000 + "'", "is 4,002 characters long; 4,000 are allowed"),
    ("(" * 100 + "1" + ")" * 100, "nests deeper than 60 levels"),
    ("!" * 3000 + "true", "nests deeper than 60 levels"),
    ("- " * 1900 + "1", "nests deeper than 60 levels"),
    ("1" + " + 1" * 900, "nests deeper than 60 levels"),
    ("a" + ".b" * 1900, "nests deeper than 60 levels"),
    ("true ? 1 : " * 300 + "1", "nests deeper than 60 levels"),
    ("[" * 3000, "nests deeper than 60 levels"),
    ("true" + " && true" * 400, None),
    (
        "l.all(x, duration('1h1m1s') > duration('1s') && true || duration('2s') > duration('1s'))",
        "does more work",
    ),
]
TEXTS = [
    ("{% for a in l %}{% for b in l %}x{% endfor %}{% endfor %}", "does more work"),
    ("{% for i in range(10000) %}{% endfor %}" * 3, "does more work|loops more"),
    ("{% set x = 'a' %}" + "{% set x = x ~ x %}" * 40, "builds a text longer than 1,000,000 characters"),
    (
        "{% set x = 'a' %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 40,
        "renders more than 1,000,000 characters",
    ),
    ("{% set x = [1] %}" + "{% set x = [x, x] %}" * 40 + "{{ x }}", "too big"),
    (
        DOUBLED + "{{ x == y }}",
        "does more",
    ),
    ("{{ s }}{{ s }}", "renders more than 1,000,000 characters"),
    ("{% for x in l %}{{ m }}{% endfor %}", "renders more than 1,000,000 characters"),
    ("{{ wide }}" * 50, "too big|does more work|renders more"),
    ("{{ wide|tojson(indent=8) }}", "too big"),
    ("{{ s|replace('a', s) }}", "builds a text longer than"),
    ("{{ strings|join(s) }}", "builds a text longer than"),
    ("{{ strings|map('replace', 'a', s)|list }}", "builds a text longer than"),
    ("{{ s|indent(100) }}", "builds a text longer than"),
    ("{{ 'a'|indent(100000000) }}", "indent wants a whole number from 0 to 100"),
    ("{{ range(100000000000) }}", "builds a list of more than 10,000 elements"),
    ("{{ 10 ** 1000000000 }}", "gives a number that is too large"),
    ("{{ 2.5 ** 1000000 }}", "gives a number that is too large"),
    ("{{ l|unique }}", "does more work"),
    ("{{ l|map('map', 'upper') }}", "map has no filter 'map'"),
    ("{{ s|list }}", "builds a list of more than"),
    ("{{ s.split('a') }}", "builds a list of more than"),
    ("{% for x in l %}{% if wide == twin %}{% endif %}{% endfor %}", "does more work"),
    ("{% for x in l %}{{ strings|join|length }}{% endfor %}", "does more work"),
    ("{{ " + "(" * 200 + "1" + ")" * 200 + " }}", "nests deeper than 60 levels"),
    ("{% if 1 %}" * 200, "nests more than 20 tags"),
    ("{{ 'a'" + "|upper" * 200 + " }}", "nests deeper than 60 levels"),
    ("{{ " + "not " * 2900 + "1 }}", "nests deeper than 60 levels"),
    ("{{ 1 }}" * 5000, "more than 3,000 words and signs inside its tags"),
    ("a" * 200_001 + "{{ 1 }}", "200,000 are allowed"),
    ("{#" * 5000, "does not end"),
    ("{% raw %}" * 2000, "`raw` is not a tag|more than 3,000"),
]


def refused_in_time(compute, source, reason):
    started = time.perf_counter()
    if reason is None:
        try:
            compute(source, SCOPE)
        except ExpressionError:
            pass
    else:
        with pytest.raises(ExpressionError, match=reason):
            compute(source, SCOPE)
    assert time.perf_counter() - started < PATIENCE_S


@pytest.mark.parametrize(("source", "reason"), CONDITIONS, ids=[source[:40] for source, _ in CONDITIONS])
def test_a_condition_ends_or_is_refused(source, reason):
    refused_in_time(expressions.evaluate, source, reason)


@pytest.mark.parametrize(("source", "reason"), TEXTS, ids=[source[:40] for source, _ in TEXTS])
def test_a_text_ends_or_is_refused(source, reason):
    refused_in_time(expressions.text, source, reason)


def test_a_list_of_a_thousand_is_allowed():
    assert len(expressions.evaluate("l.map(x, x * 2)", SCOPE)) == 1000
    assert expressions.condition("l.all(x, x >= 0 && x < 1000 && x != 5000)", SCOPE) is True


def test_a_large_input_costs_nothing_to_those_who_do_not_read_it():
    assert expressions.value({"all": "= wide"}, SCOPE)["all"] is WIDE
    started = time.perf_counter()
    for _ in range(1000):
        expressions.condition("wide.k7.a[0] == 1", SCOPE)
    assert time.perf_counter() - started < PATIENCE_S


def test_many_copies_of_a_large_input_are_too_big_for_one_value():
    with pytest.raises(ExpressionError, match="builds a result that is too big"):
        expressions.value(["= wide"] * 100, SCOPE)


def test_a_value_nested_too_deep_is_refused():
    template = "leaf"
    for _ in range(100):
        template = [template]
    with pytest.raises(ExpressionError, match="nests deeper than 64"):
        expressions.value(template, SCOPE)


def test_a_caller_near_the_end_of_the_stack_gets_an_expression_error_that_is_not_kept():
    source = "(" * 30 + "12345 > 1" + ")" * 30

    def deep(levels):
        return expressions.condition(source, {}) if levels == 0 else deep(levels - 1)

    with pytest.raises(ExpressionError, match="nests too deeply to be evaluated here"):
        deep(sys.getrecursionlimit() - len(inspect.stack(0)) - 40)
    assert deep(0) is True
