"""Owns the reference reading of contract section 4: a slow flow interpreter, written from its rules alone.

Nothing is cached or counted forward that can be found again: what an edge is, which loops it leaves and
which node may run is worked out from the states of the nodes each time it is asked. So that the planner and
this can disagree, it shares no code with the product.

A graph is plain data. `nodes` maps an id to `{"type", "join", "on_error", "ports", "multiple"}`; all but
`type` may be missing: `join` is None or `(mode, count)` with mode `all`, `any` or `quorum` (count matters for
the last only), `on_error` is `fail` or `port`, `ports` are the names a condition's cases or a router's routes
declare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

UNSETTLED = ("pending", "running")


class Edge(NamedTuple):
    """One arrow; with `loop_max` (1 to 1000) it is a loop edge."""

    source: str
    port: str
    target: str
    loop_max: int | None = None


class Graph(NamedTuple):
    """Nodes by id and edges, as the module's docstring gives them."""

    nodes: dict[str, dict]
    edges: list[Edge]


class Loop(NamedTuple):
    """A loop edge tail → head with the nodes on a path from head to tail."""

    tail: str
    port: str
    head: str
    limit: int
    body: frozenset[str]


class Failure(NamedTuple):
    """What the oracle answers for a step whose attempts, fallbacks and escalation are used up."""

    code: str = "step_failed"


class Record(NamedTuple):
    """How one step settled: `ran`, `failed` (its port is then `error`, or none), `skipped` or `cancelled`."""

    node: str
    iteration: int
    what: str
    ports: tuple[str, ...] = ()


Oracle = Callable[[str, int], Iterable[str] | Failure]


@dataclass
class Trace:
    """What happened: `outcome` is `succeeded` or an error code, `node` the one a failed run names."""

    records: list[Record] = field(default_factory=list)
    started: list[tuple[str, int]] = field(default_factory=list)
    outcome: str | None = None
    node: str | None = None
    ends: frozenset[str] = frozenset()
    unsettled: frozenset[str] = (
        frozenset()
    )  # nodes that never settled: none, unless the run failed in its middle


def interpret(graph: Graph, choose: Oracle, rng: Random) -> Trace:
    """Run a sound graph to its end; `rng.choice(sorted(running))` says which running step finishes next.

    `choose(node, iteration)` answers the ports (an end: none) or a Failure; it is asked once a step, when the
    step finishes. Anything with such a `choice` may stand for `rng`.
    """
    return _Interpreter(graph, choose, rng).run()


def loops_of(graph: Graph) -> list[Loop]:
    """Every loop with its body, found over paths of non-loop edges."""
    edges = [Edge(*edge) for edge in graph.edges]
    forward = [edge for edge in edges if edge.loop_max is None]
    return [
        Loop(edge.source, edge.port, edge.target, edge.loop_max, _between(edge.target, edge.source, forward))
        for edge in edges
        if edge.loop_max is not None
    ]


def _between(head: str, tail: str, edges: list[Edge]) -> frozenset[str]:
    after = _closure(head, [(edge.source, edge.target) for edge in edges])
    before = _closure(tail, [(edge.target, edge.source) for edge in edges])
    return frozenset(after & before)


def _closure(origin: str, pairs: list[tuple[str, str]]) -> set[str]:
    reached = {origin}
    while more := {b for a, b in pairs if a in reached} - reached:
        reached |= more
    return reached


