"""Two steps that may write to one field of the state at the same time, where the one that comes last wins by chance.

Design note. A flow may have 500 nodes that write to 100 fields each: whoever writes to a field, or to a key of it, is
a set of bits by the place of the node, and so are those who may run beside a node. What is left for each writer of a
field is to lay one set over the other.
"""

from collections.abc import Iterator
from functools import cached_property

from flows.checks.at_once import AtOnce
from flows.checks.drawing import Drawing
from flows.checks.fits import made_by
from flows.graph import Node
from flows.state import Declared
from governance.refusals import Problem, pointer

MEND = (
    "give the field a reducer that keeps both (append, merge, max, min), let them write to two fields, "
    "or connect them so that one comes after the other"
)
CONTESTED = ("replace", "merge")  # by the others it does not matter who is last
WHOLE = None  # in the place of a key: all of the field


def races(drawing: Drawing, declared: Declared) -> Iterator[Problem]:
    """One for each writer and field, with the first that it contests the field with; nothing for an unsound graph."""
    graph = drawing.graph
    if len(graph.order) < len(graph.nodes) or not any(node.type == "start" for node in graph.nodes.values()):
        return
    writers: dict[str, list[Node]] = {}
    for node, _ in drawing.typed:
        for name in node.writes:
            if name in declared.fields and declared.reducer(name) in CONTESTED:
                writers.setdefault(name, []).append(node)
    shared = {name: nodes for name, nodes in writers.items() if len(nodes) > 1}
    rivals = Rivals(drawing, {node.id for nodes in shared.values() for node in nodes})
    for name, nodes in shared.items():
        yield from of_field(drawing, name, nodes, declared.reducer(name), rivals)


def of_field(
    drawing: Drawing, name: str, nodes: list[Node], reducer: str, rivals: "Rivals"
) -> Iterator[Problem]:
    earlier: dict[str | None, int] = {}  # who writes to a key, of those before
    for node in nodes:
        keys = keys_written(drawing, node, name) if reducer == "merge" else [WHOLE]
        before = {key: earlier[key] for key in keys if key in earlier}
        meeting = rivals.of(node.id) if before else 0
        contested = {key: mask & meeting for key, mask in before.items() if mask & meeting}
        if contested:
            first = min(mask & -mask for mask in contested.values())
            both = sorted(
                f"{name}.{key}" for key, mask in contested.items() if mask & first and key is not WHOLE
            )
            yield problem(drawing, name, rivals.named(first), node.id, ", ".join(both) or name)
        for key in keys:
            earlier[key] = earlier.get(key, 0) | rivals.bits[node.id]


def problem(drawing: Drawing, name: str, one: str, other: str, what: str) -> Problem:
    message = (
        f"{one} and {other} may write to {what} at the same time, and whoever comes last would win: {MEND}."
    )
    found = Problem(f"/writes{pointer(name)}", message, "parallel_writes", nodes=(one, other))
    return drawing.at_node(found, other)


def keys_written(drawing: Drawing, node: Node, name: str) -> list[str]:
    """The keys that a step surely writes to an object; nothing where that cannot be said."""
    template = node.writes[name]
    if isinstance(template, dict):
        return list(template)
    return list(dict.fromkeys(made_by(drawing, template, node).get("required", ())))


class Rivals:
    """Who may run beside each of `nodes`, found when it is first asked for."""

    def __init__(self, drawing: Drawing, nodes: set[str]):
        self.nodes = [node for node in drawing.graph.nodes if node in nodes]
        self.bits = {node: 1 << place for place, node in enumerate(self.nodes)}
        self._drawing, self._known = drawing, {}

    def of(self, node: str) -> int:
        """As a set of bits."""
        if node not in self._known:
            may = self._at_once.may
            self._known[node] = sum(bit for other, bit in self.bits.items() if may(node, other))
        return self._known[node]

    def named(self, bit: int) -> str:
        return self.nodes[bit.bit_length() - 1]

    @cached_property
    def _at_once(self) -> AtOnce:
        return AtOnce(self._drawing.graph, self.nodes)
