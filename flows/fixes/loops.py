"""Fixes of loops: limits, ports of their own, and edges that enter or leave them in the middle."""

from flows.drawing.operations import end_of
from flows.fixes.edges import dropped
from flows.fixes.scene import Fix, Scene, connect, disconnect, with_config
from governance.refusals import Problem

USUAL_LIMIT = 3


def cycle(scene: Scene, problem: Problem) -> Fix | None:
    edge = scene.edge(problem)
    if edge is None:
        return None
    operation = {"op": "loop", "edge": end_of(edge), "max": USUAL_LIMIT}
    return Fix(f"Make it a loop, at most {USUAL_LIMIT}", (operation,))


def loop_without_path(scene: Scene, problem: Problem) -> Fix | None:
    """Where no path leads back, the edge leads onwards."""
    edge = scene.edge(problem)
    return edge and Fix(
        "Make it an ordinary connection", ({"op": "loop", "edge": end_of(edge), "max": None},)
    )


def loop_from_multiple(scene: Scene, problem: Problem) -> Fix | None:
    edge = scene.edge(problem)
    node = edge and next((node for node in scene.nodes if node["id"] == edge["from"]), None)
    return node and Fix("Take one route only", (with_config(node, multiple=None),))


def loop_entered_inside(scene: Scene, problem: Problem) -> Fix | None:
    """To the first node of the outermost loop that the edge enters."""
    edge = scene.edge(problem)
    if edge is None:
        return None
    entered = [loop for loop in scene.graph.loops_around[edge["to"]] if edge["from"] not in loop.body]
    head = next((loop.head for loop in entered if loop.head != edge["to"]), None)
    if head is None:
        return None
    port = edge.get("port", "out")
    there = any(other.target == head and other.port == port for other in scene.graph.outgoing[edge["from"]])
    again = () if there else (connect(edge["from"], port, head),)
    return Fix(f"Lead it to {head}", (disconnect(edge), *again))


MENDS = {
    "cycle": cycle,
    "loop_without_path": loop_without_path,
    "loop_from_multiple": loop_from_multiple,
    "loop_entered_inside": loop_entered_inside,
    "loop_left_inside": dropped,
    "loop_port_shared": dropped,
    "loops_overlap": dropped,
    "loop_into_join": dropped,
}
