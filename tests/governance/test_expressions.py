"""Conditions and values: what they compute, what they refuse, what can be read off them without running."""

import json

import pytest

from governance import expressions
from governance.expressions import ExpressionError, Flaw

SCOPE = {
    "input": {
        "amount": 500,
        "share": 2.5,
        "topic": "Zürich",
        "paid": True,
        "note": None,
        "big": 2**70,
        "list": [1, 2, 3],
        "map": {"x": 1, "y": None},
        "orders": [{"id": "a", "qty": 2}, {"id": "b", "qty": 1}],
        "pattern": "^Z",
    },
    "steps": {"review": {"output": {"score": 0.9}, "port": "out", "ports": ["out"]}},
    "run": {"id": "r1", "cost_usd": 0.25},
    "item": {"v": 7},
    "index": 0,
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("steps.review.output.score >= 0.7 && input.amount < 1000.0", True),
        ("1 + 2 * 3 - 4", 3),
        ("-7 / 2", -3),
        ("-7 % 2", -1),
        ("7.5 / 2.0", 3.75),
        ("double(input.amount) * 1.5", 750.0),
        ("input.amount == 500.0", True),
        ("1 < 1.5 && 2.5 > 2", True),
        ("input.big > 1.0", True),
        ("input.big", float(2**70)),
        ("-9223372036854775808", -(2**63)),
        ("0x1F", 31),
        (".5 + 1e1", 10.5),
        ("true == 1", False),
        ("input.amount == '500'", False),
        ("null == input.note", True),
        ("'a' + \"b\"", "ab"),
        ("'a' < 'b' && false < true", True),
        ("r'\\d' + '\\n\\u00e9'", "\\d\né"),
        ("'''it's\n'''", "it's\n"),
        ("input['topic']", "Zürich"),
        ("input.list[2]", 3),
        ("[1] + [2.0]", [1, 2.0]),
        ("[1, 2,]", [1, 2]),
        ("{'a': [1, {'b': null}]}", {"a": [1, {"b": None}]}),
        ("[1, 2] == [1.0, 2.0]", True),
        ("{'a': 1} == {'a': true}", False),
        ("2.0 in input.list", True),
        ("'x' in input.map && !('z' in input.map)", True),
        ("has(input.map.x) && has(input.map.y) && !has(input.map.z)", True),
        ("has(steps.review)", True),
        ("has(steps.other)", False),
        ("has(steps.other) ? steps.other.port : 'none'", "none"),
        ("input.paid ? 1 : 2", 1),
        ("false ? 1 : true ? 2 : 3", 2),
        ("size(input.topic)", 6),
        ("input.list.size() + size(input.map)", 5),
        ("input.topic.startsWith('Z') && input.topic.endsWith('ich') && input.topic.contains('ü')", True),
        ("input.topic.matches('^Z.r')", True),
        ("matches(input.topic, input.pattern)", True),
        ("input.list.map(x, x * 2)", [2, 4, 6]),
        ("input.list.map(x, x > 1, x * 2)", [4, 6]),
        ("input.list.filter(x, x != 2)", [1, 3]),
        ("input.map.map(k, k)", ["x", "y"]),
        ("input.list.all(x, x > 0)", True),
        ("input.list.exists(x, x > 2)", True),
        ("input.list.exists_one(x, x > 1)", False),
        ("[].all(x, false) && ![].exists(x, true)", True),
        ("input.orders.filter(o, o.qty > 1).map(o, o.id)", ["a"]),
        ("input.orders.exists(o, input.list.exists(n, n == o.qty))", True),
        ("[[1, 2], [3]].map(x, x.map(y, y + 1))", [[2, 3], [4]]),
        ("int('12') + int(2.9) + int(-2.9)", 12),
        ("double('1.5')", 1.5),
        ("string(12) + string(1.5) + string(true)", "121.5true"),
        ("string(2.0)", "2"),
        ("bool('true')", True),
        ("type(1) == int && type('a') == string && type(null) != bool", True),
        ("dyn(1) == 1", True),
        ("timestamp('2026-01-01T00:00:00Z') < timestamp('2026-01-01T00:00:00-01:00')", True),
        ("timestamp('2026-11-02T09:30:00Z').getHours()", 9),
        (
            "string(timestamp('2026-01-01T00:00:00Z') + duration('1h30m'))",
            "2026-01-01T01:30:00Z",
        ),
        ("duration('90s') == duration('1m30s')", True),
        ("nope || true", True),
        ("nope && false", False),
        ("input.list.exists(x, x == 1 || x.y)", True),
        ("1 // a comment\n + 1", 2),
        ("index + item.v", 7),
        ("'{{ input.topic }}'", "{{ input.topic }}"),
    ],
)
def test_a_condition_computes_what_cel_says(source, expected):
    result = expressions.evaluate(source, SCOPE)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("nope", "unknown name `nope`"),
        ("nope.x == 1", "unknown name `nope`"),
        ("input.gone", "`input` has no `gone`"),
        ("input.gone.x", "`input` has no `gone`"),
        ("input.topic.x", "`input.topic` is string and has no `x`"),
        ("has(input.gone.x)", "`input` has no `gone`"),
        ("steps.other.output", "`steps` has no `other` (not finished, or no such node)"),
        ("input.map['z']", "`input.map` has no `z`"),
        ("input.list[3]", "index 3 is outside the list of 3"),
        ("input.list[-1]", "index -1 is outside the list of 3"),
        ("input.list['a']", "`input.list` is list and has no `a`"),
        ("input.amount + 1.0", "cannot compute int + double; convert with double(x) or int(x)"),
        ("'a' + 1", "cannot compute string + int; convert with string(x)"),
        ("'a' < 1", "cannot compare string < int"),
        ("null < 1", "cannot compare null < int"),
        ("!input.amount", "`!` wants bool, not int"),
        ("-input.topic", "cannot negate string"),
        ("1 ? 2 : 3", "`?` wants bool, not int"),
        ("true && 1", "`&&` wants bool, not int"),
        ("1 in 'a'", "`in` wants a list or a map on its right, not string"),
        ("1 / 0", "division by zero"),
        ("1 % 0", "division by zero in %"),
        ("9223372036854775807 + 1", "integer overflow: the result needs more than 64 bit; use double(x)"),
        ("-9223372036854775808 / -1", "integer overflow: the result needs more than 64 bit; use double(x)"),
        ("1.0 / 0.0", "inf is not a number that JSON can hold"),
        ("[0.0 / 0.0]", "nan is not a number that JSON can hold"),
        (
            "timestamp('2026-01-01T00:00:00Z')",
            "a timestamp is not a value that JSON can hold; use string(x)",
        ),
        ("type(1)", "a type is not a value that JSON can hold; use string(x)"),
        ("{1: 2}", "the keys of a map are strings, not int"),
        ("{'a': 1, 'a': 2}", 'the key "a" appears twice'),
        ("int('12x')", 'int() cannot convert string "12x"'),
        ("size(1)", "size() wants a string, list or map, not int"),
        ("'a'.contains(1)", "contains() wants strings, not int"),
        ("input.topic.map(x, x)", "`map` goes over a list or a map, not string"),
        ("input.list.filter(x, x)", "`filter` wants bool, not int"),
        ("input.list.all(x, x.y)", "`x` is int and has no `y`"),
    ],
)
def test_what_cannot_be_computed_names_the_expression_and_the_fault(source, reason):
    with pytest.raises(ExpressionError) as caught:
        expressions.evaluate(source, SCOPE)
    assert (caught.value.expression, caught.value.reason, caught.value.position) == (source, reason, None)
    assert str(caught.value) == f"`{source}`: {reason}"
    assert caught.value.code == "expression_error"


