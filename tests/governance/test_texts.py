"""Texts: what they render, what they refuse, and that nothing is silently empty or rendered twice."""

import json

import minijinja
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import expressions
from governance.expressions import ExpressionError

SCOPE = {
    "input": {
        "a": 5,
        "f": 2.5,
        "s": "hé",
        "l": [1, 2, 3],
        "d": {"x": 1, "y": None},
        "n": None,
        "t": True,
        "os": [{"k": "a", "v": 2}, {"k": "b", "v": 1}],
        "evil": "{{ input.a }}{% for %}{# = 1",
        "q": 'say "<hi>"',
    },
    "steps": {"review": {"output": {"text": "fine"}, "port": "out"}},
}
RENDERED = [
    ("plain } } { text", "plain } } { text"),
    ("{{ input.s }} from {{ steps.review.output.text }}", "hé from fine"),
    ("{{ input.a }} {{ input.f }} {{ input.t }} {{ input.n }}", "5 2.5 true null"),
    ("{{ input.l }}", "[1, 2, 3]"),
    ("{{ input.d }}", '{"x": 1, "y": null}'),
    ("{{ input.q }} {{ [input.q] }}", 'say "<hi>" ["say \\"<hi>\\""]'),
    ("{{ input.evil }}", "{{ input.a }}{% for %}{# = 1"),
    ("{{ steps.b is defined }} {{ steps.review is defined }}", "false true"),
    ("{% if steps.b is defined %}y{% else %}n{% endif %}", "n"),
    ("{% if not steps.b is defined %}n{% endif %}", "n"),
    ("{{ steps.b is undefined }}", "true"),
    ("{{ input.gone|default('x') }}", "x"),
    ("{{ 'x' if input.t else 'y' }}", "x"),
    ("{% if input.a > 9 %}a{% elif input.a > 3 %}b{% else %}c{% endif %}", "b"),
    (
        "{% for x in input.l %}{{ loop.index }}:{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}",
        "1:1, 2:2, 3:3",
    ),
    ("{% for x in input.l if x > 1 %}{{ x }}{% endfor %}", "23"),
    ("{% for x in [] %}{% else %}none{% endfor %}", "none"),
    ("{% for k in input.d %}{{ k }}{% endfor %}", "xy"),
    ("{% for k, v in input.d|items %}{{ k }}={{ v }};{% endfor %}", "x=1;y=null;"),
    ("{% for k, v in input.d.items() %}{{ k }}={{ v }};{% endfor %}", "x=1;y=null;"),
    ("{% set x = input.a %}{{ x + 1 }}", "6"),
    ("{% set x %}<{{ input.a }}>{% endset %}{{ x }}", "<5>"),
    ("a  {{- input.a -}}  b", "a5b"),
    ("a\n{% if true %}\nb\n{% endif %}\n", "a\n\nb\n\n"),
    ("{%- if true -%} x {%- endif -%} y", "xy"),
    ("{# a comment #}a{#- c -#} b", "ab"),
    ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
    ("{{ input['s'] }}{{ input.os[0].k }}{{ input.os.1.k }}", "héab"),
    ("{{ input.l[-1] }} {{ input.l[:2] }} {{ input.s[1:] }}", "3 [1, 2] é"),
    ("{{ {'a': {'b': 1}} }}", '{"a": {"b": 1}}'),
    ("{{ 1 + 2 * 3 - 4 }} {{ 7 // 2 }} {{ 7 % 3 }} {{ 2 ** 3 }} {{ -7 // 2 }} {{ 5 / 2 }}", "3 3 1 8 -4 2.5"),
    ("{{ 'a' ~ input.a ~ input.l }}", "a5[1, 2, 3]"),
    ("{{ input.t and input.a }} {{ false or 'z' }} {{ not input.t }}", "5 z false"),
    ("{{ 1 in input.l }} {{ 9 not in input.l }} {{ 'h' in input.s }} {{ 1 < 2 < 3 }}", "true true true true"),
    ("{{ input.a is odd }} {{ input.a is divisibleby 5 }} {{ input.n is not none }}", "true true false"),
    ("{{ input.s|upper }} {{ input.s|title|lower }} {{ ' a '|trim }}", "HÉ hé a"),
    ("{{ input.l|length }} {{ input.l|sum }} {{ input.l|max }} {{ input.l|min }}", "3 6 3 1"),
    ("{{ input.l|first }}{{ input.l|last }}{{ input.l|reverse }}", "13[3, 2, 1]"),
    ("{{ input.l|join(', ') }} {{ input.os|join('-', attribute='k') }}", "1, 2, 3 a-b"),
    ("{{ input.os|map(attribute='k')|join('-') }}", "a-b"),
    ("{{ input.os|selectattr('v', 'gt', 1)|tojson }}", '[{"k": "a", "v": 2}]'),
    (
        "{{ input.l|reject('odd')|list }} {{ input.os|sort(attribute='v')|map(attribute='k')|list }}",
        '[2] ["b", "a"]',
    ),
    ("{{ input.s|replace('h', 'j') }} {{ '3'|int + 1 }} {{ 2.345|round(2) }}", "jé 4 2.35"),
    ("{{ 'a,b'.split(',') }} {{ 'a'.upper() }} {{ ','.join(['a', 'b']) }}", '["a", "b"] A a,b'),
    ("{{ '<a>'|e }} {{ range(3) }} {{ [1, 1]|unique }}", "&lt;a&gt; [0, 1, 2] [1]"),
]


