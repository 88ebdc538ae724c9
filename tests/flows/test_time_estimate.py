"""Owns the tests of how long a flow may take: literal seconds over branches, loops, maps, retries and waits."""

import pytest

from flows.time_estimate import time_estimate
from tests.flows.drawings import flow, library, line, node

AGENT = {"slug": "x", "purpose": "x", "model": "m/one"}
LIBRARY = library(
    agent_plain=AGENT,
    agent_quick={**AGENT, "sla": {"latency_s": 2}},
    agent_tooled={**AGENT, "tools": ["slow"], "limits": {"max_tool_calls": 2}},
    agent_second={**AGENT, "fallback_models": ["m/two"]},
    tool_slow={"slug": "slow", "type": "http", "timeout_s": 50},
    flow_child=line(node("a", "agent", {"agent": "quick", "text": "x"}, timeout_s=9.5)) | {"slug": "child"},
    flow_round=line(node("a", "subflow", {"flow": "round"})) | {"slug": "round"},
)


def asks(name, id="a", **more):
    return node(id, "agent", {"agent": name, "text": "x"}, **more)


def supervised(workers, **config):
    return node(
        "a", "supervisor", {"agent": "quick", "text": "x", "workers": workers, "max_rounds": 1, **config}
    )


def met(participants, protocol="round_robin", **config):
    return node("a", "team", {"participants": participants, "protocol": protocol, "text": "x", **config})


def taken(document):
    found = time_estimate(document, LIBRARY)
    return found["expected_s"], found["worst_s"], found["unbounded"]


STEPS = [
    (node("a", "transform"), (0, 0, [])),
    # One turn and one repair of at most 120 s each.
    (asks("plain"), (5, 240, [])),
    (asks("quick"), (2, 240, [])),
    (asks("quick", timeout_s=10), (2, 10.5, [])),
    # Three attempts, and pauses of 1 and 2 s with a quarter of jitter.
    (asks("quick", timeout_s=10, retry={}), (2, 35.25, [])),
    (asks("quick", timeout_s=10, retry={"max_attempts": 2, "jitter": False}), (2, 22, [])),
    # Three turns and a repair, and two calls of a tool that may take 50 s.
    (asks("tooled"), (10, 580, [])),
    (asks("second", timeout_s=10), (5, 21, [])),
    (asks("quick", timeout_s=10, fallback=["plain"]), (2, 21, [])),
    (asks("quick", timeout_s=10, escalate={"to": "role:reviewer", "due_in_s": 100}), (2, 110.5, [])),
    (asks("quick", timeout_s=10, escalate={"to": "role:reviewer"}), (2, None, ["a"])),
    (asks("ghost"), (0, None, ["a"])),
    (node("a", "tool", {"tool": "slow"}), (1, 50, [])),
    (node("a", "tool", {"tool": "lookup"}), (1, 30, [])),
    (node("a", "tool", {"tool": "slow"}, timeout_s=5), (1, 5, [])),
    (node("a", "wait", {"seconds": 30}), (30, 30, [])),
    (node("a", "wait", {"seconds": "= input.x"}), (0, None, ["a"])),
    (node("a", "wait", {"until": "2026-01-31T12:00:00Z"}), (0, None, ["a"])),
    (node("a", "approval", {"reviewers": ["role:reviewer"], "due_in_s": 600}), (0, 600, [])),
    (node("a", "approval"), (0, None, ["a"])),
    (node("a", "question", {"assignee": "user:rita", "text": "?", "due_in_s": 60}), (0, 60, [])),
    (node("a", "subflow", {"flow": "child"}), (2, 10, [])),
    (node("a", "subflow", {"flow": "child"}, retry={"max_attempts": 2, "jitter": False}), (2, 21, [])),
    (node("a", "subflow", {"flow": "round"}), (0, None, ["a"])),
    # Ten items, four at a time: three rounds.
    (
        node("a", "map", {"items": str(list(range(10))), "tool": "slow", "max_concurrency": 4}),
        (3, 150, []),
    ),
    (node("a", "map", {"items": "input.list", "tool": "slow", "max_concurrency": 1}), (5, None, ["a"])),
    ({"id": "a", "type": "agent", "config": {}}, (0, None, ["a"])),
    # A round, the answer, and at most 16 workers at once; or one after the other.
    (supervised(["quick", "plain"]), (7.5, 720, [])),
    (supervised(["quick", "plain"], parallel=False), (11, 4320, [])),
    (supervised(["quick", "user:rita"]), (5, None, ["a"])),
    (met(["quick", "plain"], max_turns=3), (9, 720, [])),
    (met(["quick", "plain"], "vote", options=["a", "b"]), (5, 240, [])),
    (met(["quick", "user:rita"], max_turns=2, due_in_s=60), (2, 300, [])),
    (met(["quick", "user:rita"], max_turns=2), (2, None, ["a"])),
    ({**met(["quick", "plain"]), "timeout_s": 30}, (42, 30.5, [])),
]


