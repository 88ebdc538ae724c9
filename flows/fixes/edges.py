"""Fixes of edges: those that lead nowhere, twice, or out of a port that is not there."""

from flows.fixes.scene import Fix, Scene, configure, connect, disconnect
from governance.refusals import Problem


def dropped(scene: Scene, problem: Problem) -> Fix | None:
    edge = scene.edge(problem)
    return edge and Fix("Remove the connection", (disconnect(edge),))


def unknown_port(scene: Scene, problem: Problem) -> Fix | None:
    """An error port is switched on; an edge moves to the one port that is free, and goes where none or several are."""
    edge = scene.edge(problem)
    if edge is None:
        return None
    source = edge["from"]
    if edge.get("port") == "error":
        node = next(node for node in scene.nodes if node["id"] == source)
        return Fix("Give it an error port", (configure(node, on_error="port"),))
    free = [port for port in scene.ports[source] if port not in scene.used(source)]
    if len(free) != 1:
        return dropped(scene, problem)
    again = connect(source, free[0], edge["to"])
    if "loop" in edge:
        again["edge"]["loop"] = edge["loop"]
    return Fix(f"Move it to {free[0]}", (disconnect(edge), again))


MENDS = {
    "unknown_node": dropped,
    "duplicate_edge": dropped,
    "enters_start": dropped,
    "leaves_end": dropped,
    "unknown_port": unknown_port,
}
