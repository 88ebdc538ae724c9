"""The operations, one function each: it draws on the sheet and gives the operations that undo it."""

from collections.abc import Callable, Mapping
from typing import Any

from flows.drawing.mentions import renamed
from flows.drawing.shapes import refuse_unsound
from flows.drawing.sheet import CannotDraw, Sheet, key_of
from flows.schema import MOST_EDGES, MOST_NODES

Operation = Mapping[str, Any]
Undo = list[dict[str, Any]]
EDGE_FIELDS = ("from", "port", "to", "loop")  # as documents are written


def add(sheet: Sheet, operation: Operation) -> Undo:
    node = dict(operation["node"])
    if sheet.ids[node["id"]]:
        raise CannotDraw(f"There is a node {node['id']} already: give this one another id.")
    if len(sheet.nodes) >= MOST_NODES:
        raise CannotDraw(f"A flow has at most {MOST_NODES} nodes: move a part of it to a flow of its own.")
    sheet.insert(min(operation.get("at", MOST_NODES), len(sheet.nodes)), node)
    return [{"op": "remove", "node": node["id"]}]


def remove(sheet: Sheet, operation: Operation) -> Undo:
    """Its edges go too, unless another node still has the same id."""
    name = operation["node"]
    place = sheet.place_of(name)
    node = sheet.take_out(place)
    undo: Undo = [{"op": "add", "node": node, "at": place}]
    edges = [] if sheet.ids[name] else sheet.touching(name)
    taken = [(edge, sheet.take_edge_out(edge)) for edge in reversed(edges)]
    return undo + [back(edge, place) for place, edge in reversed(taken)]


def move(sheet: Sheet, operation: Operation) -> Undo:
    before = {}
    for name, position in operation["positions"].items():
        place = sheet.place_of(name)
        before[name] = sheet.nodes[place].get("position")
        sheet.put(place, with_field(sheet.nodes[place], "position", position))
    return [{"op": "move", "positions": before}]


def connect(sheet: Sheet, operation: Operation) -> Undo:
    """An edge out of `out` does not name its port, unless it comes back as its author wrote it (`as_written`)."""
    edge = {field: operation["edge"][field] for field in EDGE_FIELDS if field in operation["edge"]}
    for end in (edge["from"], edge["to"]):
        sheet.place_of(end)
    key = key_of(edge)
    if sheet.keys[key]:
        raise CannotDraw(f"{key[0]} ({key[1]}) and {key[2]} are connected already.")
    if len(sheet.edges) >= MOST_EDGES:
        raise CannotDraw(f"A flow has at most {MOST_EDGES} edges: move a part of it to a flow of its own.")
    if edge.get("port") == "out" and not operation.get("as_written"):
        del edge["port"]
    sheet.insert_edge(min(operation.get("at", MOST_EDGES), len(sheet.edges)), edge)
    return [{"op": "disconnect", "edge": end_of(edge)}]


def disconnect(sheet: Sheet, operation: Operation) -> Undo:
    place = sheet.place_of_edge(key_of(operation["edge"]))
    return [back(sheet.take_edge_out(place), place)]


def back(edge: dict[str, Any], place: int) -> dict[str, Any]:
    written = {"as_written": True} if edge.get("port") == "out" else {}
    return {"op": "connect", "edge": edge, "at": place, **written}


def configure(sheet: Sheet, operation: Operation) -> Undo:
    """Sets fields of a node; null removes one."""
    place = sheet.place_of(operation["node"])
    before = node = sheet.nodes[place]
    for field, value in operation["set"].items():
        node = with_field(node, field, value)
    sheet.put(place, node)
    undo = {field: before.get(field) for field in operation["set"]}
    return [{"op": "configure", "node": node["id"], "set": undo}]


def loop(sheet: Sheet, operation: Operation) -> Undo:
    """How often an edge repeats; null makes it an edge like others."""
    place = sheet.place_of_edge(key_of(operation["edge"]))
    edge, most = sheet.edges[place], operation["max"]
    before = edge.get("loop")
    sheet.put_edge(place, with_field(edge, "loop", None if most is None else {"max": most}))
    return [{"op": "loop", "edge": end_of(edge), "max": before and before.get("max")}]


def rename(sheet: Sheet, operation: Operation) -> Undo:
    """Edges follow, and `steps.NODE` in the expressions of the flow."""
    name, to = operation["node"], operation["to"]
    place = sheet.place_of(name)
    if name == to:
        return []
    if sheet.ids[to]:
        raise CannotDraw(f"There is a node {to} already: choose another id.")
    before = list(sheet.nodes)
    sheet.put(place, {**sheet.nodes[place], "id": to})
    sheet.ids[name] -= 1
    sheet.ids[to] += 1
    for edge_place in sheet.touching(name):
        edge = sheet.edges[edge_place]
        ends = {end: to for end in ("from", "to") if edge.get(end) == name}
        sheet.put_edge(edge_place, {**edge, **ends})
    for other, node in enumerate(sheet.nodes):
        sheet.put(other, renamed(node, name, to))
    return [{"op": "rename", "node": to, "to": name}, *merged(before, sheet.nodes, name, to)]


def merged(before: list[dict], after: list[dict], name: str, to: str) -> Undo:
    """Expressions that named `to` already, though there was no such node: renaming back would change them too."""
    return [
        {"op": "configure", "node": old["id"], "set": {"config": old["config"]}}
        for old, new in zip(before, after, strict=True)
        if renamed(new, to, name).get("config") != old.get("config")
    ]


def settings(sheet: Sheet, operation: Operation) -> Undo:
    before = {field: sheet.fields.get(field) for field in operation["set"]}
    for field, value in operation["set"].items():
        sheet.fields = with_field(sheet.fields, field, value)
    return [{"op": "settings", "set": before}]


def replace(sheet: Sheet, operation: Operation) -> Undo:
    """Another document in the place of this one, under the same slug."""
    document = operation["document"]
    for field in ("kind", "slug"):
        if document.get(field) != sheet.fields.get(field):
            raise CannotDraw(f"The {field} of the document must be {sheet.fields.get(field)!r} here.")
    refuse_unsound(document)
    before = sheet.document()
    sheet.take(document)
    return [{"op": "replace", "document": before}]


def with_field(thing: dict[str, Any], field: str, value: Any) -> dict[str, Any]:
    """A copy with the field set, at its old place where it had one; without it where the value is null."""
    if value is None:
        return {key: held for key, held in thing.items() if key != field}
    return {**thing, field: value}


def end_of(edge: Mapping[str, Any]) -> dict[str, Any]:
    return {field: edge[field] for field in ("from", "port", "to") if field in edge}


DO: dict[str, Callable[[Sheet, Operation], Undo]] = {
    function.__name__: function
    for function in (add, remove, move, connect, disconnect, configure, loop, rename, settings, replace)
}
