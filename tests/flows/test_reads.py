"""Owns the tests of what single expressions read, and of what schemas say about that."""

import pytest

from flows.checks.expressions import reads
from flows.checks.shapes import Missing, follow, misfits

PATH = ("steps", "a", "output", "x")


@pytest.mark.parametrize(
    ("source", "is_text", "certain", "whole"),
    [
        ("steps.a.output.x", False, [PATH], PATH),
        ('steps["a"].output["x"]', False, [PATH], PATH),
        ("steps.a.output.x > 1", False, [PATH], None),
        ("steps.a.output.x[input.n].y", False, [("input", "n"), PATH], None),
        ("steps.a.output.x.size()", False, [PATH], None),
        ("has(steps.a.output.x) && steps.a.output.x.y", False, [PATH[:3]], None),
        ("[1].map(steps, steps.a.output.x)", False, [], None),
        ('"steps.a.output.x"', False, [], None),
        ("steps.a.", False, [], None),
        ("{{ steps.a.output.x }}", True, [PATH], PATH),
        ("{{ steps.a.output.x }}!", True, [PATH], None),
        ("{% if steps.a.output.x %}{{ input }}{% endif %}", True, [("input",), PATH], None),
        ("{{ steps.a.output.x | default('') }}", True, [], None),
        ("{% if steps.a.output is defined %}{{ steps.a.output.x }}{% endif %}", True, [], None),
        ("{% set input = 1 %}{{ input.x }}", True, [], None),
        ("{% for run in steps.a.output.x %}{{ run.y }}{% endfor %}", True, [PATH], None),
        ("steps.a.output.x", True, [], None),
    ],
)
def test_what_an_expression_reads(source, is_text, certain, whole):
    found = reads(source, is_text)
    assert (found.certain(), found.whole) == (certain, whole)


OPEN = {
    "type": "object",
    "properties": {"a": {"type": "string"}, "b": {"properties": {"c": {"type": "integer"}}}},
}
CLOSED = {**OPEN, "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "keys", "expected"),
    [
        (OPEN, ["a"], {"type": "string"}),
        (OPEN, ["b", "c"], {"type": "integer"}),
        (OPEN, ["x"], Missing("x", ("a", "b"), False)),
        (CLOSED, ["x"], Missing("x", ("a", "b"), True)),
        (CLOSED, ["a", "x"], Missing("x", (), True)),
        (CLOSED, ["b", "x", "y"], Missing("x", ("c",), False)),
        ({"type": "object", "additionalProperties": False}, ["x"], Missing("x", (), True)),
        ({"type": "object", "additionalProperties": {"type": "null"}}, ["x"], {"type": "null"}),
        ({"type": "object"}, ["x"], None),
        ({"type": ["object", "null"], "properties": {"a": {}}}, ["x"], None),
        ({"type": "array"}, ["x"], None),
        ({**CLOSED, "anyOf": [{}]}, ["x"], None),
        ({**CLOSED, "patternProperties": {"^x": {}}}, ["x"], None),
        ({"$ref": "#/$defs/a"}, ["x"], None),
        ({"const": "text"}, ["x"], Missing("x", (), True)),
        (True, ["x"], None),
        (None, ["x"], None),
    ],
)
def test_what_lies_behind_keys(schema, keys, expected):
    assert follow(schema, keys) == expected


@pytest.mark.parametrize(
    ("made", "wanted", "at"),
    [
        ({"type": "string"}, {"type": "string"}, []),
        ({"type": "string"}, {"type": "number"}, [""]),
        ({"type": ["string", "null"]}, {"type": "string"}, []),
        ({"type": "number"}, {"type": "integer"}, []),
        ({"type": "boolean"}, {"type": "integer"}, [""]),
        ({}, {"type": "integer"}, []),
        ({"type": "string"}, {}, []),
        ({"type": "string"}, True, []),
        ({"type": "string"}, {"$ref": "#/$defs/x"}, []),
        ({"const": "b"}, {"enum": ["a"]}, [""]),
        ({"enum": ["b", "a"]}, {"enum": ["a", "c"]}, []),
        ({"const": 1}, {"type": "string"}, [""]),
        (CLOSED, {"required": ["a"]}, []),
        (CLOSED, {"type": "object", "required": ["x"]}, [""]),
        (OPEN, {"type": "object", "required": ["x"]}, []),
        ({**OPEN, "required": ["a"]}, {"type": "object", "properties": {"a": {"type": "number"}}}, ["/a"]),
        (OPEN, {"type": "object", "properties": {"a": {"type": "number"}}}, []),
        ({**OPEN, "required": ["a"]}, {"type": "object", "additionalProperties": False}, ["/a"]),
        (OPEN, {"type": "object", "additionalProperties": False}, []),
        (
            {"type": "array", "items": {"type": "string"}},
            {"type": "array", "items": {"type": "null"}},
            ["/0"],
        ),
        ({"type": "array"}, {"type": "array", "items": {"type": "null"}}, []),
    ],
)
def test_only_what_cannot_fit_is_called_a_misfit(made, wanted, at):
    assert [misfit.at for misfit in misfits(made, wanted)] == at