@pytest.mark.parametrize(
    ("source", "position"),
    [
        ("", 0),
        ("1 +", 3),
        ("(1", 2),
        ("a b", 2),
        ("a..b", 2),
        ("a = 1", 2),
        ("'abc", 0),
        ("1 + 'abc", 4),
        ("'a\\q'", 2),
        ("[1, 2", 5),
        ("{'a' 1}", 5),
        ("1u", 0),
        ("b'a'", 0),
        ("12abc", 0),
        ("9223372036854775808", 0),
        ("1e999", 0),
        ("a ? b", 5),
        ("f(1)", 0),
        ("a.f(1)", 2),
        ("size()", 0),
        ("has(a)", 0),
        ("a.map(1, 2)", 2),
        ("a.all(x)", 2),
        ("a # b", 2),
        ("'a'.matches('(?=a)')", 12),
        ("a.1", 1),
        ("\x00", 0),
    ],
)
def test_a_syntax_error_has_its_position(source, position):
    with pytest.raises(ExpressionError) as caught:
        expressions.evaluate(source, SCOPE)
    assert caught.value.position == position
    assert f"(at character {position + 1})" in str(caught.value)
    assert [flaw.position for flaw in expressions.check_condition(source)] == [position]


@pytest.mark.parametrize("source", ["1", "'true'", "null", "[true]", "{'a': true}", "1.0"])
def test_a_condition_must_give_a_bool(source):
    with pytest.raises(ExpressionError, match="a condition gives true or false"):
        expressions.condition(source, SCOPE)


