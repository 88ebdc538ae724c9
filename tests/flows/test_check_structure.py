"""Owns the tests of rule 1 and of the quorum: for each a sound flow and its breach."""

import pytest

from flows.check import check
from tests.flows.drawings import flow, line, lookup, node, told, warned

START, DONE, A, B = (
    node("start", "start"),
    node("done", "end"),
    node("a", "transform"),
    node("b", "transform"),
)
CASES = node("c", "condition", {"cases": [{"port": "yes", "when": "true"}]})
ERRING = node("a", "transform", on_error="port")
JOIN = node("j", "join", {"mode": "quorum", "count": 2})


def condition(*ports):
    return node("c", "condition", {"cases": [{"port": port, "when": "true"} for port in ports]})


def router(*ports):
    return node("r", "router", {"by": "rules", "routes": [{"port": port, "when": "true"} for port in ports]})


SOUND = {
    "smallest": flow([START, DONE], ["start -> done"]),
    "several ends": flow([START, DONE, node("other", "end")], ["start -> done", "start -> other"]),
    "one node by two ports": flow([START, CASES, DONE], ["start -> c", "c:yes -> done", "c:else -> done"]),
    "an error port": flow([START, ERRING, DONE], ["start -> a", "a -> done", "a:error -> done"]),
    "a quorum of all": flow(
        [START, A, B, JOIN, DONE], ["start -> a", "start -> b", "a -> j", "b -> j", "j -> done"]
    ),
    "a port with a hyphen": flow(
        [START, condition("needs-review"), DONE], ["start -> c", "c:needs-review -> done"]
    ),
}


@pytest.mark.parametrize("document", SOUND.values(), ids=SOUND)
def test_a_sound_flow_has_no_problems(document):
    assert check(document, lookup) == []


