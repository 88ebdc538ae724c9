"""What runs next: the flow's semantics (contract, section 4) as a state that is folded forward.

Design note. The state changes only when a step finishes (`settle`, `fail`); everything else, skips, cancels,
repetitions, starts and the run's end, follows from that and comes back as a `Plan`. So a run is rebuilt by
settling its finished steps again in `seq` order, and the plan that was written with a finish is the plan that a
second reading makes. Each settlement touches only the edges and loops it changes: a step costs the same in
the first iteration and in the thousandth. Rejected: planning from the whole event list each time (quadratic),
and writing each consequence as a truth of its own (two truths that could differ).

Nothing here waits, reads a clock or knows a database.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from flows.graph import Edge, Graph, Loop

PENDING, RUNNING, SUCCEEDED, FAILED, SKIPPED, CANCELLED = (
    "pending",
    "running",
    "succeeded",
    "failed",
    "skipped",
    "cancelled",
)
UNSETTLED, TAKEN, NOT_TAKEN = 0, 1, 2
OPEN = (PENDING, RUNNING)
STARTED = (RUNNING, SUCCEEDED, FAILED)


@dataclass(frozen=True, slots=True)
class Turn:
    """One node in one iteration."""

    node: str
    iteration: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the run ends: `code` is None for success, `node` and `iteration` name the step to blame."""

    code: str | None = None
    node: str | None = None
    iteration: int | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A step that failed without running: its code, and the ports it chose (none where the run ends)."""

    turn: Turn
    code: str
    ports: tuple[str, ...]


@dataclass(slots=True)
class Plan:
    """What follows from one settlement, each list in the order it happened.

    `ready` must be started, `skipped` and `failed` recorded, `cancelled` stopped (they were running).
    """

    ready: list[Turn] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    skipped: list[Turn] = field(default_factory=list)
    cancelled: list[Turn] = field(default_factory=list)
    outcome: Outcome | None = None


class State:
    """Where a run stands in its graph."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.status = dict.fromkeys(graph.nodes, PENDING)
        self.iteration = dict.fromkeys(graph.nodes, 1)
        self.chosen: dict[str, tuple[str, ...]] = {}
        self.edges = [UNSETTLED] * len(graph.edges)
        self.unsettled = {node: len(edges) for node, edges in graph.incoming.items()}
        self.taken = dict.fromkeys(graph.nodes, 0)
        self.repeats = {loop.edge.index: 0 for loop in graph.loops}
        self.came_back: dict[str, int] = {}  # head -> the loop edge that it runs again for
        self.running = 0
        self.ends: list[str] = []
        self._shape = Shape.of(graph)
        self._queue: deque[Edge] = deque()
        self._ready: dict[str, None] = {}
        self._plan = Plan()

    def begin(self) -> Plan:
        """The run starts: so does its start node."""
        self._plan = Plan()
        self._start(self.graph.start)
        return self._plan

    def resolve(self, node: str, ports: tuple[str, ...]) -> tuple[str, ...]:
        """The ports as they will be recorded: `exhausted` where a loop may not repeat again."""
        loop = self._loop(node, ports)
        return ("exhausted",) if loop is not None and self._is_used_up(loop) else ports

    def settle(self, node: str, ports: tuple[str, ...]) -> Plan:
        """A running node succeeded and chose `ports` (as `resolve` gave them)."""
        return self._finish(node, SUCCEEDED, ports)

    def fail(self, node: str, code: str) -> Plan:
        """A running node failed for good: its error port is chosen, or the run ends."""
        if self.graph.nodes[node].on_error == "port":
            return self._finish(node, FAILED, self.resolve(node, ("error",)))
        self.status[node] = FAILED
        self.running -= 1
        return Plan(outcome=Outcome(code, node, self.iteration[node]))

    def arrivals(self, node: str) -> list[Edge]:
        """The edges taken into a node that starts now, in document order; the loop edge too when it repeats."""
        taken = [edge for edge in self.graph.incoming[node] if self.edges[edge.index] == TAKEN]
        if node in self.came_back:
            taken.append(self.graph.edges[self.came_back[node]])
            taken.sort(key=lambda edge: edge.index)
        return taken

    def turn(self, node: str) -> Turn:
        return Turn(node, self.iteration[node])

    def _finish(self, node: str, status: str, ports: tuple[str, ...]) -> Plan:
        self._plan = plan = Plan()
        self.running -= 1
        self._close(node, status, ports)
        self._drain()
        if self.running == 0 and plan.outcome is None:
            plan.outcome = Outcome(None if self.ends else "no_end_reached")
        return self._without_stillborn(plan)

    def _close(self, node: str, status: str, ports: tuple[str, ...]) -> None:
        """What a finished node's ports mean: repeat a loop, end the run, or settle its edges."""
        self.status[node] = status
        if self.graph.nodes[node].type == "end":
            self.ends.append(node)
        loop = self._loop(node, ports)
        if loop is not None and not self._is_used_up(loop):
            self._repeat(loop)
        elif ports == ("exhausted",) and (loop or "exhausted" not in self.graph.ports_used[node]):
            self._plan.outcome = Outcome("loop_exhausted", node, self.iteration[node])
        else:
            self._leave(node, ports)

    @staticmethod
    def _without_stillborn(plan: Plan) -> Plan:
        """What became ready and was cut off by the same settlement never starts."""
        stillborn = set(plan.ready).intersection(plan.cancelled)
        if stillborn:
            plan.ready = [turn for turn in plan.ready if turn not in stillborn]
            plan.cancelled = [turn for turn in plan.cancelled if turn not in stillborn]
        return plan

    def _loop(self, node: str, ports: tuple[str, ...]) -> Loop | None:
        return self.graph.loop_of(node, ports[0]) if len(ports) == 1 else None

    def _is_used_up(self, loop: Loop) -> bool:
        return self.repeats[loop.edge.index] >= loop.edge.loop_max

    def _start(self, node: str) -> None:
        self.status[node] = RUNNING
        self.running += 1
        self._plan.ready.append(self.turn(node))

    def _leave(self, node: str, ports: tuple[str, ...]) -> None:
        """A settled node's edges settle, those that leave a loop when the outermost of them ends."""
        self.chosen[node] = ports
        for edge in self._shape.stays[node]:
            self._settle_edge(edge, edge.port in ports)
        for loop in self._shape.tail_of[node]:
            self._end(loop)

    def _settle_edge(self, edge: Edge, taken: bool) -> None:
        if self.edges[edge.index] == UNSETTLED:
            self.edges[edge.index] = TAKEN if taken else NOT_TAKEN
            self.unsettled[edge.target] -= 1
            self.taken[edge.target] += taken
            self._queue.append(edge)

    def _drain(self) -> None:
        """Skips as far as it goes, then fails what fell short, then starts together what is ready."""
        while (self._queue or self._ready) and self._plan.outcome is None:
            while self._queue:
                self._consider(self._queue.popleft().target)
            ready = [node for node in self._ready if self.status[node] == PENDING]
            short = [node for node in ready if self.taken[node] < (self.graph.nodes[node].quorum or 0)]
            self._ready = dict.fromkeys(ready) if short else {}
            if short:
                self._fall_short(min(short, key=self._shape.order.__getitem__))
            else:
                self._start_together(ready)

    def _start_together(self, ready: list[str]) -> None:
        for node in ready:
            self._start(node)
        for node in ready:
            if self.graph.nodes[node].type == "join":
                self._cancel_before(node)

    def _fall_short(self, node: str) -> None:
        """A join that can never reach its quorum fails without a start (contract 4.3)."""
        del self._ready[node]
        turn, port = self.turn(node), self.graph.nodes[node].on_error == "port"
        ports = self.resolve(node, ("error",)) if port else ()
        self._plan.failed.append(Failed(turn, "quorum_not_reached", ports))
        if port:
            self._close(node, FAILED, ports)
        else:
            self.status[node] = FAILED
            self._plan.outcome = Outcome("quorum_not_reached", turn.node, turn.iteration)

    def _consider(self, node: str) -> None:
        """Skips a pending node whose turn has come, or notes that it may start (contract 4.3)."""
        if self.status[node] != PENDING:
            return
        quorum = self.graph.nodes[node].quorum
        if quorum is not None and self.taken[node] >= quorum:
            self._ready[node] = None
        elif self.unsettled[node] == 0:
            if self.taken[node]:
                self._ready[node] = None
            else:
                self._skip(node)

    def _skip(self, node: str) -> None:
        self.status[node] = SKIPPED
        self._plan.skipped.append(self.turn(node))
        self._leave(node, ())

    def _cancel(self, nodes: Iterable[str]) -> None:
        """Every one is cancelled before the first of their edges settles: none of them starts another."""
        stopped = [node for node in nodes if self.status[node] in OPEN]
        for node in stopped:
            if self.status[node] == RUNNING:
                self.running -= 1
                self._plan.cancelled.append(self.turn(node))
            self.status[node] = CANCELLED
        for node in stopped:
            self._leave(node, ())

    def _cancel_before(self, join: str) -> None:
        """Cancels what could only have led to joins that have started (contract 4.3)."""
        doomed: dict[str, None] = {}
        open_nodes = [join]
        while open_nodes:
            for edge in self.graph.incoming[open_nodes.pop()]:
                node = edge.source
                if node not in doomed and self.status[node] in OPEN and self._leads_nowhere(node, doomed):
                    doomed[node] = None
                    open_nodes.append(node)
        self._cancel(doomed)

    def _leads_nowhere(self, node: str, doomed: dict[str, None]) -> bool:
        return all(edge.target in doomed or self._is_over(edge.target) for edge in self.graph.outgoing[node])

    def _is_over(self, node: str) -> bool:
        if self.graph.nodes[node].type == "join":
            return self.status[node] in STARTED or self.status[node] == CANCELLED
        return self.status[node] == CANCELLED

    def _end(self, loop: Loop) -> None:
        """The loop's tail settled otherwise: what still runs in its body stops, and the edges out of it settle."""
        self._cancel(self._shape.ordered_body[loop.edge.index])
        for edge in self._shape.leaves[loop.edge.index]:
            self._settle_edge(edge, edge.port in self.chosen.get(edge.source, ()))

    def _repeat(self, loop: Loop) -> None:
        body = self._shape.ordered_body[loop.edge.index]
        self._stop(body)
        self.repeats[loop.edge.index] += 1
        for inner in self._shape.inside[loop.edge.index]:
            self.repeats[inner] = 0
        for edge in self._shape.inner_edges[loop.edge.index]:
            self._unsettle(edge)
        for node in body:
            self.status[node] = PENDING
            self.iteration[node] += 1
            self.chosen.pop(node, None)
            self.came_back.pop(node, None)
        self.came_back[loop.head] = loop.edge.index
        self._start(loop.head)

    def _stop(self, body: Iterable[str]) -> None:
        """Cancels without settling edges: all of them are about to be unsettled again."""
        for node in body:
            if self.status[node] == RUNNING:
                self.running -= 1
                self._plan.cancelled.append(self.turn(node))

    def _unsettle(self, edge: Edge) -> None:
        if self.edges[edge.index] != UNSETTLED:
            self.taken[edge.target] -= self.edges[edge.index] == TAKEN
            self.edges[edge.index] = UNSETTLED
            self.unsettled[edge.target] += 1


