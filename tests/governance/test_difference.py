"""What two documents differ in: by the names of things, complete, and nothing besides."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.documents import digest
from governance.documents.difference import Change, Item, applied, difference

NODE = {
    "id": "classify",
    "type": "router",
    "config": {"min_confidence": 0.7, "routes": [{"port": "a"}, {"port": "b"}]},
}
START = {"id": "start", "type": "start"}
FLOW = {"nodes": [START, NODE], "edges": [{"from": "start", "to": "classify"}], "name": "Triage"}


def changed(**fields) -> dict:
    return {**deepcopy(FLOW), **fields}


def with_config(**fields) -> dict:
    return {**NODE, "config": {**NODE["config"], **fields}}


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (FLOW, []),
        (changed(name="Sorting"), [Change(("name",), "changed", "Triage", "Sorting")]),
        (changed(limits={"max_steps": 3}), [Change(("limits",), "added", after={"max_steps": 3})]),
        ({key: FLOW[key] for key in ("nodes", "edges")}, [Change(("name",), "removed", "Triage")]),
        (
            changed(nodes=[START, with_config(min_confidence=0.8)]),
            [Change(("nodes", Item("id", "classify"), "config", "min_confidence"), "changed", 0.7, 0.8)],
        ),
        (
            changed(nodes=[{"id": "new"}, START, NODE]),
            [Change(("nodes", Item("id", "new")), "added", after={"id": "new"}, at=0)],
        ),
        (changed(nodes=[NODE]), [Change(("nodes", Item("id", "start")), "removed", START)]),
        (
            changed(nodes=[NODE, START]),
            [
                Change(
                    ("nodes",),
                    "reordered",
                    [Item("id", "start"), Item("id", "classify")],
                    [Item("id", "classify"), Item("id", "start")],
                )
            ],
        ),
        (
            changed(edges=[*FLOW["edges"], {"from": "classify", "port": "a", "to": "done"}]),
            [
                Change(
                    ("edges", Item("edge", "classify.a → done")), "added",
                    after={"from": "classify", "port": "a", "to": "done"}, at=1,
                )
            ],
        ),
        (
            changed(edges=[{"from": "start", "to": "classify", "loop": {"max": 3}}]),
            [Change(("edges", Item("edge", "start → classify"), "loop"), "added", after={"max": 3})],
        ),
        (
            changed(nodes=[START, with_config(routes=[{"port": "b", "when": "x"}, {"port": "c"}])]),
            [
                Change(
                    ("nodes", Item("id", "classify"), "config", "routes", Item("port", "a")), "removed", {"port": "a"}
                ),
                Change(
                    ("nodes", Item("id", "classify"), "config", "routes", Item("port", "b"), "when"), "added", after="x"
                ),
                Change(
                    ("nodes", Item("id", "classify"), "config", "routes", Item("port", "c")), "added",
                    after={"port": "c"}, at=1,
                ),
            ],
        ),
    ],
)  # fmt: skip
def test_a_flow_differs_by_the_names_of_its_parts(new, expected):
    assert difference(FLOW, new) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (["a", "b"], ["b", "c"], [("removed", '"a"'), ("added", '"c"')]),
        (["a"], [], [("removed", '"a"')]),
        ([], ["a"], [("added", '"a"')]),
        ([1], [True], [("removed", "1"), ("added", "true")]),
    ],
)
def test_plain_values_in_a_list_are_told_apart_by_themselves(old, new, expected):
    changes = difference({"tools": old}, {"tools": new})
    assert [(change.what, change.path[-1].name) for change in changes] == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (1, 1.0),
        (1, True),
        (0, False),
        (0, None),
        ("1", 1),
        ({}, []),
        ([], {}),
        ([{"say": "a"}], [{"say": "b"}]),
        (["a", "a"], ["a"]),
        ([["a"]], [["b"]]),
        (None, {"a": 1}),
    ],
)
def test_what_has_no_names_is_one_value(old, new):
    assert difference({"x": old}, {"x": new}) == [Change(("x",), "changed", old, new)]


def test_the_order_of_keys_counts_for_nothing():
    assert difference({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}) == []


def test_an_order_is_told_by_the_names_that_both_lists_have():
    edge = {"id": "e", "from": "a", "to": "b"}
    old, new = [edge, {"id": "f", "from": "c", "to": "d"}], [{"from": "c", "to": "d"}, edge]
    assert applied(old, difference(old, new)) == new


def test_nothing_is_changed_in_what_is_compared_or_applied_to():
    old, new = deepcopy(FLOW), changed(nodes=[with_config(routes=[])], extra=[1])
    kept = deepcopy((old, new))
    made = applied(old, difference(old, new))
    made["extra"].append(2)
    made["nodes"][0]["config"]["x"] = 1
    assert (old, new) == kept


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3)
)
NAMES = st.sampled_from(["a", "b", "c", "d", "out"])
NODES = st.lists(
    st.fixed_dictionaries({"id": NAMES}, optional={"x": SCALARS, "config": st.dictionaries(NAMES, SCALARS)})
)
EDGES = st.lists(
    st.fixed_dictionaries({"from": NAMES, "to": NAMES}, optional={"port": NAMES, "loop": SCALARS})
)
PORTS = st.lists(st.fixed_dictionaries({"port": NAMES}, optional={"when": SCALARS}))
VALUES = st.recursive(
    SCALARS | NODES | EDGES | PORTS | st.lists(SCALARS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(VALUES, VALUES)
def test_the_difference_applied_to_the_old_gives_the_new(old, new):
    made = applied(old, difference(old, new))
    assert digest({"": made}) == digest({"": new})
    assert difference(made, new) == []


@given(NODES, NODES, EDGES, EDGES)
def test_so_it_is_for_whole_flows(nodes, others, edges, joined):
    old, new = {"nodes": nodes, "edges": edges}, {"nodes": others, "edges": joined}
    assert digest(applied(old, difference(old, new))) == digest(new)


@given(VALUES)
def test_a_value_does_not_differ_from_itself(value):
    assert difference(value, deepcopy(value)) == []
