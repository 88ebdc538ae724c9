"""Where a fix is looked for: the drawing, what stands at a problem's place, and which ports are free."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flows.cards import cards
from flows.drawing.operations import end_of
from flows.drawing.sheet import key_of
from flows.graph import Graph, Node, parse_edges
from governance.refusals import Problem

PLACE = re.compile(r"/(nodes|edges)/(\d+)(?:/|\Z)")
GAP = 240  # between a node and the one that a fix draws behind it


@dataclass(frozen=True, slots=True)
class Fix:
    """What the button says, and the operations behind it."""

    label: str
    operations: tuple[dict[str, Any], ...]


class Scene:
    """A drawing with a problem in it, and the documents that could be chosen, by kind."""

    def __init__(self, document: Mapping[str, Any], stock: Mapping[str, Sequence[str]]):
        self.document, self.stock = document, stock
        self.nodes: list[dict] = document["nodes"]
        self.edges: list[dict] = document["edges"]

    @cached_property
    def graph(self) -> Graph:
        """Nodes and attached edges, whatever else is wrong with them."""
        ids = {node["id"] for node in self.nodes}
        edges = [edge for edge in parse_edges(self.edges) if {edge.source, edge.target} <= ids]
        return Graph([Node(node["id"], node["type"]) for node in self.nodes], edges)

    @cached_property
    def ports(self) -> dict[str, tuple[str, ...]]:
        return {card.id: card.ports for card in cards(self.document, lambda kind, ref: None)}

    @cached_property
    def end(self) -> dict[str, Any] | None:
        return next((node for node in self.nodes if node["type"] == "end"), None)

    def node(self, problem: Problem) -> dict[str, Any] | None:
        found = PLACE.match(problem.pointer)
        return self.nodes[int(found[2])] if found and found[1] == "nodes" else None

    def edge(self, problem: Problem) -> dict[str, Any] | None:
        found = PLACE.match(problem.pointer)
        return self.edges[int(found[2])] if found and found[1] == "edges" else None

    @cached_property
    def used_ports(self) -> dict[str, set[str]]:
        """Those that an edge leaves from, by node: read once, for a drawing may need hundreds of fixes."""
        found: dict[str, set[str]] = {}
        for source, port, _ in map(key_of, self.edges):
            found.setdefault(source, set()).add(port)
        return found

    def used(self, node: str) -> set[str]:
        return self.used_ports.get(node, set())

    def free_port(self, node: str) -> str | None:
        """A port that nothing is connected to, the first one if there is; else one that may lead to more places."""
        ports, used = self.ports.get(node, ()), self.used(node)
        looped = {key_of(edge)[1] for edge in self.edges if edge["from"] == node and "loop" in edge}
        free = [port for port in ports if port not in used] or [port for port in ports if port not in looped]
        return free[0] if free else None

    def fresh_id(self, wanted: str) -> str:
        taken, number = {node["id"] for node in self.nodes}, 2
        found = wanted
        while found in taken:
            found, number = f"{wanted}_{number}", number + 1
        return found

    def beside(self, node: Mapping[str, Any] | None, gap: int = GAP) -> dict[str, Any]:
        """A position behind a node, where the nodes have positions."""
        position = (node or {}).get("position")
        return {"position": {"x": position["x"] + gap, "y": position["y"]}} if position else {}


def connect(source: str, port: str, target: str) -> dict[str, Any]:
    edge = {"from": source, "to": target}
    return {"op": "connect", "edge": edge if port == "out" else {**edge, "port": port}}


def disconnect(edge: Mapping[str, Any]) -> dict[str, Any]:
    return {"op": "disconnect", "edge": end_of(edge)}


def configure(node: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {"op": "configure", "node": node["id"], "set": fields}


def with_config(node: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """`configure` with these fields of the config set; None takes one away."""
    config = {**node.get("config", {}), **fields}
    return configure(node, config={key: value for key, value in config.items() if value is not None})


def the_only(scene: Scene, kind: str) -> str | None:
    slugs = scene.stock.get(kind, ())
    return slugs[0] if len(slugs) == 1 else None