@dataclass(slots=True)
class Shape:
    """What of a graph the planner looks up again and again; made once a graph. Loops go by their edge's index."""

    stays: dict[str, list[Edge]]  # a node's edges that leave no loop
    leaves: dict[int, list[Edge]]  # the edges that settle when this loop ends: it is the outermost they leave
    tail_of: dict[str, list[Loop]]  # innermost first
    ordered_body: dict[int, list[str]]
    inner_edges: dict[int, list[Edge]]
    inside: dict[int, list[int]]
    order: dict[str, int]

    @classmethod
    def of(cls, graph: Graph) -> "Shape":
        known = graph.__dict__.get("_shape")
        if known is None:
            known = graph.__dict__["_shape"] = cls._make(graph)
        return known

    @classmethod
    def _make(cls, graph: Graph) -> "Shape":
        shape = cls(
            {node: [] for node in graph.nodes}, {}, {node: [] for node in graph.nodes}, {}, {}, {}, {}
        )
        shape.order.update((node, place) for place, node in enumerate(graph.nodes))
        for loop in graph.loops:
            shape._add_loop(graph, loop)
        for edge in graph.edges:
            if edge.loop_max is None:
                left = [loop for loop in graph.loops_around[edge.source] if edge.target not in loop.body]
                (shape.leaves[left[0].edge.index] if left else shape.stays[edge.source]).append(edge)
        return shape

    def _add_loop(self, graph: Graph, loop: Loop) -> None:
        index, body = loop.edge.index, loop.body
        self.leaves[index] = []
        self.tail_of[loop.tail].insert(0, loop)
        self.ordered_body[index] = [node for node in graph.nodes if node in body]
        self.inner_edges[index] = [
            e for e in graph.edges if e.loop_max is None and e.source in body and e.target in body
        ]
        self.inside[index] = [
            other.edge.index for other in graph.loops if other is not loop and other.body <= body
        ]
