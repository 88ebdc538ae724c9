"""Owns what the planner's tests rely on: random graphs are sound, the reference ends alike in any order."""

from math import prod
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.flows.random_graphs import (
    has_early_join,
    random_choices,
    random_graph,
    sound,
    sound_graphs,
    to_document,
    without_early_joins,
)
from tests.flows.reference import Edge, Graph, Oracle, Trace, interpret, loops_of

bounded = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 2**32)


def watched(graph: Graph, choose: Oracle) -> Oracle:
    """The oracle, failing the test if a step is asked twice or repeats more than its loops allow."""
    most = {
        name: prod(loop.limit + 1 for loop in loops_of(graph) if name in loop.body) for name in graph.nodes
    }
    asked = set()

    def answer(name: str, iteration: int):
        assert (name, iteration) not in asked
        assert iteration <= most[name]
        asked.add((name, iteration))
        return choose(name, iteration)

    return answer


def play(graph: Graph, choices: int, schedule: int, failing: float = 0.0) -> Trace:
    return interpret(graph, watched(graph, random_choices(graph, choices, failing)), Random(schedule))


@bounded
@given(sound_graphs())
def test_a_random_graph_is_sound(graph):
    assert sound(graph) == []


@bounded
@given(sound_graphs(), seeds, seeds)
def test_every_run_settles_each_step_once_and_leaves_nothing_over(graph, choices, schedule):
    trace = play(graph, choices, schedule, failing=0.1)
    steps = [(record.node, record.iteration) for record in trace.records]
    assert len(steps) == len(set(steps))
    assert set(trace.started) >= {
        step for step, r in zip(steps, trace.records, strict=True) if r.what == "ran"
    }
    if trace.outcome in ("succeeded", "no_end_reached"):
        assert not trace.unsettled
        assert {node for node, _ in steps} == set(graph.nodes)
        assert set(trace.started) <= set(steps)


@bounded
@given(sound_graphs(), seeds, seeds, seeds)
def test_without_early_joins_the_order_changes_nothing(drawn, choices, schedule, other):
    graph = without_early_joins(drawn)
    one, two = play(graph, choices, schedule), play(graph, choices, other)
    if one.outcome == "loop_exhausted":
        assert two.outcome == "loop_exhausted"  # of several loops another may be used up first
        return
    assert (one.outcome, one.ends) == (two.outcome, two.ends)
    assert sorted(one.records) == sorted(two.records)
    assert {record.what for record in one.records} <= {"ran", "skipped"}


def test_the_generator_draws_what_is_hard():
    graphs = [random_graph(Random(seed)) for seed in range(200)]
    loops = [loops_of(graph) for graph in graphs]
    traces = [play(graph, seed, seed, 0.1 * (seed % 2)) for seed, graph in enumerate(graphs)]
    pairs = [(a, b) for some in loops for a in some for b in some if a != b]
    seen = {
        (record.what, port) for trace in traces for record in trace.records for port in (*record.ports, "")
    }
    assert {len(graph.nodes) for graph in graphs} == set(range(2, 26))
    assert any(a.body < b.body for a, b in pairs)
    assert any(a.tail == b.tail for a, b in pairs)
    assert any(a.head == b.head for a, b in pairs)
    assert any(loop.head == loop.tail for some in loops for loop in some)
    assert any(has_early_join(graph) for graph in graphs)
    assert {("ran", "exhausted"), ("failed", "error"), ("skipped", ""), ("cancelled", "")} <= seen
    outcomes = {trace.outcome for trace in traces}
    assert outcomes == {"succeeded", "no_end_reached", "step_failed", "loop_exhausted", "quorum_not_reached"}