@pytest.mark.parametrize(("source", "expected"), RENDERED)
def test_a_text_renders_plain_data(source, expected):
    assert expressions.text(source, SCOPE) == expected
    assert expressions.check_text(source) == []


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{ nope }}", "`nope` is not defined"),
        ("{{ input.gone }}", "`input.gone` is not defined"),
        ("{{ input.gone.x }}", "`input` has no `gone`"),
        ("{{ steps.b }}", "`steps.b` is not defined (not finished, or no such node)"),
        ("{{ steps.b.output }}", "`steps` has no `b` (not finished, or no such node)"),
        ("{{ steps.b.output is defined }}", "`steps` has no `b` (not finished, or no such node)"),
        ("{% if input.gone %}{% endif %}", "`input.gone` is not defined"),
        ("{% for x in input.gone %}{% endfor %}", "`input.gone` is not defined"),
        ("{{ input.gone|upper }}", "`input.gone` is not defined"),
        ("{{ 'a' ~ input.gone }}", "`input.gone` is not defined"),
        ("{{ [input.gone] }}", "`input.gone` is not defined"),
        ("{{ input.gone == 1 }}", "`input.gone` is not defined"),
        ("{{ input.l[9] }}", "`[9]` is not defined"),
        ("{{ []|first }}", "`first of an empty list` is not defined"),
        ("{{ input.s + 1 }}", "`+` wants numbers, not string"),
        ("{{ 'a' * 3 }}", "`*` wants numbers, not string"),
        ("{{ 1 / 0 }}", "division by zero in `/`"),
        ("{{ 1 < 'a' }}", "cannot compare int < string"),
        ("{% for x in input.s %}{% endfor %}", "`for` wants a list or a map, not string"),
        (
            "{% for k, v in input.d %}{% endfor %}",
            "`for k, v` wants lists of 2; for a map write `map | items`",
        ),
        ("{{ 1e308 * 10 }}", "inf is not a number that JSON can hold"),
    ],
)
def test_nothing_is_silently_empty(source, reason):
    with pytest.raises(ExpressionError) as caught:
        expressions.text(source, SCOPE)
    assert (caught.value.expression, caught.value.reason, caught.value.position) == (source, reason, None)


