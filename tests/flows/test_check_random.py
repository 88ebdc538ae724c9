"""Owns the check against an independent reading of rules 1, 3 and 5, on random graphs and on broken ones."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.check import check
from tests.flows.drawings import lookup
from tests.flows.random_graphs import random_graph, sound, to_document
from tests.flows.reference import Edge, Graph

SEEDS = st.integers(0, 2**32)  # a seed each: drawing every choice from hypothesis takes ten times as long
PORTS = ("out", "else", "otherwise", "error", "exhausted", "a", "b")
# `sound` has no word on these: how ports may be called, and what else a document says.
BESIDES = {"dead_end"}


def breaches(graph: Graph) -> list[str]:
    problems = check(to_document(graph), lookup)
    return [problem.message for problem in problems if problem.code not in BESIDES]


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_a_sound_graph_has_no_problems(seed):
    assert breaches(random_graph(Random(seed))) == []


@settings(max_examples=500, deadline=None)
@given(SEEDS, st.sampled_from((1, 1, 1, 2, 3)))
def test_a_changed_graph_is_refused_exactly_where_the_rules_are_broken(seed, times):
    rng = Random(seed)
    graph = random_graph(rng, rng.randint(2, 14))
    for _ in range(times):
        graph = rng.choice(CHANGES)(graph, rng)
    assert bool(breaches(graph)) == bool(sound(graph)), (sound(graph), breaches(graph))


def without_edge(graph: Graph, rng: Random) -> Graph:
    left = [edge for edge in graph.edges if rng.random() > 1 / len(graph.edges)]
    return Graph(graph.nodes, left or graph.edges)


def with_edge(graph: Graph, rng: Random) -> Graph:
    names = sorted(graph.nodes)
    most = rng.choice((None, None, 1, 3))
    added = Edge(rng.choice(names), rng.choice(PORTS), rng.choice(names), most)
    return Graph(graph.nodes, [*graph.edges, added])


def edge_elsewhere(graph: Graph, rng: Random) -> Graph:
    at, end = rng.randrange(len(graph.edges)), rng.choice(("source", "target"))
    edges = list(graph.edges)
    edges[at] = Edge(*edges[at])._replace(**{end: rng.choice(sorted(graph.nodes))})
    return Graph(graph.nodes, edges)


def another_port(graph: Graph, rng: Random) -> Graph:
    at = rng.randrange(len(graph.edges))
    edges = list(graph.edges)
    edges[at] = Edge(*edges[at])._replace(port=rng.choice(PORTS))
    return Graph(graph.nodes, edges)


def loop_or_not(graph: Graph, rng: Random) -> Graph:
    at = rng.randrange(len(graph.edges))
    edges = list(graph.edges)
    edges[at] = Edge(*edges[at])._replace(loop_max=rng.choice((None, 2)))
    return Graph(graph.nodes, edges)


def another_type(graph: Graph, rng: Random) -> Graph:
    name = rng.choice(sorted(graph.nodes))
    types = [
        {"type": "start"},
        {"type": "end"},
        {"type": "transform"},
        {"type": "join", "join": (rng.choice(("all", "any", "quorum")), rng.randint(1, 4))},
        {"type": "router", "ports": ("a", "b"), "multiple": rng.random() < 0.5},
    ]
    node = {"join": None, "on_error": rng.choice(("fail", "port")), **rng.choice(types)}
    return Graph({**graph.nodes, name: node}, graph.edges)


CHANGES = (without_edge, with_edge, edge_elsewhere, another_port, loop_or_not, another_type)
