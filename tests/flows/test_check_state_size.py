"""The check of a large typed state: bounded in fields, and in what it costs where many steps write to it."""

import time

import pytest

from flows.check import check
from flows.checks import races
from flows.checks.at_once import AtOnce
from flows.checks.drawing import Drawing
from flows.state import declared
from tests.flows.drawings import line, lookup, node, told


def parallel(steps: int, fields: int, value, field=None, reducer: str = "") -> dict:
    """start → as many transforms side by side, each of which writes to all fields → a join → done."""
    names = [f"w{number}" for number in range(steps)]
    writes = [{f"n{place}": value(name) for place in range(fields)} for name in names]
    working = [
        node(name, "transform", {"output": 1}, writes=each) for name, each in zip(names, writes, strict=True)
    ]
    ends = [("start", name) for name in names] + [(name, "j") for name in names] + [("j", "done")]
    state = {
        "schema": {"type": "object", "properties": {f"n{place}": field or {} for place in range(fields)}}
    }
    if reducer:
        state["reducers"] = {f"n{place}": reducer for place in range(fields)}
    return {
        "kind": "flow",
        "slug": "wide",
        "nodes": [node("start", "start"), *working, node("j", "join"), node("done", "end")],
        "edges": [{"from": source, "to": target} for source, target in ends],
        "state": state,
    }


OBJECT = {"type": "object", "properties": {}}
WIDE = {
    "each the same field": (parallel(400, 40, lambda name: "= 1"), 100),
    "each a key of its own": (parallel(400, 40, lambda name: {name: 1}, OBJECT, "merge"), 0),
    "each what nobody can say": (parallel(400, 40, lambda name: "= 1", OBJECT, "merge"), 0),
}


@pytest.mark.parametrize(("document", "expected"), WIDE.values(), ids=WIDE)
def test_400_steps_side_by_side_with_40_writes_each_are_checked_within_2_s(document: dict, expected: int):
    before = time.process_time()  # of the processor: what else the machine does is not the check's
    problems = check(document, lookup)
    assert time.process_time() - before < 2
    assert told(problems)[:1] == (
        [("parallel_writes", "/nodes/2/writes/n0", ("w0", "w1"))] if expected else []
    )
    assert len(problems) == expected


def test_who_may_run_at_once_is_asked_once_for_each_pair_and_what_is_written_once_for_each_step_and_field(
    monkeypatch,
):
    asked, made = [], []
    may, made_by = AtOnce.may, races.made_by

    def may_noted(self, one, other):
        asked.append((one, other))
        return may(self, one, other)

    def made_by_noted(drawing, template, node):
        made.append((node.id, template))
        return made_by(drawing, template, node)

    monkeypatch.setattr(AtOnce, "may", may_noted)
    monkeypatch.setattr(races, "made_by", made_by_noted)
    document = parallel(20, 30, lambda name: "= output", OBJECT, "merge")
    document["nodes"][1]["config"] = {"output": {"n": 1}}
    document["nodes"][2]["config"] = {"output": {"n": 2}}
    drawing = Drawing(document, lookup)
    list(races.races(drawing, declared(document)))
    assert len(made) == 20 * 30
    assert (
        len(asked) == len(set(asked)) == 20
    )  # one step has a rival; it is asked about the others, for all fields


TOO_MANY = {f"f{number}": {"default": 0} for number in range(101)}


def test_a_state_has_at_most_100_fields_and_as_many_reducers():
    fine = dict(list(TOO_MANY.items())[:100])
    assert check(line(state={"schema": {"properties": fine}}), lookup) == []
    assert told(check(line(state={"schema": {"properties": TOO_MANY}}), lookup)) == [
        ("maxProperties", "/state/schema/properties", ())
    ]
    (problem,) = check(line(state={"reducers": dict.fromkeys(TOO_MANY, "max")}), lookup)
    assert (problem.pointer, problem.message) == ("/state/reducers", "This may have at most 100 fields.")


def test_every_default_that_does_not_fit_is_named_and_what_it_refers_to_is_known():
    properties = {
        "a/b": {"$ref": "#/$defs/word", "default": 1},
        "fine": {"$ref": "#/$defs/word", "default": "x"},
        "list": {"type": "array", "items": {"type": "integer"}, "default": [1, "x", "y"]},
    }
    state = {"schema": {"properties": properties, "$defs": {"word": {"type": "string"}}}}
    found = check(line(state=state), lookup)
    assert [(problem.pointer, problem.message) for problem in found] == [
        (
            "/state/schema/properties/a~1b/default",
            "The default of a/b does not fit its own schema: This must be text.",
        ),
        (
            "/state/schema/properties/list/default",
            "The default of list does not fit its own schema: This must be a whole number.",
        ),
    ]


def test_at_most_100_problems_of_a_kind_are_told():
    writes = {f"x{number}": 1 for number in range(60)}
    working = [node(f"w{number}", "transform", {"output": 1}, writes=writes) for number in range(5)]
    problems = check(line(*working, state={"schema": {"properties": {"n": {}}}}), lookup)
    assert [problem.code for problem in problems] == ["unknown_field"] * 100