BREACHES = {
    "no start": (flow([A, DONE], ["a -> done"]), [("no_start", "/nodes", ())]),
    "two starts": (
        flow([START, node("begin", "start"), DONE], ["start -> done", "begin -> done"]),
        [("several_starts", "/nodes/1/type", ("start", "begin"))],
    ),
    "no end": (flow([START, A], ["start -> a"]), [("no_end", "/nodes", ())]),
    "nothing at all": (flow([], []), [("no_start", "/nodes", ()), ("no_end", "/nodes", ())]),
    "an id twice": (
        flow([START, A, A, DONE], ["start -> a", "a -> done"]),
        [("duplicate_node", "/nodes/2/id", ("a",))],
    ),
    "an unknown type": (
        flow([START, node("a", "oracle"), DONE], ["start -> a", "a:maybe -> done"]),
        [("unknown_type", "/nodes/1/type", ("a",))],
    ),
    "a type of a later issue": (
        flow([START, node("a", "learned-router", {"agent": "x"}), DONE], ["start -> a", "a -> done"]),
        [("unknown_type", "/nodes/1/type", ("a",))],
    ),
    "into the start": (
        flow([START, A, DONE], ["start -> a", "a -> start *2", "a -> done"]),
        [
            ("enters_start", "/edges/1/to", ("a", "start")),
            ("loop_port_shared", "/edges/2/port", ("a", "done")),
        ],
    ),
    "out of an end": (
        flow([START, DONE, node("other", "end")], ["start -> done", "done -> other", "start -> other"]),
        [("leaves_end", "/edges/1/from", ("done", "other"))],
    ),
    "an edge twice": (
        flow([START, DONE], ["start -> done", "start:out -> done"]),
        [("duplicate_edge", "/edges/1", ("start", "done"))],
    ),
    "from nowhere": (
        flow([START, DONE], ["start -> done", "ghost -> done"]),
        [("unknown_node", "/edges/1/from", ("ghost", "done"))],
    ),
    "to nowhere": (
        flow([START, DONE], ["start -> done", "start -> ghost"]),
        [("unknown_node", "/edges/1/to", ("start", "ghost"))],
    ),
    "a port of nobody": (
        flow([START, A, DONE], ["start -> a", "a:yes -> done"]),
        [("unknown_port", "/edges/1/port", ("a",))],
    ),
    "out of a condition": (
        flow([START, CASES, DONE], ["start -> c", "c -> done"]),
        [("unknown_port", "/edges/1/port", ("c",))],
    ),
    "otherwise of a condition": (
        flow([START, CASES, DONE], ["start -> c", "c:otherwise -> done"]),
        [("unknown_port", "/edges/1/port", ("c",))],
    ),
    "an error port without on_error": (
        flow([START, A, DONE], ["start -> a", "a -> done", "a:error -> done"]),
        [("unknown_port", "/edges/2/port", ("a",))],
    ),
    "exhausted without a loop": (
        flow([START, A, DONE], ["start -> a", "a -> done", "a:exhausted -> done"]),
        [("unknown_port", "/edges/2/port", ("a",))],
    ),
    "exhausted on the loop edge itself": (
        flow([START, CASES, DONE], ["start -> c", "c:exhausted -> c *2", "c:else -> done"]),
        [("unknown_port", "/edges/1/port", ("c",))],
    ),
    "a reserved port": (
        flow([START, condition("else"), DONE], ["start -> c", "c:else -> done"]),
        [("reserved_port", "/nodes/1/config/cases/0/port", ("c",))],
    ),
    "a reserved route": (
        flow([START, router("billing", "approved"), DONE], ["start -> r", "r:billing -> done"]),
        [("reserved_port", "/nodes/1/config/routes/1/port", ("r",))],
    ),
    "a case twice": (
        flow([START, condition("yes", "no", "yes"), DONE], ["start -> c", "c:yes -> done"]),
        [("duplicate_port", "/nodes/1/config/cases/2/port", ("c",))],
    ),
    "a cycle": (
        flow([START, A, B, DONE], ["start -> a", "a -> b", "b -> a", "b -> done"]),
        [("cycle", "/edges/2", ("a", "b"))],
    ),
    "a cycle of one": (
        flow([START, A, DONE], ["start -> a", "a -> a", "a -> done"]),
        [("cycle", "/edges/1", ("a",))],
    ),
    "a cycle that the start does not reach": (
        flow([START, A, B, DONE], ["start -> done", "a -> b", "b -> a"]),
        [
            ("cycle", "/edges/2", ("a", "b")),
            ("unreachable", "/nodes/1", ("a",)),
            ("unreachable", "/nodes/2", ("b",)),
        ],
    ),
    "unreachable": (
        flow([START, A, DONE], ["start -> done", "a -> done"]),
        [("unreachable", "/nodes/1", ("a",))],
    ),
    "reachable over a loop edge alone": (
        flow([START, CASES, A, DONE], ["start -> c", "c:yes -> a *2", "a -> c", "c:else -> done"]),
        [("unreachable", "/nodes/2", ("a",)), ("loop_entered_inside", "/edges/0/to", ("start", "c"))],
    ),
    "a quorum over its edges": (
        flow([START, A, JOIN, DONE], ["start -> a", "a -> j", "j -> done"]),
        [("quorum_too_high", "/nodes/2/config/count", ("j",))],
    ),
}


@pytest.mark.parametrize(("document", "expected"), BREACHES.values(), ids=BREACHES)
def test_a_breach_is_named_with_its_place_and_its_nodes(document, expected):
    assert told(check(document, lookup)) == expected


@pytest.mark.parametrize("type", ["oracle", "bogus"])
def test_an_unknown_type_is_told_what_there_is(type):
    [problem] = check(line(node("a", type)), lookup)
    assert problem.message.startswith(
        f"There is no node type '{type}', or it is not built yet: use one of start, end,"
    )


def test_a_cycle_is_shown_as_a_way_with_what_to_do():
    document = flow([START, A, B, DONE], ["start -> a", "a -> b", "b -> a", "b -> done"])
    [problem] = check(document, lookup)
    assert problem.message == (
        "a → b → a goes round without end: make b → a a loop (`loop: {max: 3}`), or remove it."
    )


def test_what_leads_nowhere_is_a_warning():
    document = flow([START, A, DONE], ["start -> a", "start -> done"])
    assert told(check(document, lookup)) == []
    assert warned(check(document, lookup)) == [("dead_end", "/nodes/1", ("a",))]
