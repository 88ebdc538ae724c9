"""Schemas whose references multiply are refused before they stall the process; ordinary ones, recursive too, pass."""

import time

import pytest

from governance import schemas
from governance.schema_growth import Growth, count_of, depth_of, growth_of

OBJECT = {"type": "object"}


def doubling(levels: int, **last) -> dict:
    named = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    return {"$defs": {**named, f"d{levels}": last or OBJECT}, "$ref": "#/$defs/d0"}


def stepping(levels: int) -> dict:
    """As `doubling`, each level one deeper in the value."""
    named = {
        f"d{n}": {"allOf": [{"properties": {"a": {"$ref": f"#/$defs/d{n + 1}"}}}] * 2} for n in range(levels)
    }
    return {"$defs": {**named, f"d{levels}": OBJECT}, "$ref": "#/$defs/d0"}


TREE = {**OBJECT, "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}
MENU = {**OBJECT, "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}
TERM = {"anyOf": [{"type": "number"}, *({"properties": {"left": {"$ref": "#"}}} for _ in range(2))]}
WILD = {"properties": {"a": {"$ref": "#"}}, "patternProperties": {"^a": {"$ref": "#"}}}
ORDER = {
    "$defs": {"place": {**OBJECT, "properties": {"zip": {"$ref": "#/$defs/zip"}}}, "zip": {"type": "string"}},
    "properties": {name: {"$ref": "#/$defs/place"} for name in ("from", "to", "over")},
}


@pytest.mark.parametrize(
    ("schema", "growth"),
    [
        (True, Growth()),
        (OBJECT, Growth()),
        (TREE, Growth(1, 1, None)),
        (MENU, Growth(1, 1, None)),
        (TERM, Growth(1, 2, None, 4)),
        (WILD, Growth(1, 2, None)),
        (ORDER, Growth(1, 1, 1)),
        (doubling(3), Growth(16, 1, 1)),
        (stepping(3), Growth(2, 8, 1)),
        ({"$anchor": "me", "items": {"$ref": "#me"}}, Growth(1, 1, None)),
    ],
)
def test_growth_counts_references_that_meet(schema, growth):
    assert growth_of(schema) == growth


@pytest.mark.parametrize(
    "schema",
    [
        doubling(30),
        doubling(30, type="string"),
        {"$ref": "#"},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
    ],
)
def test_a_schema_that_no_value_can_be_checked_against_is_refused(schema):
    began = time.monotonic()
    assert [problem.code for problem in schemas.schema_problems(schema)] == ["invalid_schema"]
    assert schemas.instance_problems(schema, {})
    assert time.monotonic() - began < 2


def nested(depth: int, name: str) -> dict:
    value: dict = {}
    for _ in range(depth):
        value = {name: value}
    return value


@pytest.mark.parametrize(
    ("schema", "name", "depth", "codes"),
    [
        (TREE, "left", 60, []),
        (TERM, "left", 12, []),
        (TERM, "left", 60, ["too_complex"]),
        (WILD, "a", 60, ["too_complex"]),
        (stepping(30), "a", 60, ["too_complex"]),
    ],
)
def test_a_recursive_schema_bounds_the_depth_by_what_it_costs(schema, name, depth, codes):
    value = nested(depth, name)
    assert [problem.code for problem in schemas.instance_problems(schema, value)] == codes
    assert schemas.fits(schema, value) is (not codes)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"items": {"type": "string"}}, [1] * 200_000),
        ({"items": {"anyOf": [{"type": "string", "minLength": n} for n in range(300)]}}, [1] * 5_000),
        ({"additionalProperties": False}, {f"f{n}": 1 for n in range(50_000)}),
        (doubling(11, type="string"), 1),
    ],
)
def test_what_is_wrong_with_a_large_value_is_told_at_once_and_in_part(schema, value):
    began = time.monotonic()
    assert 1 <= len(schemas.instance_problems(schema, value)) <= 100
    assert time.monotonic() - began < 2


def test_all_faults_of_a_small_value_are_told():
    problems = schemas.instance_problems({"items": {"type": "string"}}, [1, "a", 2])
    assert [problem.pointer for problem in problems] == ["/0", "/2"]


def test_values_are_counted_with_what_they_hold():
    assert [count_of(value) for value in (1, [], {"a": [1, 2]})] == [1, 1, 4]


def test_depth_counts_lists_and_objects():
    assert [depth_of(value) for value in (1, [], {"a": [1]}, [[], [[{}]]])] == [0, 1, 2, 4]