@pytest.mark.parametrize(("item", "expected"), STEPS)
def test_a_step_takes_its_attempts(item, expected):
    assert taken(line(item)) == expected


def test_steps_one_after_the_other_add_up():
    assert taken(line(asks("quick", timeout_s=9.5), asks("quick", "b", timeout_s=19.5))) == (4, 30, [])


def branches(split, *edges):
    nodes = [
        node("start", "start"),
        split,
        asks("quick", "a", timeout_s=9.5),
        asks("plain", "b", timeout_s=99.5),
        node("j", "join"),
        node("done", "end"),
    ]
    return flow(nodes, ["start -> s", *edges, "a -> j", "b -> j", "j -> done"])


def test_branches_at_once_take_as_long_as_the_longest():
    assert taken(branches(node("s", "transform"), "s -> a", "s -> b")) == (5, 100, [])


def test_branches_that_exclude_each_other_take_their_average_and_at_most_the_longest():
    case = node("s", "condition", {"cases": [{"port": "p", "when": "true"}]})
    assert taken(branches(case, "s:p -> a", "s:else -> b")) == (3.5, 100, [])


def looped(*more, **limits):
    nodes = [
        node("start", "start"),
        asks("quick", "a", timeout_s=9.5),
        node("c", "condition", {"cases": [{"port": "again", "when": "true"}]}),
        node("done", "end"),
    ]
    return flow(nodes, ["start -> a", "a -> c", "c:again -> a *3", "c:else -> done", *more], **limits)


def test_a_loop_goes_round_once_and_at_most_as_often_as_it_may():
    assert taken(looped()) == (2, 40, [])


def test_what_an_error_leads_to_out_of_a_loop_waits_for_its_end():
    document = looped("a:error -> late", "late -> done")
    document["nodes"][1]["on_error"] = "port"
    document["nodes"].append(node("late", "wait", {"seconds": 7}))
    assert taken(document)[1] == 47


LIMITED = [
    (line(asks("plain"), limits={"timeout_s": 30}), (5, 30, [])),
    (line(asks("quick", timeout_s=10), limits={"timeout_s": 30}), (2, 10.5, [])),
    (line(asks("ghost"), limits={"timeout_s": 30}), (0, 30, [])),
    (line(asks("plain"), node("w", "wait", {"seconds": 60}), limits={"timeout_s": 30}), (65, 90, [])),
    (line(node("w", "approval"), limits={"timeout_s": 30}), (0, None, ["w"])),
]


@pytest.mark.parametrize(("document", "expected"), LIMITED)
def test_a_time_limit_bounds_the_work_and_not_the_waiting(document, expected):
    assert taken(document) == expected


def test_a_cycle_is_not_bounded():
    document = line(asks("quick", timeout_s=9.5), asks("quick", "b", timeout_s=9.5))
    document["edges"].append({"from": "b", "to": "a"})
    assert taken(document)[1:] == (None, ["a", "b", "done"])


def test_what_is_no_flow_takes_no_time():
    assert time_estimate({}, LIBRARY) == {"expected_s": 0, "worst_s": None, "unbounded": []}


def test_a_time_limit_does_not_bound_a_step_that_may_come_to_wait_for_people():
    bare = line(node("a", "approval", {"title": "x"})) | {"limits": {"timeout_s": 60}}
    assert taken(bare) == (0, None, ["a"])
