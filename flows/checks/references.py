"""What a flow names: agents, tools and flows that exist, and no flow that ends up calling itself."""

from collections.abc import Iterator, Mapping

from flows.checks.drawing import Drawing
from flows.graph import Node
from flows.nodes import TYPES
from flows.nodes.base import NodeType, Reference
from governance.refusals import Problem


def references(drawing: Drawing) -> Iterator[Problem]:
    for node, node_type in drawing.typed:
        for reference in named_by(node, node_type):
            for problem in problems_of(drawing, reference):
                yield drawing.at_node(problem, node.id)
        if node.fallback and not calls_agent(node, node_type):
            message = f"{node.id} calls no agent, so no other agent can step in: remove `fallback`."
            yield drawing.at_node(Problem("/fallback", message, "fallback_unused", "warning"), node.id)


def named_by(node: Node, node_type: NodeType) -> list[Reference]:
    fallback = [Reference("agent", ref, f"/fallback/{place}") for place, ref in enumerate(node.fallback)]
    return [*node_type.references(node.config), *fallback]


def calls_agent(node: Node, node_type: NodeType) -> bool:
    return any(reference.kind == "agent" for reference in node_type.references(node.config))


def problems_of(drawing: Drawing, reference: Reference) -> Iterator[Problem]:
    kind, ref, pointer = reference.kind, reference.ref, reference.pointer
    if kind == "flow" and (path := way_back(drawing, ref)):
        message = (
            f"The flow would call itself without end: {' → '.join(path)}. Repeat steps with a loop instead."
        )
        yield Problem(pointer, message, "flow_calls_itself")
        return
    found = drawing.lookup(kind, ref)
    if found is None:
        message = f"There is no {kind} {ref} with an active version: create and publish it, or name another."
        yield Problem(pointer, message, "dead_reference")
    elif kind == "agent" and not found.get("purpose") and not found.get("handles"):
        message = f"Nothing says what {ref} is for: give the agent a `purpose` and what it `handles`."
        yield Problem(pointer, message, "no_boundary", "warning")


def way_back(drawing: Drawing, ref: str) -> list[str]:
    """The flows from this one back to itself through `ref`; empty where none leads back."""
    own = drawing.document["slug"]
    came_from, open_refs = {ref: own}, [ref]
    for current in open_refs:
        if current == own:
            path = [current]
            while len(path) == 1 or path[0] != own:
                path.insert(0, came_from[path[0]])
            return path
        for following in flows_of(drawing.lookup("flow", current) or {}):
            if following not in came_from:
                came_from[following] = current
                open_refs.append(following)
    return []


def flows_of(document: Mapping) -> list[str]:
    """The flows that a flow document calls."""
    return [ref for kind, ref, _ in references_of(document) if kind == "flow"]


def references_of(document: Mapping) -> list[tuple[str, str, str]]:
    """(kind, ref, pointer) of every document that a flow names."""
    found = []
    for place, item in enumerate(document.get("nodes", ())):
        named = TYPES[item["type"]].references(item.get("config", {})) if item["type"] in TYPES else []
        found += [
            (reference.kind, reference.ref, f"/nodes/{place}{reference.pointer}") for reference in named
        ]
        found += [
            ("agent", ref, f"/nodes/{place}/fallback/{number}")
            for number, ref in enumerate(item.get("fallback", ()))
        ]
    return found
