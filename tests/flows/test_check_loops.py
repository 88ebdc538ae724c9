"""Owns the tests of rule 5: what a loop may be, and how its body may be entered and left."""

import pytest

from flows.check import check
from tests.flows.drawings import flow, lookup, node, told

TYPES = {
    "a": "transform",
    "b": "transform",
    "x": "transform",
    "c": "condition",
    "d": "condition",
    "j": "join",
}


def drawn(*edges, **types):
    """A flow of start, done and every node its edges name; a to x are transforms, c and d conditions, j a join."""
    names = dict.fromkeys(name for edge in edges for name in edge.replace(":", " ").split() if name in TYPES)
    nodes = [node(name, types.get(name, TYPES[name])) for name in sorted(names)]
    for item in nodes:
        if item["type"] == "transform" and item["id"] in ("a", "b"):
            item["on_error"] = "port"
    return flow([node("start", "start"), *nodes, node("done", "end")], list(edges))


SOUND = {
    "one node": drawn("start -> c", "c:again -> c *3", "c:else -> done"),
    "two nodes": drawn("start -> a", "a -> c", "c:again -> a *3", "c:else -> done"),
    "an exhausted port": drawn("start -> a", "a -> c", "c:again -> a *1000", "c:exhausted -> done"),
    "exhausted repeats an outer loop": drawn(
        "start -> a", "a -> b", "b -> c", "c:again -> b *2", "c:exhausted -> a *2", "c:else -> done"
    ),
    "one inside another": drawn(
        "start -> a", "a -> c", "c:again -> c *2", "c:else -> d", "d:again -> a *2", "d:else -> done"
    ),
    "two that share a head": drawn(
        "start -> a", "a -> c", "c:again -> a *2", "c:else -> d", "d:again -> a *2", "d:else -> done"
    ),
    "one behind another": drawn(
        "start -> c", "c:again -> c *2", "c:else -> d", "d:again -> d *2", "d:else -> done"
    ),
    "an error port out of the middle": drawn(
        "start -> a", "a -> c", "a:error -> done", "c:again -> a *2", "c:else -> done"
    ),
    "branches inside": drawn(
        "start -> x", "x -> a", "x -> b", "a -> j", "b -> j", "j -> c", "c:again -> x *2", "c:else -> done"
    ),
    "an error repeats": drawn("start -> a", "a:error -> a *2", "a -> done"),
}


@pytest.mark.parametrize("document", SOUND.values(), ids=SOUND)
def test_a_sound_loop_has_no_problems(document):
    assert told(check(document, lookup)) == []


BREACHES = {
    "forwards": (
        drawn("start -> c", "c:again -> a *2", "c:else -> a", "a -> done"),
        [("loop_without_path", "/edges/1", ("c", "a"))],
    ),
    "into a join": (
        drawn("start -> j", "j -> c", "c:again -> j *2", "c:else -> done"),
        [("loop_into_join", "/edges/2/to", ("c", "j"))],
    ),
    "a port with another edge": (
        drawn("start -> c", "c:again -> c *2", "c:again -> a", "a -> done"),
        [("loop_port_shared", "/edges/2/port", ("c", "a"))],
    ),
    "two loops on one port": (
        drawn("start -> a", "a -> c", "c:again -> a *2", "c:again -> c *2", "c:else -> done"),
        [("loop_port_shared", "/edges/3/port", ("c", "c"))],
    ),
    "entered in the middle": (
        drawn("start -> a", "start -> x", "x -> b", "a -> b", "b -> c", "c:again -> a *2", "c:else -> done"),
        [("loop_entered_inside", "/edges/2/to", ("x", "b"))],
    ),
    "left in the middle": (
        drawn("start -> a", "a -> c", "a -> done", "c:again -> a *2", "c:else -> done"),
        [("loop_left_inside", "/edges/2/from", ("a", "done"))],
    ),
    "the same body twice": (
        drawn("start -> a", "a -> c", "c:again -> a *2", "c:other -> a *3", "c:else -> done"),
        [("loops_overlap", "/edges/3", ("a", "c"))],
    ),
    "bodies that overlap": (
        drawn("start -> a", "a -> c", "c:else -> d", "c:again -> a *2", "d:again -> c *2", "d:else -> done"),
        [
            ("loop_entered_inside", "/edges/4/to", ("d", "c")),
            ("loop_left_inside", "/edges/3/from", ("c", "a")),
            ("loops_overlap", "/edges/4", ("c",)),
        ],
    ),
}


@pytest.mark.parametrize(("document", "expected"), BREACHES.values(), ids=BREACHES)
def test_a_breach_is_named_with_its_place_and_its_nodes(document, expected):
    assert told(check(document, lookup)) == expected


def test_a_router_that_takes_several_routes_ends_no_loop():
    routes = [{"port": "again", "when": "true"}, {"port": "on", "when": "true"}]
    router = node("r", "router", {"by": "rules", "routes": routes, "multiple": True})
    nodes = [node("start", "start"), router, node("done", "end")]
    document = flow(nodes, ["start -> r", "r:again -> r *2", "r:on -> done"])
    assert told(check(document, lookup)) == [("loop_from_multiple", "/edges/1/from", ("r",))]
    router["config"]["multiple"] = False
    assert told(check(document, lookup)) == []


@pytest.mark.parametrize("most", [0, 1001, 1.5, "3", None])
def test_a_loop_has_a_limit_from_1_to_1000(most):
    document = drawn("start -> c", "c:again -> c *2", "c:else -> done")
    document["edges"][1]["loop"]["max"] = most
    assert [problem.pointer for problem in check(document, lookup)] == ["/edges/1/loop/max"]


def test_a_way_into_a_loop_is_told_where_to_lead():
    document = BREACHES["entered in the middle"][0]
    [problem] = check(document, lookup)
    assert problem.message == (
        "x → b enters the loop a … c in its middle: lead it to a, the first node of the loop."
    )
