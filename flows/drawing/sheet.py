"""The sheet that operations are drawn on: a document's nodes and edges, found by id and by key."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

Key = tuple[str, str, str]


class CannotDraw(Exception):
    """An operation cannot be done: `detail` says why and what to do, `operation` is its place in the list."""

    def __init__(self, detail: str, operation: int = 0):
        super().__init__(detail)
        self.detail, self.operation = detail, operation


def key_of(edge: Mapping[str, Any]) -> Key:
    """What tells an edge from every other: from, port and to."""
    return edge.get("from"), edge.get("port", "out"), edge.get("to")


class Sheet:
    """A copy of a document to draw on: its lists are new, the nodes and edges in them are exchanged, never changed."""

    def __init__(self, document: Mapping[str, Any]):
        self.take(document)

    def take(self, document: Mapping[str, Any]) -> None:
        """Goes on with another document in the place of this one."""
        self.fields = {key: value for key, value in document.items() if key not in ("nodes", "edges")}
        self.nodes = list(document.get("nodes", ()))
        self.edges = list(document.get("edges", ()))
        self.ids = Counter(node.get("id") for node in self.nodes)
        self.keys = Counter(map(key_of, self.edges))

    def document(self) -> dict[str, Any]:
        return {**self.fields, "nodes": list(self.nodes), "edges": list(self.edges)}

    def place_of(self, node: str) -> int:
        if not self.ids[node]:
            raise CannotDraw(f"There is no node {node}: it was removed or renamed meanwhile.")
        return next(place for place, found in enumerate(self.nodes) if found.get("id") == node)

    def node(self, node: str) -> dict[str, Any]:
        return self.nodes[self.place_of(node)]

    def put(self, place: int, node: dict[str, Any]) -> None:
        self.nodes[place] = node

    def insert(self, place: int, node: dict[str, Any]) -> None:
        self.nodes.insert(place, node)
        self.ids[node["id"]] += 1

    def take_out(self, place: int) -> dict[str, Any]:
        node = self.nodes.pop(place)
        self.ids[node["id"]] -= 1
        return node

    def place_of_edge(self, key: Key) -> int:
        if not self.keys[key]:
            source, port, target = key
            raise CannotDraw(
                f"There is no edge from {source} ({port}) to {target}: it was removed meanwhile."
            )
        return next(place for place, found in enumerate(self.edges) if key_of(found) == key)

    def put_edge(self, place: int, edge: dict[str, Any]) -> None:
        self.keys[key_of(self.edges[place])] -= 1
        self.keys[key_of(edge)] += 1
        self.edges[place] = edge

    def insert_edge(self, place: int, edge: dict[str, Any]) -> None:
        self.edges.insert(place, edge)
        self.keys[key_of(edge)] += 1

    def take_edge_out(self, place: int) -> dict[str, Any]:
        edge = self.edges.pop(place)
        self.keys[key_of(edge)] -= 1
        return edge

    def touching(self, node: str) -> list[int]:
        """The places of the edges that begin or end at a node."""
        return [place for place, edge in enumerate(self.edges) if node in (edge.get("from"), edge.get("to"))]
