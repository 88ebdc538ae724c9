"""For every value that fits its schema: the form drawn with it and sent untouched gives the same value."""

from hypothesis import given, settings
from hypothesis import strategies as st

from governance.schemas import instance_problems
from runs.views.forms import SchemaForm
from tests.environment import scaled
from tests.runs.views.browser_form import there_and_back

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
NAMES = st.one_of(
    st.sampled_from(
        ["a", "b_s", "max_usd", "x/y", "x~y", "~json", "-", "0", "", "a b", 'q"<', "é", "name~remove"]
    ),
    TEXT.filter(lambda name: len(name) < 8),
)
NUMBERS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXT)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)


def scalar_schemas():
    """Pairs of a schema and a strategy of values that fit it."""
    texts = st.sampled_from(
        [{"type": "string"}, {"type": "string", "maxLength": 50}, {"type": "string", "format": "file"}]
    )
    options = st.lists(SCALARS, min_size=1, max_size=5, unique_by=repr)
    return st.one_of(
        texts.map(lambda schema: (schema, TEXT)),
        st.just(({"type": "integer"}, st.integers(-(2**63), 2**63 - 1))),
        st.just(({"type": "number"}, NUMBERS)),
        st.just(({"type": "number", "default": 3}, NUMBERS)),
        st.sampled_from([{}, {"default": True}, {"default": False}]).map(
            lambda more: ({"type": "boolean", **more}, st.booleans())
        ),
        st.just(({"type": ["string", "null"]}, st.one_of(st.none(), TEXT))),
        st.just(({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, st.one_of(st.none(), st.booleans()))),
        st.just(({"anyOf": [{"type": "string"}, {"type": "number"}]}, st.one_of(TEXT, NUMBERS))),
        st.just(({"type": ["integer", "string", "null"]}, st.one_of(st.none(), TEXT, st.integers(-99, 99)))),
        options.map(lambda values: ({"enum": values}, st.sampled_from(values))),
        SCALARS.map(lambda value: ({"const": value}, st.just(value))),
        st.just(({}, JSON)),
    )


def in_a_list(pair):
    schema, values = pair
    return {"type": "array", "items": schema}, st.lists(values, max_size=3)


def unique_choice(options):
    schema = {"type": "array", "items": {"enum": options}, "uniqueItems": True}
    return schema, st.lists(st.sampled_from(options), unique_by=repr, max_size=4)


@st.composite
def in_an_object(draw, pairs):
    inner = draw(st.dictionaries(NAMES, pairs, min_size=1, max_size=4))
    required = draw(st.lists(st.sampled_from(sorted(inner)), unique=True))
    schema = {
        "type": "object",
        "properties": {key: schema for key, (schema, _) in inner.items()},
        "required": required,
    }
    if draw(st.booleans()):
        schema["additionalProperties"] = False
    optional = {key: values for key, (_, values) in inner.items() if key not in required}
    return schema, st.fixed_dictionaries({key: inner[key][1] for key in required}, optional=optional)


UNIQUE = st.lists(TEXT, min_size=1, max_size=4, unique=True).map(unique_choice)
PAIRS = st.recursive(
    st.one_of(scalar_schemas(), UNIQUE),
    lambda inner: st.one_of(inner.map(in_a_list), in_an_object(inner)),
    max_leaves=6,
)


@settings(max_examples=scaled(150, 2000), deadline=None)
@given(data=st.data())
def test_a_form_sent_untouched_gives_its_value_back(data):
    schema, values = data.draw(in_an_object(PAIRS))
    value = data.draw(values)
    assert instance_problems(schema, value) == []
    assert there_and_back(SchemaForm(schema), value) == (value, [])


@settings(max_examples=scaled(50, 1000), deadline=None)
@given(value=st.dictionaries(NAMES, JSON, max_size=4))
def test_fields_without_a_control_of_their_own_come_back_too(value):
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b_s": {"type": "integer"}}}
    found, problems = there_and_back(SchemaForm(schema), value)
    assert (found == value) or problems
    if not instance_problems(schema, value):
        assert (found, problems) == (value, [])
