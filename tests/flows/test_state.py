"""How what steps write to a state comes together: tables, and any order of writers."""

from collections import Counter
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.state import REDUCERS, CannotWrite, Declared, declared

FIELDS = {
    "notes": {"type": "array"},
    "facts": {"type": "object"},
    "highest": {"type": "number"},
    "lowest": {"type": "number"},
    "status": {"type": "string", "default": "new"},
}
STATE = Declared(
    {"type": "object", "properties": FIELDS},
    {"notes": "append", "facts": "merge", "highest": "max", "lowest": "min"},
)


@pytest.mark.parametrize(
    ("held", "writes", "expected"),
    [
        ({}, {"notes": "a"}, {"notes": ["a"]}),
        ({"notes": ["a"]}, {"notes": "b"}, {"notes": ["a", "b"]}),
        ({"notes": ["a"]}, {"notes": ["b", "c"]}, {"notes": ["a", "b", "c"]}),
        ({"notes": ["a"]}, {"notes": [["b", "c"]]}, {"notes": ["a", ["b", "c"]]}),
        ({"notes": ["a"]}, {"notes": []}, {"notes": ["a"]}),
        ({"notes": []}, {"notes": None}, {"notes": [None]}),
        ({}, {"facts": {"a": 1}}, {"facts": {"a": 1}}),
        ({"facts": {"a": {"x": 1}, "b": 2}}, {"facts": {"a": {"y": 3}}}, {"facts": {"a": {"y": 3}, "b": 2}}),
        ({}, {"highest": -4}, {"highest": -4}),
        ({"highest": 3}, {"highest": 2.5}, {"highest": 3}),
        ({"highest": 3}, {"highest": 3.5}, {"highest": 3.5}),
        ({"lowest": 3}, {"lowest": 2}, {"lowest": 2}),
        ({"status": "new"}, {"status": "done"}, {"status": "done"}),
        ({"status": "new"}, {}, {"status": "new"}),
    ],
)
def test_what_is_written_comes_together(held: dict, writes: dict, expected: dict):
    before = repr(held)
    assert STATE.written(held, writes) == expected
    assert repr(held) == before


@pytest.mark.parametrize(
    ("held", "writes", "told"),
    [
        ({}, {"other": 1}, "the state has no field other"),
        ({}, {"facts": ["a"]}, "facts is put together by merge, which takes an object"),
        ({}, {"highest": "9"}, "highest is put together by max, which takes a number"),
        ({}, {"lowest": True}, "lowest is put together by min, which takes a number"),
        (
            {"notes": None},
            {"notes": "a"},
            "notes is put together by append, which adds to a list, and something else stands there",
        ),
    ],
)
def test_what_a_reducer_has_no_use_for_is_refused_by_name(held: dict, writes: dict, told: str):
    with pytest.raises(CannotWrite) as refused:
        STATE.written(held, writes)
    assert str(refused.value) == told


def test_a_run_starts_with_the_defaults_alone():
    assert STATE.first() == {"status": "new"}
    assert declared({"kind": "flow"}) is None
    assert declared({"state": {}}) == Declared({}, {})


def test_fields_may_refer_to_what_the_schema_shares():
    found = Declared({"$defs": {"word": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/word"}}})
    assert found.of_fields() == {
        "$defs": {"word": {"type": "string"}},
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/word"}},
    }


NUMBERS = st.one_of(st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False))
ITEMS = st.one_of(st.text(max_size=3), st.integers(0, 9))


def folded(name: str, values: list) -> object:
    state: dict = reduce(lambda state, value: STATE.written(state, {name: value}), values, {})
    return state[name]


@given(st.lists(NUMBERS, min_size=1), st.randoms())
@pytest.mark.parametrize(("field", "of"), [("highest", max), ("lowest", min)])
def test_the_order_of_writers_does_not_matter_to_numbers(field: str, of, values: list, chance):
    first = folded(field, values)
    chance.shuffle(values)
    second = folded(field, values)
    assert (first, type(first)) == (second, type(second))
    assert first == of(values)


@given(st.lists(st.one_of(ITEMS, st.lists(ITEMS, max_size=3)), min_size=1), st.randoms())
def test_writers_to_a_list_lose_nothing_in_any_order(values: list, chance):
    wanted = Counter(item for value in values for item in (value if isinstance(value, list) else [value]))
    assert Counter(folded("notes", values)) == wanted
    chance.shuffle(values)
    assert Counter(folded("notes", values)) == wanted


@given(st.dictionaries(st.text(max_size=2), ITEMS, min_size=1), st.randoms())
def test_writers_of_different_keys_are_all_there_in_any_order(facts: dict, chance):
    values = [{key: value} for key, value in facts.items()]
    chance.shuffle(values)
    assert folded("facts", values) == facts


@given(st.lists(ITEMS, min_size=1))
def test_without_a_reducer_the_last_one_stays(values: list):
    assert folded("status", values) == values[-1]


def test_only_replace_hangs_on_who_is_first():
    assert [name for name, reducer in REDUCERS.items() if not reducer.any_order] == ["replace"]
