"""The flow that is being checked: its graph, where things stand in the document, and what its references lead to."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property

from flows.fields import closed
from flows.graph import Edge, Graph, Node, parse_edges, parse_node
from flows.nodes import TYPES
from flows.nodes.base import NodeType, Surroundings
from flows.state import Declared, declared
from governance.refusals import Problem
from governance.schemas import schema_problems

Lookup = Callable[[str, str], Mapping | None]


class Drawing:
    """A document that fits the schema, as the checks see it.

    `graph` holds the first node of each id and the edges between nodes that exist, so that every check can rely on
    both; what was left out is a problem of its own (flows.checks.structure). Each reference is looked up once.
    """

    def __init__(self, document: Mapping, lookup: Lookup):
        self.document = document
        self.all_nodes = [parse_node(item) for item in document["nodes"]]
        self.all_edges = parse_edges(document["edges"])
        self.place: dict[str, int] = {}
        for place, node in enumerate(self.all_nodes):
            self.place.setdefault(node.id, place)
        self._lookup, self._found = lookup, {}
        self._outputs: dict[str, Mapping | None] = {}

    @cached_property
    def graph(self) -> Graph:
        nodes = [self.all_nodes[place] for place in self.place.values()]
        edges = [edge for edge in self.all_edges if edge.source in self.place and edge.target in self.place]
        return Graph(nodes, edges)

    @cached_property
    def entering(self) -> dict[str, list[Edge]]:
        """Every edge into a node, loop edges too."""
        found: dict[str, list[Edge]] = {node: [] for node in self.graph.nodes}
        for edge in self.graph.edges:
            found[edge.target].append(edge)
        return found

    @cached_property
    def behind_errors(self) -> set[str]:
        """The nodes that an error edge leads to: only they are handed the error."""
        return {edge.target for edge in self.graph.edges if edge.port == "error"}

    @cached_property
    def typed(self) -> list[tuple[Node, NodeType]]:
        """The nodes whose type is known, in document order."""
        return [(node, TYPES[node.type]) for node in self.graph.nodes.values() if node.type in TYPES]

    def lookup(self, kind: str, ref: str) -> Mapping | None:
        if (kind, ref) not in self._found:
            self._found[kind, ref] = self._lookup(kind, ref)
        return self._found[kind, ref]

    def around(self, node: str) -> Surroundings:
        return Surroundings(tuple(edge.source for edge in self.graph.incoming[node]), self.lookup)

    @cached_property
    def outputs(self) -> dict[str, Mapping | None]:
        """What is known of each node's output before a run; of one that may fail onto its error port, nothing."""
        found = {}
        for node, node_type in self.typed:
            usable = all(self.usable(node.config.get(field)) for field in node_type.schemas)
            if node.type == "start":
                found[node.id] = self.input_schema
            elif node.on_error != "port" and usable:
                found[node.id] = node_type.output_schema(node.config, self.around(node.id))
        return found

    @cached_property
    def input_schema(self) -> Mapping | None:
        schema = self.document.get("input_schema")
        return schema if self.usable(schema) else None

    def output_of(self, node: str) -> Mapping | None:
        """What is known of a node's output where it succeeded."""
        if node not in self._outputs:
            self._outputs[node] = self._output_of(node)
        return self._outputs[node]

    def _output_of(self, node: str) -> Mapping | None:
        found = self.graph.nodes[node]
        if found.on_error != "port" or found.type not in TYPES or found.type == "start":
            return self.outputs.get(node)
        node_type = TYPES[found.type]
        usable = all(self.usable(found.config.get(field)) for field in node_type.schemas)
        return node_type.output_schema(found.config, self.around(node)) if usable else None

    @cached_property
    def declared(self) -> Declared | None:
        """What the flow says of its state, as far as that can be read."""
        found = declared(self.document)
        return found if found is not None and self.usable(found.schema) else None

    @property
    def declared_fields(self) -> Mapping:
        return self.declared.fields if self.declared else {}

    @cached_property
    def state_schema(self) -> Mapping | None:
        return closed(dict(self.declared.fields)) if self.declared else None

    @staticmethod
    def usable(schema: Mapping | None) -> bool:
        """Whether a schema can be read at all; what is wrong with it, flows.checks.schemas says."""
        return schema is None or not schema_problems(schema)

    def at_node(self, problem: Problem, node: str) -> Problem:
        """A problem with a pointer relative to a node, as one of the document."""
        return replace(
            problem,
            pointer=f"/nodes/{self.place[node]}{problem.pointer}",
            nodes=problem.nodes or (node,),
        )


def at_edge(edge: Edge, code: str, message: str, end: str = "", *, nodes=(), severity="error") -> Problem:
    """A problem of an edge, or of its `/from`, `/port` or `/to`."""
    return Problem(
        f"/edges/{edge.index}{end}", message, code, severity, tuple(nodes) or (edge.source, edge.target)
    )


def shown(edge: Edge) -> str:
    port = "" if edge.port == "out" else f" ({edge.port})"
    return f"{edge.source}{port} → {edge.target}"
