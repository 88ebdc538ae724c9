"""A body against its schema: every error, its pointer, and a sentence that says what to do."""

import pytest

from governance import schemas

FIELDS = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 3, "pattern": "^[a-z]+$"},
        "size": {"type": ["integer", "null"], "minimum": 1, "maximum": 9},
        "kind": {"enum": ["x", "y", None]},
        "list": {"type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": True},
        "map": {"type": "object", "minProperties": 1, "propertyNames": {"pattern": "^x"}},
        "either": {
            "oneOf": [
                {"type": "string"},
                {"type": "object", "required": ["port"], "properties": {"port": {"type": "string"}}},
            ]
        },
        "code": {"pattern": "^[a-z]+/[a-z]+$", "x-must-be": "provider/model, such as main/mini"},
        "deep": {"items": {"$ref": "#/$defs/colored"}},
        "never": False,
        "fixed": {"const": 1},
    },
    "$defs": {"colored": {"properties": {"color": {}}, "additionalProperties": False}},
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"name": "a"}, []),
        ({}, [("", "The field 'name' is missing: add it.")]),
        ([], [("", "This must be an object.")]),
        ({"name": "a", "n~/": 1}, [("/n~0~1", "Unknown field 'n~/': remove it.")]),
        ({"name": "a", "siez": 2}, [("/siez", "Unknown field 'siez': did you mean 'size'? Else remove it.")]),
        ({"name": "a", "code": "A"}, [("/code", "This must be provider/model, such as main/mini.")]),
        ({"name": "a", "deep": [{"colr": 2}]}, [
            ("/deep/0/colr", "Unknown field 'colr': did you mean 'color'? Else remove it.")]),
        ({"name": ""}, [
            ("/name", "This must have at least 1 character."), ("/name", "This must match the pattern ^[a-z]+$.")]),
        ({"name": "ABCD"}, [
            ("/name", "This must have at most 3 characters."), ("/name", "This must match the pattern ^[a-z]+$.")]),
        ({"name": "a", "size": "b"}, [("/size", "This must be a whole number or null.")]),
        ({"name": "a", "size": 0}, [("/size", "This must be 1 or more.")]),
        ({"name": "a", "size": 10}, [("/size", "This must be 9 or less.")]),
        ({"name": "a", "kind": "z"}, [("/kind", 'This must be "x", "y" or null.')]),
        ({"name": "a", "list": []}, [("/list", "This needs at least 1 entry.")]),
        ({"name": "a", "list": [1, 1, 2]}, [
            ("/list", "The entries must differ from each other."), ("/list", "This may have at most 2 entries.")]),
        ({"name": "a", "map": {}}, [("/map", "This needs at least 1 field.")]),
        ({"name": "a", "map": {"y": 1}}, [("/map", 'A field\'s name does not fit: "y" does not match "^x".')]),
        ({"name": "a", "either": {"q": 1}}, [("/either", "The field 'port' is missing: add it.")]),
        ({"name": "a", "either": {"port": 1}}, [("/either", "This does not fit: ")]),
        ({"name": "a", "never": 1}, [("/never", "Nothing may stand here: remove it.")]),
        ({"name": "a", "fixed": 2}, [("/fixed", "This must be 1.")]),
        ({"name": "a\0"}, [("/name", "Text must not hold the NUL character.")]),
    ],
)  # fmt: skip
def test_each_error_says_where_and_what_to_do(value, expected):
    found = sorted((problem.pointer, problem.message) for problem in schemas.instance_problems(FIELDS, value))
    assert len(found) == len(expected)
    for (pointer, message), (where, sentence) in zip(found, expected, strict=True):
        assert (pointer, message[: len(sentence)]) == (where, sentence)


def test_a_pointer_is_below_where_the_value_stands():
    (problem,) = schemas.instance_problems({"type": "string"}, 3, "/payload")
    assert (problem.pointer, problem.code) == ("/payload", "type")


def test_a_flood_of_errors_is_cut():
    found = schemas.instance_problems({"items": {"type": "string"}}, list(range(10_000)))
    assert len(found) == 100


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ({"type": "objekt"}, "/f/type"),
        ({"properties": {"a": {"minimum": "3"}}}, "/f/properties/a/minimum"),
        ({"pattern": "("}, "/f/pattern"),
        ({"$ref": "http://127.0.0.1:9/x"}, "/f"),
        ({"$ref": "#/nowhere"}, "/f"),
        ("text", "/f"),
        (None, "/f"),
        ({"title": "\0"}, "/f/title"),
    ],
)
def test_a_schema_that_is_none_is_told_and_fits_nothing(schema, pointer):
    (problem,) = schemas.schema_problems(schema, "/f")
    assert (problem.pointer, problem.severity) == (pointer, "error")
    if schema != {"title": "\0"}:
        assert schemas.instance_problems(schema, {}, "/f") == [problem]


def test_a_schema_may_refer_to_itself():
    schema = {"$defs": {"n": {"type": "integer"}}, "items": {"$ref": "#/$defs/n"}}
    assert schemas.schema_problems(schema) == []
    assert [problem.pointer for problem in schemas.instance_problems(schema, [1, "a"])] == ["/1"]


def test_a_pattern_that_explodes_ends():
    (problem,) = schemas.instance_problems({"pattern": "^(a|a)*(b|b)*\\1$"}, "a" * 5_000 + "!")
    assert problem.pointer == ""