@pytest.mark.parametrize(
    ("source", "position"),
    [
        ("{{", 2),
        ("a {{ b", 6),
        ("{{ 1 + }}", 7),
        ("{{ a b }}", 5),
        ("{{ a %}", 5),
        ("{{ 'x }}", 3),
        ("{{ a ! }}", 5),
        ("{{ 'x' if a }}", 12),
        ("{{ a|nope }}", 5),
        ("{{ a is nope }}", 8),
        ("{{ a.nope() }}", 5),
        ("{{ a|upper(1) }}", 5),
        ("{{ lipsum(5) }}", 3),
        ("{% if a %}", 10),
        ("{% endfor %}", 0),
        ("{% if a %}{% endfor %}", 13),
        ("{% x %}", 3),
        ("{% include 'x' %}", 3),
        ("{% macro a() %}{% endmacro %}", 3),
        ("{% set steps = 1 %}", 7),
        ("{# never closed", 0),
    ],
)
def test_a_text_that_cannot_be_read_has_the_position(source, position):
    with pytest.raises(ExpressionError) as caught:
        expressions.text(source, SCOPE)
    assert caught.value.position == position
    assert [flaw.position for flaw in expressions.check_text(source)] == [position]


@pytest.mark.parametrize(
    ("source", "steps", "roots"),
    [
        ("{{ input.topic }}{{ steps.a.output.text }}", {"a"}, {"input", "steps"}),
        ("{% if steps['b'] is defined %}{{ steps.b.port|upper }}{% endif %}", {"b"}, {"steps"}),
        ("{% for x in steps.a.output %}{{ x.y }}{{ loop.index }}{{ z }}{% endfor %}", {"a"}, {"steps", "z"}),
        ("{% set y = run.id %}{{ y }}", set(), {"run"}),
        ("{{ y }}{% set y = 1 %}", set(), {"y"}),
        ("{% raw %}{{ steps.no }}{% endraw %}{# {{ steps.no }} #}", set(), set()),
        ("{{ 'x'|replace('x', steps.c.output) }}{{ a[steps.d.port] }}", {"c", "d"}, {"steps", "a"}),
        ("steps.no", set(), set()),
    ],
)
def test_names_and_roots_of_a_text_are_read_without_rendering(source, steps, roots):
    assert expressions.names_text(source) == steps
    assert expressions.roots_text(source) == roots


@given(st.text())
def test_a_substituted_value_is_never_rendered_again(value):
    scope = {"input": {"x": value}}
    assert expressions.text("{{ input.x }}", scope) == value
    assert expressions.text("<{{ input.x }}|{% set y = input.x %}{{ y }}>", scope) == f"<{value}|{value}>"
    assert expressions.value({"a": "{{ input.x }}", "b": "= input.x"}, scope) == {"a": value, "b": value}


LEAVES = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=15))
def test_what_is_no_string_is_rendered_as_json(value):
    rendered = expressions.text("{{ input }}", {"input": value})
    assert rendered == value if isinstance(value, str) else json.loads(rendered) == value


ORACLE = [case for case in RENDERED if "2.345" not in case[0]]


@pytest.mark.parametrize("source", [source for source, _ in ORACLE])
def test_texts_agree_with_minijinja(source):
    environment = minijinja.Environment(
        undefined_behavior="strict",
        keep_trailing_newline=True,
        auto_escape_callback=lambda name: False,
        finalizer=lambda value: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
    )
    assert expressions.text(source, SCOPE) == environment.render_str(source, **SCOPE)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ secrets.key }} and {{ secrets['other'] }}", {"key", "other"}),
        ("= secrets.key + arguments.secrets.no", {"key"}),
        ({"a": ["{{ secrets.deep }}", "= has(secrets.seen)"]}, {"deep", "seen"}),
        ("{% for secrets in arguments.list %}{{ secrets.bound }}{% endfor %}", set()),
        ("{{ secrets[arguments.name] }}", set()),
        ("secrets.key", set()),
    ],
)
def test_what_is_read_of_a_name_is_known_beforehand(template, expected):
    assert expressions.members_value(template, "secrets") == expected