def test_a_condition_gives_true_or_false():
    assert expressions.condition("input.paid", SCOPE) is True
    assert expressions.condition("!input.paid", SCOPE) is False


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("= input.amount + 1", 501),
        ("=input.list", [1, 2, 3]),
        ("=  has(steps.other)", False),
        ("\\= input.amount", "= input.amount"),
        ("\\=", "="),
        ("\\=x {{ input.amount }}", "=x 500"),
        ("\\x", "\\x"),
        (" = 1", " = 1"),
        ("{{ input.amount }}", "500"),
        ("Dear {{ input.topic }}", "Dear Zürich"),
        (5, 5),
        (None, None),
        ({"a": ["= 1", {"b": "{{ index }}"}], "= key": True}, {"a": [1, {"b": "0"}], "= key": True}),
        ({"{{ x }}": "plain"}, {"{{ x }}": "plain"}),
        ({"i": "= item.v", "m": "= input.map"}, {"i": 7, "m": {"x": 1, "y": None}}),
    ],
)
def test_a_value_is_json_with_its_expressions_evaluated(template, expected):
    before = json.dumps(template)
    assert expressions.value(template, SCOPE) == expected
    assert json.dumps(template) == before


def test_the_error_of_a_value_names_the_expression_inside():
    with pytest.raises(ExpressionError) as caught:
        expressions.value({"a": ["= input.gone"]}, SCOPE)
    assert caught.value.expression == " input.gone"
    assert caught.value.reason == "`input` has no `gone`"


def test_the_flaws_of_a_value_carry_json_pointers():
    template = {"ok": "= 1", "a/b": ["= 1 +"], "t~": "{{ x", "deep": {"steps": "= size(steps)"}}
    assert expressions.check_value(template) == [
        Flaw("expected a value, found the end", 4, "/a~1b/0"),
        Flaw("the text ends before `}}`", 4, "/t~0"),
        Flaw("name the node after `steps`, as in steps.review", 6, "/deep/steps"),
    ]


@pytest.mark.parametrize(
    ("source", "steps", "roots"),
    [
        ("steps.review.output.x > 1 && input.a", {"review"}, {"steps", "input"}),
        ('steps["review"].port == steps.b.port', {"review", "b"}, {"steps"}),
        ("has(steps.review) && !has(steps.c.output)", {"review", "c"}, {"steps"}),
        ("input.l.map(x, x.y + steps.a.output)", {"a"}, {"input", "steps"}),
        ("input.l.all(steps, steps.fake)", set(), {"input"}),
        ("steps.a.output.filter(x, x == item)", {"a"}, {"steps", "item"}),
        ("type(x) == int", set(), {"x"}),
        ("'steps.no'", set(), set()),
        ("1 +", set(), set()),
    ],
)
def test_names_and_roots_are_read_without_running(source, steps, roots):
    assert expressions.names_condition(source) == steps
    assert expressions.roots_condition(source) == roots


def test_names_of_a_value_come_from_all_its_strings():
    template = {"a": ["= steps.x.output", "{{ steps.y.output }}", "\\= steps.no"], "b": "steps.no"}
    assert expressions.names_value(template) == {"x", "y"}
    assert expressions.roots_value(template) == {"steps"}


@pytest.mark.parametrize("source", ["size(steps)", "steps[input.x]", "steps", "steps.map(k, k)"])
def test_steps_without_a_node_is_a_flaw(source):
    assert [flaw.reason for flaw in expressions.check_condition(source)] == [
        "name the node after `steps`, as in steps.review"
    ]
