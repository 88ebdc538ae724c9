"""Owns the tests of flows with nodes that are not finished: their problems, and everything that can still be said."""

from flows.check import check
from flows.estimate import estimate
from tests.flows.drawings import edge, flow, line, lookup, node, told, warned

FRESH = {"id": "fresh", "type": "agent", "config": {}}


def test_a_fresh_agent_is_told_what_it_lacks_and_nothing_else():
    document = line(FRESH)
    assert told(check(document, lookup)) == [
        ("missing_field", "/nodes/1/config", ("fresh",)),
        ("missing_field", "/nodes/1/config", ("fresh",)),
    ]


def test_structure_is_checked_around_a_node_that_is_not_finished():
    document = line(FRESH, node("b", "agent"))
    document["nodes"].append(node("loose", "wait"))
    found = check(document, lookup)
    assert ("unreachable", "/nodes/4", ("loose",)) in told(found)
    assert warned(found) == [("dead_end", "/nodes/4", ("loose",))]
    assert len(told(found)) == 3


def test_the_edges_of_an_unfinished_router_are_left_alone():
    router = {"id": "r", "type": "router", "config": {"by": "rules", "routes": [{"port": "x"}]}}
    document = flow(
        [node("start", "start"), router, node("done", "end")],
        ["start -> r", "r:x -> done", "r:otherwise -> done"],
    )
    assert [(problem.code, problem.pointer) for problem in check(document, lookup)] == [
        ("missing_field", "/nodes/1/config/routes/0")
    ]


def test_what_reads_the_output_of_an_unfinished_node_is_not_blamed():
    document = line(FRESH, node("t", "transform", {"output": "= steps.fresh.output.whatever"}))
    assert {problem.nodes for problem in check(document, lookup)} == {("fresh",)}


def test_only_the_field_that_does_not_fit_is_left_out():
    document = line(node("a", "agent", {"agent": "ghost", "text": "Hi"}, timeout_s="soon"))
    assert told(check(document, lookup)) == [
        ("type", "/nodes/1/timeout_s", ("a",)),
        ("dead_reference", "/nodes/1/config/agent", ("a",)),
    ]


def test_a_start_and_an_end_stay_what_they_are():
    document = flow(
        [
            {"id": "start", "type": "start", "note": 1},
            {"id": "done", "type": "end", "config": {"colour": "red"}},
        ],
        ["start -> done"],
    )
    assert told(check(document, lookup)) == [
        ("type", "/nodes/0/note", ("start",)),
        ("unknown_field", "/nodes/1/config/colour", ("done",)),
    ]


def test_places_are_those_of_the_whole_document():
    document = line(node("a", "agent"))
    document["edges"] = [{"from": 1, "to": "a"}, *document["edges"], edge("a -> ghost")]
    found = told(check(document, lookup))
    assert found == [("type", "/edges/0/from", ()), ("unknown_node", "/edges/3/to", ("a", "ghost"))]


def test_settings_that_do_not_fit_do_not_hide_the_rest():
    document = line(
        node("a", "agent", {"agent": "ghost", "text": "Hi"}), limits={"max_steps": 0}, colour="red"
    )
    assert told(check(document, lookup)) == [
        ("minimum", "/limits/max_steps", ()),
        ("unknown_field", "/colour", ()),
        ("dead_reference", "/nodes/1/config/agent", ("a",)),
    ]


def test_nobody_knows_what_an_unfinished_node_costs():
    assert estimate(line(FRESH), lookup, lambda model: None) == {
        "expected_usd": 0,
        "worst_usd": None,
        "unbounded": ["fresh"],
    }


def test_a_cost_limit_bounds_an_unfinished_node_too():
    assert estimate(line(FRESH, limits={"max_cost_usd": 0.5}), lookup, lambda model: None) == {
        "expected_usd": 0,
        "worst_usd": 0.5,
        "unbounded": [],
    }