class _Interpreter:
    def __init__(self, graph: Graph, choose: Oracle, rng: Random):
        self.nodes = graph.nodes
        self.edges = [Edge(*edge) for edge in graph.edges]
        self.forward = [edge for edge in self.edges if edge.loop_max is None]
        self.loops = loops_of(graph)
        self.choose = choose
        self.rng = rng
        self.trace = Trace()
        # Of the present iteration of each node; a repetition makes all four as if new for its body.
        self.state = dict.fromkeys(graph.nodes, "pending")
        self.chosen: dict[str, tuple[str, ...]] = {}
        self.joins_started: set[str] = set()
        self.cut_off: set[str] = set()
        # How often each loop has repeated: since it was entered from outside, and in the whole run.
        self.since_entry = dict.fromkeys(self.loops, 0)
        self.in_all = dict.fromkeys(self.loops, 0)

    def run(self) -> Trace:
        self.settle()
        while self.trace.outcome is None and (running := self.those("running")):
            node = self.rng.choice(running)
            self.finish(node, self.choose(node, self.iteration(node)))
            self.settle()
        self.conclude()
        return self.trace

    def conclude(self) -> None:
        """Rule 7."""
        ended = {record.node for record in self.trace.records if record.what == "ran"}
        self.trace.ends = frozenset(node for node in ended if self.nodes[node]["type"] == "end")
        self.trace.unsettled = frozenset(self.those("pending"))
        if self.trace.outcome is None:
            self.trace.outcome = "succeeded" if self.trace.ends else "no_end_reached"

    # What is the case

    def those(self, state: str) -> list[str]:
        return sorted(node for node in self.nodes if self.state[node] == state)

    def iteration(self, node: str) -> int:
        """Rule 5: 1 plus the repetitions so far of all loops around the node."""
        return 1 + sum(self.in_all[loop] for loop in self.loops if node in loop.body)

    def edge(self, edge: Edge) -> str:
        """Rules 2, 3 and 5: `unsettled`, `taken` or `not taken`. A loop has ended once its tail settled."""
        left = [loop for loop in self.loops if edge.source in loop.body and edge.target not in loop.body]
        outermost = max(left, key=lambda loop: len(loop.body)).tail if left else edge.source
        if self.state[edge.source] in UNSETTLED or self.state[outermost] in UNSETTLED:
            return "unsettled"
        return "taken" if edge.port in self.chosen[edge.source] else "not taken"

    def verdict(self, node: str) -> str:
        """Rule 3 for a pending node: `run`, `skip`, `fail` or `wait`."""
        if self.nodes[node]["type"] == "start":
            return "run"
        incoming = [self.edge(edge) for edge in self.forward if edge.target == node]
        needed = self.needed(node)
        taken = incoming.count("taken")
        if needed is not None and taken >= needed:
            return "run"
        if "unsettled" in incoming:
            return "wait"
        if taken == 0:
            return "skip"
        return "fail" if needed is not None else "run"

    def needed(self, node: str) -> int | None:
        """How many taken edges start an early join; None for every other node."""
        mode, count = self.nodes[node].get("join") or ("all", None)
        return {"all": None, "any": 1, "quorum": count}[mode]

    def leads_nowhere(self, node: str) -> bool:
        """Rule 3: all outgoing edges, loop edges too, lead to started joins or to nodes cut off so."""
        targets = [edge.target for edge in self.edges if edge.source == node]
        return bool(targets) and all(target in self.joins_started | self.cut_off for target in targets)

    def loop_at(self, node: str, ports: tuple[str, ...]) -> Loop | None:
        return next((loop for loop in self.loops if loop.tail == node and loop.port in ports), None)

    def used_up(self, loop: Loop) -> bool:
        return self.since_entry[loop] >= loop.limit

    # What happens

    def settle(self) -> None:
        """Skip and fail one by one, then start everything that is ready together, until nothing changes."""
        while self.trace.outcome is None:
            verdicts = {node: self.verdict(node) for node in self.those("pending")}
            over = [node for node, verdict in verdicts.items() if verdict in ("skip", "fail")]
            ready = [node for node, verdict in verdicts.items() if verdict == "run"]
            if over and verdicts[over[0]] == "skip":
                self.close(over[0], "skipped")
            elif over:
                self.finish(over[0], Failure("quorum_not_reached"))
            elif ready:
                self.start(ready)
            else:
                return

    def start(self, ready: list[str]) -> None:
        for node in ready:
            self.state[node] = "running"
            self.trace.started.append((node, self.iteration(node)))
            if self.nodes[node]["type"] == "join":
                self.joins_started.add(node)
        if any(self.needed(node) is not None for node in ready):
            self.cancel_what_leads_nowhere()

    def cancel_what_leads_nowhere(self) -> None:
        unsettled = self.those("pending") + self.those("running")
        while found := [node for node in unsettled if node not in self.cut_off and self.leads_nowhere(node)]:
            self.cut_off.update(found)
        self.cancel(self.cut_off)

    def finish(self, node: str, outcome: Iterable[str] | Failure) -> None:
        """Rules 2, 5 and 6: settle on the chosen ports, repeat a loop, or fail the run."""
        if isinstance(outcome, Failure):
            what, ports = "failed", ("error",)
            if self.nodes[node].get("on_error", "fail") != "port":
                self.close(node, what, ends_loops=False)
                return self.fail(outcome.code, node)
        else:
            what, ports = "ran", tuple(outcome)
        loop = self.loop_at(node, ports)
        if loop and self.used_up(loop):
            ports = ("exhausted",)
            loop = self.loop_at(node, ports)
            connected = any(edge.source == node and edge.port == "exhausted" for edge in self.edges)
            if not connected or (loop and self.used_up(loop)):
                self.close(node, what, ports, ends_loops=False)
                return self.fail("loop_exhausted", node)
        self.close(node, what, ports, ends_loops=loop is None)
        if loop:
            self.repeat(loop)

    def close(self, node: str, what: str, ports: tuple[str, ...] = (), *, ends_loops: bool = True) -> None:
        """Settle a node in its present iteration; the loops it is the tail of end and cancel what is left."""
        self.state[node] = what
        self.chosen[node] = ports
        self.trace.records.append(Record(node, self.iteration(node), what, ports))
        if ends_loops:
            self.cancel({member for loop in self.loops if loop.tail == node for member in loop.body})

    def cancel(self, nodes: Iterable[str]) -> None:
        for node in sorted(nodes):
            if self.state[node] in UNSETTLED:
                self.close(node, "cancelled")

    def repeat(self, loop: Loop) -> None:
        """Rule 5: the body is pending again, its inner loops have not repeated yet."""
        self.cancel(loop.body)
        self.since_entry[loop] += 1
        self.in_all[loop] += 1
        for inner in self.loops:
            if inner.body < loop.body:
                self.since_entry[inner] = 0
        for node in loop.body:
            self.state[node] = "pending"
            self.chosen.pop(node, None)
        self.joins_started -= loop.body
        self.cut_off -= loop.body

    def fail(self, code: str, node: str) -> None:
        """Rule 6: the run's running steps are cancelled; what had not started stays as it is."""
        self.trace.outcome = code
        self.trace.node = node
        for running in self.those("running"):
            self.state[running] = "cancelled"
            self.trace.records.append(Record(running, self.iteration(running), "cancelled"))
