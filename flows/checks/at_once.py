"""Which nodes may run at the same time: neither waits for the other, and one pass through the flow can reach both.

Design note. That one of two nodes leads to the other is not enough: a join with `any` or `quorum` starts before all
that leads to it has settled. And that neither does is not enough either: two branches of a condition never run in one
pass. Two nodes run in one pass if two paths from the start lead to them that take the same port wherever they meet;
walking both paths at once, always with the one that is behind, finds that for all pairs in one go.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property

from flows.graph import Graph

Pair = tuple[str, str]


class AtOnce:
    """Of a graph without cycles that has a start. `nodes` are those that will be asked about."""

    def __init__(self, graph: Graph, nodes: Iterable[str]):
        self.graph, self.nodes = graph, set(nodes)
        self.place = {node: place for place, node in enumerate(graph.order)}
        self.useful = {
            node for node in graph.nodes if any(graph.leads(node, wanted) for wanted in self.nodes)
        }
        self._cut_off: dict[str, set[str]] = {}
        self._after = {node: self._settled_before(node) for node in self.nodes}

    def may(self, one: str, other: str) -> bool:
        """Whether two of the nodes may run at the same time."""
        if one == other or other in self._after[one] or one in self._after[other]:
            return False
        earlier, later = sorted((one, other), key=self.place.__getitem__)
        return bool(self._beside.get(earlier, 0) & self._leading_to[later] & ~(1 << self.place[earlier]))

    # --- who waits for whom ------------------------------------------------------------------------------------

    def _settled_before(self, node: str) -> set[str]:
        """The nodes that cannot start while this one is under way."""
        found: set[str] = set()
        pending = [*self._next(node), *self._behind_loops(node)]
        while pending:
            following = pending.pop()
            if following in found or following == node or not self._waits(following, node):
                continue
            found.add(following)
            pending += self._next(following)
        return found

    def _next(self, node: str) -> list[str]:
        return [edge.target for edge in self.graph.outgoing[node] if edge.loop_max is None]

    def _behind_loops(self, node: str) -> Iterator[str]:
        """Where edges lead that settle when a loop around the node ends: all in it has settled then."""
        for loop in self.graph.loops_around[node]:
            yield from self._exits[loop.edge.index]

    @cached_property
    def _exits(self) -> dict[int, set[str]]:
        """Where the edges out of each loop lead, by the place of the loop's edge."""
        return {
            loop.edge.index: {
                target for inside in loop.body for target in self._next(inside) if target not in loop.body
            }
            for loop in self.graph.loops
        }

    def _waits(self, join: str, node: str) -> bool:
        """Whether `join` waits for all that leads to it, or cuts `node` off where it does not."""
        quorum, incoming = self.graph.nodes[join].quorum, self.graph.incoming[join]
        return quorum is None or quorum >= len(incoming) or node in self._cut_off_by(join)

    def _cut_off_by(self, join: str) -> set[str]:
        """Whatever is under way when this join starts early, and leads nowhere else (contract 4.3)."""
        if join not in self._cut_off:
            self._cut_off[join] = self._leading_only_to(join)
        return self._cut_off[join]

    def _leading_only_to(self, join: str) -> set[str]:
        found = {join}
        for node in reversed(self.graph.order):
            edges = self.graph.outgoing[node]
            if edges and all(edge.loop_max is None and edge.target in found for edge in edges):
                found.add(node)
        return found

    # --- who runs in one pass ----------------------------------------------------------------------------------

    @cached_property
    def _beside(self) -> dict[str, int]:
        """Where two paths can be at once, by the one that is behind: its node → the nodes of the other, as bits."""
        begun = (self.graph.start, self.graph.start)
        found, pending = {begun}, [begun]
        while pending:
            for pair in self._onwards(*pending.pop()):
                if pair not in found:
                    found.add(pair)
                    pending.append(pair)
        beside: dict[str, int] = {}
        for behind, ahead in found:
            beside[behind] = beside.get(behind, 0) | 1 << self.place[ahead]
        return beside

    @cached_property
    def _leading_to(self) -> dict[str, int]:
        """The nodes that lead to each of those asked about, as bits."""
        return {
            wanted: sum(1 << place for node, place in self.place.items() if self.graph.leads(node, wanted))
            for wanted in self.nodes
        }

    def _onwards(self, behind: str, ahead: str) -> Iterator[Pair]:
        edges = [
            edge
            for edge in self.graph.outgoing[behind]
            if edge.loop_max is None and edge.target in self.useful
        ]
        if behind != ahead:
            for edge in edges:
                yield self._in_order(edge.target, ahead)
            return
        takes_several = bool(self.graph.nodes[behind].config.get("multiple"))
        for edge in edges:
            for other in edges:
                if takes_several or edge.port == other.port:
                    yield self._in_order(edge.target, other.target)

    def _in_order(self, one: str, other: str) -> Pair:
        return (one, other) if self.place[one] <= self.place[other] else (other, one)
