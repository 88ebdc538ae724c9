"""Rule 1, and the quorum of rule 3 (contract, section 4): what nodes and edges there are, and how they connect."""

from collections import Counter
from collections.abc import Iterator

from flows.checks.drawing import Drawing, at_edge, shown
from flows.fields import RESERVED_PORTS
from flows.graph import Edge, Node
from flows.nodes import TYPES
from governance.refusals import Problem


def structure(drawing: Drawing) -> Iterator[Problem]:
    for part in (nodes, starts_and_ends, case_ports, edges, cycles, unreachable, dead_ends, quorums):
        yield from part(drawing)


def nodes(drawing: Drawing) -> Iterator[Problem]:
    for place, node in enumerate(drawing.all_nodes):
        if drawing.place[node.id] != place:
            message = f"Two nodes are called {node.id}: give this one another id."
            yield Problem(f"/nodes/{place}/id", message, "duplicate_node", nodes=(node.id,))
        elif node.type not in TYPES:
            message = (
                f"There is no node type {node.type!r}, or it is not built yet: use one of {', '.join(TYPES)}."
            )
            yield drawing.at_node(Problem("/type", message, "unknown_type"), node.id)


def starts_and_ends(drawing: Drawing) -> Iterator[Problem]:
    starts = [node.id for node in drawing.graph.nodes.values() if node.type == "start"]
    if not starts:
        yield Problem("/nodes", "A flow begins somewhere: add a node of type start.", "no_start")
    for extra in starts[1:]:
        message = f"A flow has one start, and {starts[0]} is it: remove {extra}, or change its type."
        yield drawing.at_node(Problem("/type", message, "several_starts", nodes=tuple(starts)), extra)
    if not any(node.type == "end" for node in drawing.graph.nodes.values()):
        yield Problem(
            "/nodes", "A flow needs an end that says what comes out: add a node of type end.", "no_end"
        )


def case_ports(drawing: Drawing) -> Iterator[Problem]:
    """The ports that a condition's cases and a router's routes name."""
    for node in drawing.graph.nodes.values():
        key = {"condition": "cases", "router": "routes"}.get(node.type)
        seen: set[str] = set()
        for place, case in enumerate(node.config[key] if key else ()):
            pointer, port = f"/config/{key}/{place}/port", case["port"]
            if port in RESERVED_PORTS:
                message = f"{port} is a port with a meaning of its own: give this one another name."
                yield drawing.at_node(Problem(pointer, message, "reserved_port"), node.id)
            elif port in seen:
                message = (
                    f"{node.id} has two ports called {port}: rename one, or join their conditions with ||."
                )
                yield drawing.at_node(Problem(pointer, message, "duplicate_port"), node.id)
            seen.add(port)


def edges(drawing: Drawing) -> Iterator[Problem]:
    for edge in drawing.all_edges:
        missing = [
            (end, at)
            for end, at in ((edge.source, "/from"), (edge.target, "/to"))
            if end not in drawing.place
        ]
        for name, at in missing:
            message = f"There is no node {name}: add it, or connect the edge to one that exists."
            yield at_edge(edge, "unknown_node", message, at)
    first: dict[tuple, Edge] = {}
    for edge in drawing.graph.edges:
        if first.setdefault((edge.source, edge.port, edge.target), edge) is not edge:
            yield at_edge(edge, "duplicate_edge", f"{shown(edge)} is drawn twice: remove one.")
        yield from ends_of(drawing, edge)


def ends_of(drawing: Drawing, edge: Edge) -> Iterator[Problem]:
    source, target = drawing.graph.nodes[edge.source], drawing.graph.nodes[edge.target]
    if target.type == "start":
        message = f"Nothing leads into a start: connect {edge.source} to a node behind {target.id}."
        yield at_edge(edge, "enters_start", message, "/to")
    if source.type == "end":
        yield at_edge(
            edge, "leaves_end", f"Nothing leaves an end: remove this edge out of {source.id}.", "/from"
        )
    elif source.type in TYPES and edge.port not in (ports := ports_of(drawing, source, edge)):
        message = (
            f"{source.id} has no port {edge.port}: choose {' or '.join(ports)}.{hint(source, edge.port)}"
        )
        yield at_edge(edge, "unknown_port", message, "/port", nodes=(source.id,))


def ports_of(drawing: Drawing, node: Node, edge: Edge) -> tuple[str, ...]:
    """The ports that `edge` may leave from."""
    ports = TYPES[node.type].ports(node.config)
    if node.on_error == "port":
        ports += ("error",)
    if any(other.loop_max is not None for other in drawing.graph.outgoing[node.id] if other is not edge):
        ports += ("exhausted",)
    return tuple(dict.fromkeys(ports))


def hint(node: Node, port: str) -> str:
    if port == "error":
        return f" Set `on_error: port` on {node.id} to have an error port."
    if port == "exhausted":
        return f" Only the last node of a loop has that port: no loop edge leaves {node.id}."
    return ""


def cycles(drawing: Drawing) -> Iterator[Problem]:
    """One problem for each group of nodes that lead to each other."""
    graph, told = drawing.graph, set()
    if len(graph.order) == len(graph.nodes):
        return
    for edge in graph.edges:
        backwards = drawing.place[edge.target] <= drawing.place[edge.source]
        if (
            edge.loop_max is None
            and backwards
            and edge.source not in told
            and graph.leads(edge.target, edge.source)
        ):
            told |= graph.between(edge.target, edge.source)
            path = way(drawing, edge.target, edge.source)
            message = (
                f"{' → '.join([*path, path[0]])} goes round without end: make {shown(edge)} a loop "
                "(`loop: {max: 3}`), or remove it."
            )
            yield at_edge(edge, "cycle", message, nodes=path)


def way(drawing: Drawing, origin: str, goal: str) -> list[str]:
    """A shortest path of non-loop edges."""
    came_from, open_nodes = {origin: ""}, [origin]
    for node in open_nodes:
        for edge in drawing.graph.outgoing[node]:
            if edge.loop_max is None and edge.target not in came_from:
                came_from[edge.target] = node
                open_nodes.append(edge.target)
    path = [goal]
    while path[0] != origin:
        path.insert(0, came_from[path[0]])
    return path


def unreachable(drawing: Drawing) -> Iterator[Problem]:
    graph = drawing.graph
    starts = [node.id for node in graph.nodes.values() if node.type == "start"]
    for node in graph.nodes if starts else ():
        if not any(graph.leads(start, node) for start in starts):
            message = f"No path leads from {starts[0]} to {node}: connect it, or remove it."
            yield drawing.at_node(Problem("", message, "unreachable"), node)


def dead_ends(drawing: Drawing) -> Iterator[Problem]:
    for node in drawing.graph.nodes.values():
        if node.type != "end" and not drawing.graph.outgoing[node.id]:
            message = (
                f"Nothing follows {node.id}, so its output is lost: connect it to the next step or to an end."
            )
            yield drawing.at_node(Problem("", message, "dead_end", "warning"), node.id)


def quorums(drawing: Drawing) -> Iterator[Problem]:
    incoming = Counter(edge.target for edge in drawing.graph.edges if edge.loop_max is None)
    for node in drawing.graph.nodes.values():
        if node.type == "join" and node.config.get("mode") == "quorum":
            count, most = node.config["count"], incoming[node.id]
            if count > most:
                message = f"{node.id} waits for {count} branches, but {most} lead to it: lower `count` or connect more."
                yield drawing.at_node(Problem("/config/count", message, "quorum_too_high"), node.id)
