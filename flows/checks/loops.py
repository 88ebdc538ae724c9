"""Rule 5 (contract, section 4): what a loop edge may be, and how its body may be entered and left."""

from collections.abc import Iterator
from itertools import combinations

from flows.checks.drawing import Drawing, at_edge, shown
from flows.graph import Edge, Loop
from governance.refusals import Problem


def loops(drawing: Drawing) -> Iterator[Problem]:
    """Nothing while there are cycles: then no body is what its author means."""
    if len(drawing.graph.order) < len(drawing.graph.nodes):
        return
    for loop in sorted(drawing.graph.loops, key=lambda loop: loop.edge.index):
        yield from ends(drawing, loop)
        yield from crossings(drawing, loop)
    yield from overlaps(drawing)


def ends(drawing: Drawing, loop: Loop) -> Iterator[Problem]:
    edge, nodes = loop.edge, drawing.graph.nodes
    if not loop.body:
        message = f"A loop goes back, but no path leads from {loop.head} to {loop.tail}: connect them, or drop `loop`."
        yield at_edge(edge, "loop_without_path", message)
    if nodes[loop.head].type == "join":
        message = f"A loop cannot lead to a join: let it lead to a node before or behind {loop.head}."
        yield at_edge(edge, "loop_into_join", message, "/to")
    if nodes[loop.tail].type == "router" and nodes[loop.tail].config.get("multiple"):
        message = f"{loop.tail} may take several routes at once, so no loop can leave it: drop `multiple`."
        yield at_edge(edge, "loop_from_multiple", message, "/from", nodes=(loop.tail,))
    for other in drawing.graph.outgoing[loop.tail]:
        # Two loop edges on one port tell each other; the later one is the one to move.
        if (
            other.port == edge.port
            and other is not edge
            and not (other.loop_max and other.index < edge.index)
        ):
            message = f"The port {edge.port} of {loop.tail} repeats a loop and can do nothing else: use another port."
            yield at_edge(other, "loop_port_shared", message, "/port", nodes=(loop.tail, other.target))


def crossings(drawing: Drawing, loop: Loop) -> Iterator[Problem]:
    for edge in touching(drawing, loop):
        inside, onwards = edge.source in loop.body, edge.target in loop.body
        if onwards and not inside and edge.target != loop.head:
            message = (
                f"{shown(edge)} enters the loop {loop.head} … {loop.tail} in its middle: lead it to {loop.head}, "
                "the first node of the loop."
            )
            yield at_edge(edge, "loop_entered_inside", message, "/to")
        if inside and not onwards and edge.source != loop.tail and edge.port != "error":
            message = (
                f"{shown(edge)} leaves the loop {loop.head} … {loop.tail} in its middle: only {loop.tail}, its last "
                "node, and error ports lead out."
            )
            yield at_edge(edge, "loop_left_inside", message, "/from")


def touching(drawing: Drawing, loop: Loop) -> list[Edge]:
    """The edges that begin or end in the body, in document order."""
    graph = drawing.graph
    found = {edge for node in loop.body for edge in (*graph.outgoing[node], *drawing.entering[node])}
    return sorted(found, key=lambda edge: edge.index)


def overlaps(drawing: Drawing) -> Iterator[Problem]:
    for one, other in combinations(drawing.graph.loops, 2):
        if not one.body.isdisjoint(other.body) and not other.body < one.body:
            shared = tuple(node for node in drawing.graph.nodes if node in one.body & other.body)
            message = (
                f"The loops {shown(one.edge)} and {shown(other.edge)} share {', '.join(shared)}: one must lie "
                "strictly inside the other, or they must be apart."
            )
            later = max(one.edge, other.edge, key=lambda edge: edge.index)
            yield at_edge(later, "loops_overlap", message, nodes=shared)
