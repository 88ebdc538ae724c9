"""The crew of a flow: which agents work at which node, and which of them decide among others. Pure.

What the checks of crews (flows.checks.crews), the hint about prices (flows.checks.prices) and the comparison with one
agent (flows.alone) read of a drawing.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from flows.checks.drawing import Drawing
from flows.graph import Node
from flows.members import member
from flows.nodes import TYPES
from governance.refusals import pointer


class Part(NamedTuple):
    """One agent at one node of the drawing; `document` is None where nothing is known of it."""

    node: str
    ref: str
    document: Mapping | None

    @property
    def slug(self) -> str:
        return self.ref.partition("@")[0]


class Member(NamedTuple):
    """An agent that a lead may choose: where the drawing says so, relative to the lead, and the node it works at."""

    slug: str
    document: Mapping
    pointer: str
    node: str


class Lead(NamedTuple):
    """A router or a supervisor: `agent` decides (None: rules do), `members` may be chosen."""

    node: Node
    agent: str | None
    members: tuple[Member, ...]


def parts(drawing: Drawing) -> list[Part]:
    """Every agent at every node, in document order; the agents of a flow within stand at the node that calls it.

    Those who only step in where another fails (`fallback`) are not counted: they do nobody's work but his.
    """
    return list(_parts(drawing, set()))


def _parts(drawing: Drawing, seen: set[str]) -> Iterator[Part]:
    for node, node_type in drawing.typed:
        for reference in node_type.references(node.config):
            if reference.kind == "agent":
                yield Part(node.id, reference.ref, drawing.lookup("agent", reference.ref))
            elif reference.kind == "flow" and reference.ref not in seen:
                seen.add(reference.ref)
                found = drawing.lookup("flow", reference.ref)
                inner = _parts(Drawing(found, drawing.lookup), seen) if found else ()
                yield from (part._replace(node=node.id) for part in inner)


def leads(drawing: Drawing) -> Iterator[Lead]:
    """The routers and supervisors, with the agents among whom they choose, each once."""
    for node, _ in drawing.typed:
        if node.type == "router":
            agent = node.config.get("agent") if node.config["by"] == "agent" else None
            yield Lead(node, agent, tuple(routed(drawing, node)))
        elif node.type == "supervisor":
            yield Lead(node, node.config["agent"], tuple(supervised(drawing, node)))


def routed(drawing: Drawing, router: Node) -> Iterator[Member]:
    """The agents right behind its routes."""
    places = {route["port"]: place for place, route in enumerate(router.config["routes"])}
    seen: set[str] = set()
    for edge in drawing.graph.outgoing[router.id]:
        target = drawing.graph.nodes[edge.target]
        ref = target.config.get("agent") if target.type in TYPES else None
        if isinstance(ref, str) and edge.port in places and edge.loop_max is None:
            yield from once(drawing, ref, pointer("config", "routes", places[edge.port]), target.id, seen)


def supervised(drawing: Drawing, supervisor: Node) -> Iterator[Member]:
    seen: set[str] = set()
    for place, name in enumerate(supervisor.config["workers"]):
        kind, ref = member(name)
        if kind == "agent":
            yield from once(drawing, ref, pointer("config", "workers", place), supervisor.id, seen)


def once(drawing: Drawing, ref: str, place: str, node: str, seen: set[str]) -> Iterator[Member]:
    slug, document = ref.partition("@")[0], drawing.lookup("agent", ref)
    if document is not None and slug not in seen:
        seen.add(slug)
        yield Member(slug, document, place, node)
