"""Owns random sound flow graphs for the planner's tests: generator, strategy, choices, and a soundness check.

A region is a row of blocks, each a node or a loop with a region inside. Edges go from a block's last node to
a later block's first, so a body is entered at its head and left from its tail; only error edges leave from
its middle. The shape comes first, then types that fit it, then ports.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from random import Random
from typing import NamedTuple

from hypothesis import strategies as st

from tests.flows.reference import Edge, Failure, Graph, Oracle

CHOICE = ("condition", "router")
OTHERWISE = {"condition": "else", "router": "otherwise"}
MOST_NODES = 25
DEEPEST = 3


class _Block(NamedTuple):
    first: str
    last: str
    members: list[str]


class _Builder:
    def __init__(self, rng: Random):
        self.rng = rng
        self.names: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.loops: list[tuple[str, str]] = []  # (tail, head), inner before outer
        self.later: dict[str, list[str]] = {}  # where an error edge may lead
        self.nodes: dict[str, dict] = {}
        self.edges: list[Edge] = []

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    # Shape

    def whole(self, size: int) -> None:
        ends = min(self.rng.choice((1, 1, 2, 3)), size - 1)
        blocks = [self.plain(), *self.blocks(size - 1 - ends, 0)]
        last = [self.plain() for _ in range(ends)]
        self.wire([*blocks, *last], sources=len(blocks))
        sinks = {block.last for block in blocks} - {source for source, _ in self.links}
        for sink in sorted(sinks):
            if self.chance(0.8):
                self.links.append((sink, self.rng.choice(last).first))
        self.nodes = {name: {"type": "transform", "join": None, "on_error": "fail"} for name in self.names}
        self.nodes[blocks[0].first]["type"] = "start"
        for block in last:
            self.nodes[block.first]["type"] = "end"

    def plain(self) -> _Block:
        self.names.append(f"n{len(self.names) + 1:02}")
        return _Block(self.names[-1], self.names[-1], self.names[-1:])

    def blocks(self, size: int, depth: int) -> list[_Block]:
        blocks = []
        while size > 0:
            # A body that is nothing but one smaller loop would be that loop.
            room = size - 1 if depth and not blocks else size
            if room and depth < DEEPEST and self.chance(0.22):
                blocks.append(self.loop(self.rng.randint(1, min(room, 12)), depth + 1))
            else:
                blocks.append(self.plain())
            size -= len(blocks[-1].members)
        return blocks

    def loop(self, size: int, depth: int) -> _Block:
        blocks = self.blocks(size, depth)
        self.wire(blocks, sources=len(blocks))
        for place, block in enumerate(blocks[:-1]):
            if not any(source == block.last for source, _ in self.links):
                self.links.append((block.last, self.rng.choice(blocks[place + 1 :]).first))
        self.loops.append((blocks[-1].last, blocks[0].first))
        members = [name for block in blocks for name in block.members]
        return _Block(blocks[0].first, blocks[-1].last, members)

    def wire(self, blocks: list[_Block], sources: int) -> None:
        for place, block in enumerate(blocks[1:], start=1):
            earlier = blocks[: min(place, sources)]
            near = earlier[-4:] if self.chance(0.8) else earlier
            for source in self.rng.sample(near, min(len(near), self.rng.choice((1, 1, 2, 2, 3)))):
                self.links.append((source.last, block.first))
        for place, block in enumerate(blocks):
            for name in block.members:
                self.later.setdefault(name, []).extend(after.first for after in blocks[place + 1 :])

    # Types

    def type_nodes(self) -> None:
        into = Counter(target for _, target in self.links)
        out = Counter(source for source, _ in self.links)
        heads = {head for _, head in self.loops}
        tails = Counter(tail for tail, _ in self.loops)
        for name, node in self.nodes.items():
            if node["type"] != "transform":
                continue
            if self.chance(0.25):
                node["on_error"] = "port"
            if name not in heads and self.chance(0.6 if into[name] > 1 else 0.05) and tails[name] < 2:
                node["type"] = "join"
            elif self.chance(0.85 if tails[name] else 0.5 if out[name] > 1 else 0.15) or tails[name] > 1:
                self.make_choice(node, tails[name])

    def make_choice(self, node: dict, loops: int) -> None:
        node["type"] = self.rng.choice(CHOICE)
        node["ports"] = tuple("abcdef"[: loops + self.rng.randint(0 if loops else 1, 2)])
        if node["type"] == "router" and not loops:
            node["multiple"] = self.chance(0.5)

    # Ports

    def connect(self) -> None:
        for tail, head in self.loops:
            self.edges.append(Edge(tail, self.loop_port(tail), head, self.rng.randint(1, 4)))
        for source, target in self.links:
            for _ in range(2 if self.chance(0.1) else 1):
                self.add(Edge(source, self.link_port(source), target))
        for name, node in self.nodes.items():
            if node["on_error"] == "port" and self.later[name] and self.chance(0.6):
                self.add(Edge(name, "error", self.rng.choice(self.later[name])))
        for name, node in self.nodes.items():
            if node["type"] == "join":
                incoming = sum(edge.target == name for edge in self.edges)
                mode = self.rng.choice(("all", "any", "quorum"))
                node["join"] = (mode, self.rng.randint(1, incoming) if mode == "quorum" else None)

    def add(self, edge: Edge) -> None:
        if edge not in self.edges and edge.port not in self.loop_ports(edge.source):
            self.edges.append(edge)

    def loop_ports(self, tail: str) -> set[str]:
        return {edge.port for edge in self.edges if edge.source == tail and edge.loop_max is not None}

    def loop_port(self, tail: str) -> str:
        taken = self.loop_ports(tail)
        if self.nodes[tail]["on_error"] == "port" and "error" not in taken and self.chance(0.2):
            return "error"
        if taken and self.chance(0.2) and "exhausted" not in taken:
            return "exhausted"
        return self.rng.choice([port for port in choices(self.nodes[tail]) if port not in taken])

    def link_port(self, source: str) -> str:
        node, taken = self.nodes[source], self.loop_ports(source)
        ports = [port for port in choices(node) if port not in taken]
        if taken and "exhausted" not in taken and (not ports or self.chance(0.3)):
            return "exhausted"
        if node["on_error"] == "port" and "error" not in taken and (not ports or self.chance(0.1)):
            return "error"
        return self.rng.choice(ports)


def random_graph(rng: Random, size: int | None = None) -> Graph:
    """A sound graph of `size` nodes (2 to 25; without it any)."""
    builder = _Builder(rng)
    builder.whole(size or rng.randint(2, MOST_NODES))
    builder.type_nodes()
    builder.connect()
    rng.shuffle(builder.edges)
    return Graph(builder.nodes, builder.edges)


def sound_graphs(most: int = MOST_NODES) -> st.SearchStrategy[Graph]:
    """Sound graphs of 2 to `most` nodes, which shrink with the random choices that made them."""
    sizes = st.integers(2, most)
    return st.builds(random_graph, st.randoms(use_true_random=False), sizes)


def has_early_join(graph: Graph) -> bool:
    return any((node.get("join") or ("all",))[0] != "all" for node in graph.nodes.values())


def without_early_joins(graph: Graph) -> Graph:
    """The same graph in which every join waits for all."""
    return Graph(
        {name: {**node, "join": node["join"] and ("all", None)} for name, node in graph.nodes.items()},
        graph.edges,
    )


def choices(node: dict) -> tuple[str, ...]:
    """The ports a node can choose by itself: neither `error` nor `exhausted`."""
    if node["type"] in CHOICE:
        return (*node["ports"], OTHERWISE[node["type"]])
    return () if node["type"] == "end" else ("out",)


def random_choices(graph: Graph, seed: int, failing: float = 0.0) -> Oracle:
    """An oracle that depends on seed, node and iteration alone; `failing` is the share of steps that fail.

    A fifth of it falls on steps whose failure fails the run, so that most runs get far.
    """
    loop_ports = {(edge.source, edge.port) for edge in graph.edges if edge.loop_max is not None}
    eager = Random(f"{seed}").choice((0.2, 0.5, 0.95))  # to repeat

    def choose(name: str, iteration: int) -> tuple[str, ...] | Failure:
        rng, node = Random(f"{seed} {name} {iteration}"), graph.nodes[name]
        handled = node["on_error"] == "port"
        if node["type"] != "start" and rng.random() < failing / (1 if handled else 5):
            return Failure()
        ports = choices(node)
        repeating = [port for port in ports if (name, port) in loop_ports]
        if repeating and rng.random() < eager:
            return (rng.choice(repeating),)
        if node.get("multiple"):
            named = ports[:-1]
            return tuple(port for port in named if rng.random() < 0.6) or ports[-1:]
        return (rng.choice(ports),) if ports else ()

    return choose


def to_document(graph: Graph) -> dict:
    """The graph as a flow document (contract section 3) whose configuration is valid and says nothing."""
    nodes = [_node_document(name, node) for name, node in graph.nodes.items()]
    edges = [_edge_document(Edge(*edge)) for edge in graph.edges]
    return {"kind": "flow", "slug": "random", "name": "Random", "nodes": nodes, "edges": edges}


def _node_document(name: str, node: dict) -> dict:
    document = {"id": name, "type": node["type"]}
    cases = [{"port": port, "when": "true"} for port in node.get("ports", ())]
    if node["type"] == "condition":
        document["config"] = {"cases": cases}
    elif node["type"] == "router":
        document["config"] = {"by": "rules", "routes": cases, "multiple": node.get("multiple", False)}
    elif node["type"] == "join":
        mode, count = node["join"]
        document["config"] = {"mode": mode, "combine": "object"} | (
            {"count": count} if mode == "quorum" else {}
        )
    if node["on_error"] == "port":
        document["on_error"] = "port"
    return document


def _edge_document(edge: Edge) -> dict:
    document = {"from": edge.source, "port": edge.port, "to": edge.target}
    return document | ({"loop": {"max": edge.loop_max}} if edge.loop_max is not None else {})


def sound(graph: Graph) -> list[str]:
    """What breaks rules 1, 3 and 5, a sentence each; nothing for a sound graph. Knows no generator."""
    edges = [Edge(*edge) for edge in graph.edges]
    return [*_rule_1(graph.nodes, edges), *_quorums(graph.nodes, edges), *_rule_5(graph.nodes, edges)]


def _rule_1(nodes: dict, edges: list[Edge]) -> list[str]:
    problems = []
    types = Counter(node["type"] for node in nodes.values())
    if types["start"] != 1 or not types["end"]:
        problems.append(f"{types['start']} starts and {types['end']} ends")
    for edge, times in Counter((edge.source, edge.port, edge.target) for edge in edges).items():
        if times > 1:
            problems.append(f"{edge} is there {times} times")
    reaches = _reachability(nodes, [edge for edge in edges if edge.loop_max is None])
    for edge in edges:
        if nodes[edge.target]["type"] == "start" or nodes[edge.source]["type"] == "end":
            problems.append(f"{edge} enters start or leaves an end")
        if edge.port not in _ports(nodes, edges, edge):
            problems.append(f"{edge.source} has no port {edge.port}")
        if edge.loop_max is None and edge.source in reaches[edge.target]:
            problems.append(f"{edge} is in a cycle")
    first = {name for name, node in nodes.items() if node["type"] == "start"}
    lost = [name for name in nodes if not any(name in reaches[start] for start in first)]
    return problems + [f"{name} is not reachable" for name in lost]


def _ports(nodes: dict, edges: list[Edge], edge: Edge) -> set[str]:
    node = nodes[edge.source]
    is_tail = any(
        other.source == edge.source and other.loop_max is not None for other in edges if other != edge
    )
    ports = {*node.get("ports", ()), OTHERWISE[node["type"]]} if node["type"] in CHOICE else {"out"}
    return (
        ports | ({"error"} if node["on_error"] == "port" else set()) | ({"exhausted"} if is_tail else set())
    )


def _reachability(nodes: dict, edges: list[Edge]) -> dict[str, set[str]]:
    """Every node with all that a path leads to from it, itself included (Warshall)."""
    reaches = {name: {name} | {edge.target for edge in edges if edge.source == name} for name in nodes}
    for middle in nodes:
        for name in nodes:
            if middle in reaches[name]:
                reaches[name] = reaches[name] | reaches[middle]
    return reaches


def _quorums(nodes: dict, edges: list[Edge]) -> list[str]:
    incoming = Counter(edge.target for edge in edges if edge.loop_max is None)
    return [
        f"{name} waits for {node['join'][1]} of {incoming[name]} edges"
        for name, node in nodes.items()
        if node["type"] == "join"
        and node["join"][0] == "quorum"
        and not 1 <= node["join"][1] <= incoming[name]
    ]


def _rule_5(nodes: dict, edges: list[Edge]) -> list[str]:
    reaches = _reachability(nodes, [edge for edge in edges if edge.loop_max is None])
    problems, bodies = [], []
    for loop in (edge for edge in edges if edge.loop_max is not None):
        body = {name for name in nodes if name in reaches[loop.target] and loop.source in reaches[name]}
        bodies.append((loop, body))
        problems += [f"{loop}: {problem}" for problem in _loop_problems(nodes, edges, loop, body)]
    for (one, body), (other, other_body) in combinations(bodies, 2):
        if body & other_body and not (body < other_body or other_body < body):
            problems.append(f"the bodies of {one} and {other} overlap")
    return problems


def _loop_problems(nodes: dict, edges: list[Edge], loop: Edge, body: set[str]) -> list[str]:
    into = [edge for edge in edges if edge.source not in body and edge.target in body]
    out = [edge for edge in edges if edge.source in body and edge.target not in body]
    shared = [edge for edge in edges if edge != loop and (edge.source, edge.port) == (loop.source, loop.port)]
    checks = {
        "its head does not lead to its tail": not body,
        "its head is a join": nodes[loop.target]["type"] == "join",
        "its port carries another edge": bool(shared),
        "its tail takes several routes": bool(nodes[loop.source].get("multiple")),
        "max is not 1 to 1000": not 1 <= loop.loop_max <= 1000,
        "an edge into it leads past its head": any(edge.target != loop.target for edge in into),
        "an edge leaves it from its middle": any(e.source != loop.source and e.port != "error" for e in out),
    }
    return [problem for problem, found in checks.items() if found]
