"""A flow's graph: nodes, edges, ports and loops, parsed from its document.

Pure: a `Graph` says what is connected to what, `flows.check` says what is wrong with it, and the planner
(runs.engine.planner) says what happens in it. Source of the rules: contract, sections 3 and 4.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

RETRY_DEFAULTS = {
    "max_attempts": 3,
    "backoff_s": 1,
    "factor": 2,
    "max_backoff_s": 30,
    "jitter": True,
}


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how far apart a step is attempted; a node without `retry` is attempted once."""

    max_attempts: int = 1
    backoff_s: float = 1
    factor: float = 2
    max_backoff_s: float = 30
    jitter: bool = True


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a flow. `config` is the document's, untouched."""

    id: str
    type: str
    name: str = ""
    config: Mapping = field(default_factory=dict)
    retry: Retry = Retry()
    timeout_s: float | None = None
    fallback: tuple[str, ...] = ()
    escalate: Mapping | None = None
    on_error: str = "fail"
    cache_ttl_s: float | None = None
    writes: Mapping = field(default_factory=dict)

    @property
    def quorum(self) -> int | None:
        """How many taken edges start this node early; None where it waits for every edge to settle."""
        if self.type != "join":
            return None
        return {"any": 1, "quorum": self.config.get("count", 1)}.get(self.config.get("mode", "all"))


@dataclass(frozen=True, slots=True)
class Edge:
    """From a port to a node. `index` is its place in the document; `loop_max` is set on loop edges alone."""

    index: int
    source: str
    port: str
    target: str
    loop_max: int | None = None


@dataclass(frozen=True)
class Loop:
    """A loop edge and its body: every node on a path of non-loop edges from `head` to `tail`."""

    edge: Edge
    body: frozenset[str]

    @property
    def head(self) -> str:
        return self.edge.target

    @property
    def tail(self) -> str:
        return self.edge.source


class Graph:
    """Nodes, edges and loops of a flow that fits the schema.

    `nodes` by id in document order, `edges` in document order. A graph that breaks section 4 can be built and
    asked too: `flows.check` does so to say what is wrong.
    """

    def __init__(self, nodes: Iterable[Node], edges: Iterable[Edge]):
        self.nodes = {node.id: node for node in nodes}
        self.edges = tuple(edges)

    @cached_property
    def start(self) -> str:
        return next(node.id for node in self.nodes.values() if node.type == "start")

    @cached_property
    def outgoing(self) -> dict[str, tuple[Edge, ...]]:
        """Every edge that leaves a node, loop edges too, in document order."""
        found: dict[str, list[Edge]] = {node: [] for node in self.nodes}
        for edge in self.edges:
            found.setdefault(edge.source, []).append(edge)
        return {node: tuple(edges) for node, edges in found.items()}

    @cached_property
    def incoming(self) -> dict[str, tuple[Edge, ...]]:
        """The non-loop edges into a node, in document order."""
        found: dict[str, list[Edge]] = {node: [] for node in self.nodes}
        for edge in self.edges:
            if edge.loop_max is None:
                found.setdefault(edge.target, []).append(edge)
        return {node: tuple(edges) for node, edges in found.items()}

    @cached_property
    def loops(self) -> tuple[Loop, ...]:
        """The loops, outermost first, then in document order."""
        loops = [Loop(edge, self.between(edge.target, edge.source)) for edge in self.edges if edge.loop_max]
        return tuple(sorted(loops, key=lambda loop: (-len(loop.body), loop.edge.index)))

    @cached_property
    def loops_around(self) -> dict[str, tuple[Loop, ...]]:
        """The loops whose body holds a node, outermost first."""
        return {node: tuple(loop for loop in self.loops if node in loop.body) for node in self.nodes}

    @cached_property
    def ports_used(self) -> dict[str, frozenset[str]]:
        """The ports of a node that something is connected to."""
        return {node: frozenset(edge.port for edge in edges) for node, edges in self.outgoing.items()}

    def loop_of(self, node: str, port: str) -> Loop | None:
        """The loop that `node` repeats when it chooses `port`."""
        return self._loop_by_port.get((node, port))

    @cached_property
    def _loop_by_port(self) -> dict[tuple[str, str], Loop]:
        return {(loop.tail, loop.edge.port): loop for loop in self.loops}

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The nodes so that every non-loop edge leads onwards; those on or behind a cycle are missing."""
        waiting = {node: len(edges) for node, edges in self.incoming.items()}
        ready = [node for node in self.nodes if not waiting[node]]
        for node in ready:
            for edge in self.outgoing[node]:
                if edge.loop_max is None and edge.target in self.nodes:
                    waiting[edge.target] -= 1
                    if not waiting[edge.target]:
                        ready.append(edge.target)
        return tuple(ready)

    def leads(self, source: str, target: str) -> bool:
        """Whether a path of non-loop edges leads from `source` to `target`; every node leads to itself."""
        return bool(self._after.get(source, 0) & self._bits.get(target, 0))

    def between(self, head: str, tail: str) -> frozenset[str]:
        """Every node on a path of non-loop edges from `head` to `tail`, both included; empty without a path."""
        if not self.leads(head, tail):
            return frozenset()
        behind_head, tail_bit = self._after[head], self._bits[tail]
        return frozenset(
            node for node, bit in self._bits.items() if behind_head & bit and self._after[node] & tail_bit
        )

    @cached_property
    def _bits(self) -> dict[str, int]:
        return {node: 1 << place for place, node in enumerate(self.nodes)}

    @cached_property
    def _after(self) -> dict[str, int]:
        """The nodes that each node leads to, as a set of bits: a 500-node graph takes a millisecond, not 500 walks."""
        after, changed = dict(self._bits), True
        in_order = set(self.order)
        backwards = [*(node for node in self.nodes if node not in in_order), *reversed(self.order)]
        while changed:  # a second time to see that nothing changes; more often only where there are cycles
            changed = False
            for node in backwards:
                found = after[node]
                for edge in self.outgoing[node]:
                    if edge.loop_max is None:
                        found |= after.get(edge.target, 0)
                if found != after[node]:
                    after[node], changed = found, True
        return after


def parse(document: Mapping) -> Graph:
    """The graph of a flow document that fits its JSON Schema."""
    return Graph((parse_node(item) for item in document["nodes"]), parse_edges(document["edges"]))


def parse_node(item: Mapping) -> Node:
    retry = item.get("retry")
    return Node(
        id=item["id"],
        type=item["type"],
        name=item.get("name", ""),
        config=item.get("config", {}),
        retry=Retry(**{**RETRY_DEFAULTS, **retry}) if retry is not None else Retry(),
        timeout_s=item.get("timeout_s"),
        fallback=tuple(item.get("fallback", ())),
        escalate=item.get("escalate"),
        on_error=item.get("on_error", "fail"),
        cache_ttl_s=item.get("cache_ttl_s"),
        writes=item.get("writes", {}),
    )


def parse_edges(items: Iterable[Mapping]) -> list[Edge]:
    return [
        Edge(
            index,
            item["from"],
            item.get("port", "out"),
            item["to"],
            item.get("loop", {}).get("max"),
        )
        for index, item in enumerate(items)
    ]