START, A, B = {"type": "start"}, {"type": "transform"}, {"type": "condition", "ports": ("x", "y")}
JOIN, MANY, END = (
    {"type": "join", "join": ("quorum", 2)},
    {"type": "router", "ports": ("x",)},
    {"type": "end"},
)
LOOP = [Edge("s", "out", "a"), Edge("a", "out", "b"), Edge("b", "x", "a", 2), Edge("b", "y", "e")]
BREACHES = {
    "there is no end": ({"s": START, "a": A}, [Edge("s", "out", "a")], "1 starts and 0 ends"),
    "an edge leaves an end": (
        {"s": START, "e": END, "a": A},
        [Edge("s", "out", "e"), Edge("e", "out", "a")],
        "enters start or leaves an end",
    ),
    "an edge is there twice": ({"s": START, "e": END}, [Edge("s", "out", "e")] * 2, "is there 2 times"),
    "a port is not one of the node's": (
        {"s": START, "e": END},
        [Edge("s", "else", "e")],
        "s has no port else",
    ),
    "error without on_error": (
        {"s": START, "e": END},
        [Edge("s", "out", "e"), Edge("s", "error", "e")],
        "s has no port error",
    ),
    "a node cannot be reached": (
        {"s": START, "e": END, "a": A},
        [Edge("s", "out", "e"), Edge("a", "out", "e")],
        "a is not reachable",
    ),
    "a cycle without a loop edge": (
        {"s": START, "a": A, "b": B, "e": END},
        [*LOOP, Edge("b", "else", "a")],
        "is in a cycle",
    ),
    "a quorum beyond the edges": (
        {"s": START, "j": JOIN, "e": END},
        [Edge("s", "out", "j"), Edge("j", "out", "e")],
        "j waits for 2 of 1 edges",
    ),
    "a loop to a join": (
        {"s": START, "a": JOIN, "b": B, "e": END},
        [*LOOP, Edge("s", "out", "e")],
        "its head is a join",
    ),
    "a loop from several routes": (
        {"s": START, "a": A, "b": {**MANY, "multiple": True}, "e": END},
        [*LOOP[:3], Edge("b", "otherwise", "e")],
        "its tail takes several routes",
    ),
    "a loop that shares its port": (
        {"s": START, "a": A, "b": B, "e": END},
        [*LOOP, Edge("b", "x", "e")],
        "its port carries another edge",
    ),
    "a loop with max 0": (
        {"s": START, "a": A, "b": B, "e": END},
        [*LOOP[:2], Edge("b", "x", "a", 0), LOOP[3]],
        "max is not 1 to 1000",
    ),
    "a way into the middle of a loop": (
        {"s": START, "a": A, "b": B, "e": END},
        [*LOOP, Edge("s", "out", "b")],
        "an edge into it leads past its head",
    ),
    "a way out of the middle of a loop": (
        {"s": START, "a": A, "b": B, "e": END},
        [*LOOP, Edge("a", "out", "e")],
        "an edge leaves it from its middle",
    ),
    "a loop forward": (
        {"s": START, "a": A, "b": B, "e": END},
        [*LOOP[:2], LOOP[3], Edge("a", "out", "b", 2)],
        "its head does not lead to its tail",
    ),
    "two loops with one body": (
        {"s": START, "a": A, "b": B, "e": END},
        [*LOOP, Edge("b", "else", "a", 2)],
        "overlap",
    ),
    "two loops that overlap": (
        {"s": START, "a": A, "b": B, "c": B, "d": B, "e": END},
        [*LOOP[:2], Edge("b", "y", "c"), Edge("c", "x", "a", 2), Edge("c", "y", "d"), Edge("d", "x", "b", 2)],
        "overlap",
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_the_soundness_check_finds(breach):
    nodes, edges, problem = BREACHES[breach]
    found = sound(Graph({name: {"on_error": "fail"} | node for name, node in nodes.items()}, edges))
    assert any(text.endswith(problem) for text in found)


def test_a_sound_graph_has_no_problem():
    nodes = {"s": START, "a": A, "b": B, "e": END}
    assert sound(Graph({name: {"on_error": "fail"} | node for name, node in nodes.items()}, LOOP)) == []


def test_a_graph_becomes_a_document():
    nodes = {
        "s": {"type": "start", "join": None, "on_error": "fail"},
        "c": {"type": "condition", "join": None, "on_error": "port", "ports": ("x",)},
        "r": {"type": "router", "join": None, "on_error": "fail", "ports": ("y",), "multiple": True},
        "j": {"type": "join", "join": ("quorum", 2), "on_error": "fail"},
    }
    edges = [Edge("s", "out", "c"), Edge("c", "x", "s", 3)]
    document = to_document(Graph(nodes, edges))
    assert document["nodes"] == [
        {"id": "s", "type": "start"},
        {
            "id": "c",
            "type": "condition",
            "config": {"cases": [{"port": "x", "when": "true"}]},
            "on_error": "port",
        },
        {
            "id": "r",
            "type": "router",
            "config": {"by": "rules", "routes": [{"port": "y", "when": "true"}], "multiple": True},
        },
        {"id": "j", "type": "join", "config": {"mode": "quorum", "combine": "object", "count": 2}},
    ]
    assert document["edges"] == [
        {"from": "s", "port": "out", "to": "c"},
        {"from": "c", "port": "x", "to": "s", "loop": {"max": 3}},
    ]
