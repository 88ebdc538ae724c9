"""Fixes of what nodes there are: starts, ends, loose nodes, nodes that lead nowhere."""

from flows.drawing.sheet import key_of
from flows.fixes.scene import Fix, Scene, connect, disconnect
from governance.refusals import Problem


def no_start(scene: Scene, problem: Problem) -> Fix:
    first = next((node for node in scene.nodes if not scene.graph.incoming[node["id"]]), None)
    name = scene.fresh_id("start")
    operations = [{"op": "add", "node": {"id": name, "type": "start", **scene.beside(first, -240)}, "at": 0}]
    if first:
        operations.append(connect(name, "out", first["id"]))
    return Fix("Add a start", tuple(operations))


def no_end(scene: Scene, problem: Problem) -> Fix:
    """Behind every node that leads nowhere, else behind the last one."""
    loose = [node for node in scene.nodes if not scene.graph.outgoing[node["id"]]] or scene.nodes[-1:]
    name = scene.fresh_id("done")
    operations = [
        {"op": "add", "node": {"id": name, "type": "end", **scene.beside(loose[-1] if loose else None)}}
    ]
    for node in loose:
        port = scene.free_port(node["id"])
        if port:
            operations.append(connect(node["id"], port, name))
    return Fix("Add an end", tuple(operations))


def removed(scene: Scene, problem: Problem) -> Fix | None:
    node = scene.node(problem)
    return node and Fix("Remove this node", ({"op": "remove", "node": node["id"]},))


def unreachable(scene: Scene, problem: Problem) -> Fix | None:
    """From a node that leads nowhere yet, else from the start. What stands behind another loose node waits for it."""
    node = scene.node(problem)
    if node is None or scene.graph.incoming[node["id"]]:
        return None
    source = nearest(scene, node)
    port = source and scene.free_port(source["id"])
    if not port:
        return None
    name = source.get("name") or source["id"]
    entered = connect(source["id"], port, node["id"])
    return in_between(scene, source, port, node, entered) or Fix(f"Connect it to {name}", (entered,))


def in_between(scene: Scene, source: dict, port: str, node: dict, entered: dict) -> Fix | None:
    """Where the port leads to one node already, and this one leads there or nowhere: on the way."""
    leaving = [
        edge for edge in scene.edges if key_of(edge)[:2] == (source["id"], port) and "loop" not in edge
    ]
    if len(leaving) != 1 or leaving[0]["to"] not in scene.graph.incoming:
        return None
    target = leaving[0]["to"]
    operations = [disconnect(leaving[0]), entered]
    if not scene.graph.outgoing[node["id"]]:
        if not (out := scene.free_port(node["id"])):
            return None
        operations.append(connect(node["id"], out, target))
    elif not scene.graph.leads(node["id"], target):
        return None
    names = {found["id"]: found.get("name") or found["id"] for found in scene.nodes}
    return Fix(f"Put it between {names[source['id']]} and {names[target]}", tuple(operations))


def nearest(scene: Scene, node: dict) -> dict | None:
    graph = scene.graph
    starts = [found["id"] for found in scene.nodes if found["type"] == "start"]
    reached = [
        found
        for found in scene.nodes
        if found["type"] != "end"
        and any(graph.leads(start, found["id"]) for start in starts)
        and not graph.leads(node["id"], found["id"])
    ]
    open_ended = [found for found in reached if not graph.outgoing[found["id"]]]
    return next(iter(open_ended or reached), None)


def dead_end(scene: Scene, problem: Problem) -> Fix | None:
    node = scene.node(problem)
    port = node and scene.free_port(node["id"])
    if not port or scene.end is None:
        return None
    return Fix("Connect it to the end", (connect(node["id"], port, scene.end["id"]),))


def duplicate_node(scene: Scene, problem: Problem) -> Fix | None:
    """The edges stay with the first of the two."""
    node = scene.node(problem)
    if node is None:
        return None
    name, place = scene.fresh_id(node["id"]), int(problem.pointer.split("/")[2])
    nodes = [*scene.nodes[:place], {**node, "id": name}, *scene.nodes[place + 1 :]]
    return Fix(f"Call it {name}", ({"op": "replace", "document": {**scene.document, "nodes": nodes}},))


MENDS = {
    "no_start": no_start,
    "no_end": no_end,
    "several_starts": removed,
    "unknown_type": removed,
    "unreachable": unreachable,
    "dead_end": dead_end,
    "duplicate_node": duplicate_node,
}
