"""Owns the tests of the graph: order, paths and loop bodies, also against the reference on random graphs."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.graph import Retry, parse
from tests.flows.drawings import flow, node
from tests.flows.random_graphs import random_graph, to_document
from tests.flows.reference import loops_of

NESTED = parse(
    flow(
        [node(id, "transform") for id in "sabcde"],
        ["s -> a", "a -> b", "b:again -> b *2", "b -> c", "c:again -> a *3", "c -> d", "b:error -> e"],
    )
)


def test_the_order_follows_the_edges():
    assert NESTED.order == ("s", "a", "b", "c", "e", "d")


def test_what_lies_on_or_behind_a_cycle_is_not_in_the_order():
    graph = parse(flow([node(id, "transform") for id in "abcd"], ["a -> b", "b -> c", "c -> b", "c -> d"]))
    assert graph.order == ("a",)
    assert (
        graph.leads("b", "b")
        and graph.leads("c", "b")
        and graph.leads("a", "d")
        and not graph.leads("d", "c")
    )


@pytest.mark.parametrize(
    ("source", "target", "leads"),
    [
        ("s", "d", True),
        ("a", "c", True),
        ("c", "a", False),
        ("d", "e", False),
        ("e", "e", True),
        ("s", "ghost", False),
    ],
)
def test_a_path_is_one_of_non_loop_edges(source, target, leads):
    assert NESTED.leads(source, target) is leads


def test_loops_stand_outermost_first_with_their_bodies():
    assert [(loop.head, loop.tail, loop.body) for loop in NESTED.loops] == [
        ("a", "c", frozenset("abc")),
        ("b", "b", frozenset("b")),
    ]
    assert [loop.tail for loop in NESTED.loops_around["b"]] == ["c", "b"]
    assert NESTED.loops_around["d"] == ()
    assert NESTED.loop_of("c", "again").head == "a"
    assert NESTED.loop_of("c", "out") is None


def test_edges_stand_by_their_ends():
    assert [edge.target for edge in NESTED.outgoing["b"]] == ["b", "c", "e"]
    assert [edge.source for edge in NESTED.incoming["b"]] == ["a"]
    assert NESTED.ports_used["c"] == {"again", "out"}


def test_a_retry_fills_in_what_it_leaves_out():
    graph = parse(flow([node("a", "agent", retry={"max_attempts": 5}), node("b", "agent")], []))
    assert graph.nodes["a"].retry == Retry(
        max_attempts=5, backoff_s=1, factor=2, max_backoff_s=30, jitter=True
    )
    assert graph.nodes["b"].retry.max_attempts == 1


@given(st.integers(0, 2**32))
def test_bodies_are_those_of_the_reference(seed):
    drawn = random_graph(Random(seed))
    graph = parse(to_document(drawn))
    assert len(graph.order) == len(graph.nodes)
    expected = {(loop.tail, loop.port): loop.body for loop in loops_of(drawn)}
    assert {(loop.tail, loop.edge.port): loop.body for loop in graph.loops} == expected
