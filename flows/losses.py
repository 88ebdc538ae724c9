"""What one agent alone would lose against the agents of a drawn flow. Pure.

Compared is one agent that holds every tool and is asked once, with the same work done one thing after the other.
Counted as a loss: time that branches save by running at once, tools and risks that agents do not share, models of
different price, people who decide in between, checks by another agent or by a rule, attempts and stand-ins of single
steps, and views that do not see each other. Not counted: that a picture is easier to read than a long prompt.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from flows.checks.drawing import Drawing
from flows.checks.prices import usual_price
from flows.costs import PriceOf
from flows.crew import Part
from flows.estimate import chances
from flows.graph import Edge, Node
from flows.members import members, of_kind
from flows.time_estimate import expected_end, node_times
from registry.schemas import RISKS, risk_of

LEAST_SAVED_S = 1.0
LEAST_SAVED = 0.1  # of the time that one after the other takes
LONG_TEXT = 6_000  # characters of instructions in all
MOST_NAMED = 4
DANGEROUS = RISKS[1:]


class Loss(NamedTuple):
    """`kind` is time, tools, risk, models, people, checks, isolation or context."""

    kind: str
    message: str
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Crew:
    """A drawing with its agents."""

    drawing: Drawing
    parts: tuple[Part, ...]
    price: PriceOf

    @cached_property
    def agents(self) -> dict[str, Mapping]:
        return {part.slug: part.document or {} for part in self.parts}

    @cached_property
    def beside(self) -> frozenset[str]:
        """The nodes that may run beside others."""
        return frozenset(at_once(self.drawing))

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.node for part in self.parts))

    def nodes_of(self, agents: Iterable[str]) -> tuple[str, ...]:
        wanted = set(agents)
        return tuple(dict.fromkeys(part.node for part in self.parts if part.slug in wanted))


def time(crew: Crew) -> Iterator[Loss]:
    """What runs at once would run one after the other."""
    drawing = crew.drawing
    slow = Drawing(serial(drawing.document), drawing.lookup)
    likely = chances(slow)
    one_by_one = sum(float(likely[node]) * time.expected for node, time in node_times(slow).items())
    saved = one_by_one - expected_end(
        drawing, {node: time.expected for node, time in node_times(drawing).items()}
    )
    if saved >= max(LEAST_SAVED_S, LEAST_SAVED * one_by_one):
        message = f"About {saved:.0f} s a run: what runs at once here would run one after the other."
        yield Loss("time", message, tuple(sorted(crew.beside, key=drawing.place.__getitem__)))


def serial(document: Mapping) -> dict[str, Any]:
    """The flow as if its maps and supervisors did one thing after the other."""
    one = {"map": {"max_concurrency": 1}, "supervisor": {"parallel": False}}
    nodes = [
        {**node, "config": {**node.get("config", {}), **one[node["type"]]}} if node["type"] in one else node
        for node in document["nodes"]
    ]
    return {**document, "nodes": nodes}


def at_once(drawing: Drawing) -> set[str]:
    """The nodes that may run beside others: behind a fork, but not behind all its branches; and those with items."""
    graph = drawing.graph
    found = {
        node.id
        for node in graph.nodes.values()
        if (node.type == "map" and node.config.get("max_concurrency") != 1)
        or (node.type == "supervisor" and node.config.get("parallel", True))
    }
    working = [node.id for node in graph.nodes.values() if works(node)]
    for branches in forks(drawing):
        for node in working:
            if node not in found:
                reached = sum(graph.leads(edge.target, node) for edge in branches)
                if 0 < reached < len(branches):
                    found.add(node)
    return found


def forks(drawing: Drawing) -> Iterator[list[Edge]]:
    """Edges that are taken together: of one port, or of a router that takes several."""
    for node, edges in drawing.graph.outgoing.items():
        onwards = [edge for edge in edges if edge.loop_max is None]
        together = drawing.graph.nodes[node].config.get("multiple") is True
        for port in {"" if together else edge.port for edge in onwards}:
            branches = [edge for edge in onwards if together or edge.port == port]
            if len(branches) > 1:
                yield branches


def works(node: Node) -> bool:
    return bool({"agent", "tool", "flow", "participants"} & node.config.keys())


def tools(crew: Crew) -> Iterator[Loss]:
    held = {slug: tools_of(document) for slug, document in crew.agents.items()}
    every = {tool for own in held.values() for tool in own}
    most = max(held.values(), key=len)
    if every - most.keys():
        message = (
            f"Separate tools: no agent here holds all {len(every)} ({named(sorted(every))}). One agent alone "
            "would, and would choose among all of them at every turn."
        )
        yield Loss("tools", message, crew.nodes_of(slug for slug, own in held.items() if own))


def tools_of(agent: Mapping) -> dict[str, str]:
    """{slug: reference} of the tools an agent may use."""
    return {ref.partition("@")[0]: ref for ref in agent.get("tools", ())}


def risk(crew: Crew) -> Iterator[Loss]:
    """Tools that change something, which only some of the agents may use."""
    lookup = crew.drawing.lookup
    risky: dict[str, set[str]] = {}
    for slug, document in crew.agents.items():
        for tool, ref in tools_of(document).items():
            if (found := lookup("tool", ref)) and risk_of(found) in DANGEROUS:
                risky.setdefault(slug, set()).add(tool)
    if risky and len(risky) < len(crew.agents):
        every = sorted({tool for own in risky.values() for tool in own})
        message = (
            f"Separate rights: only {named(sorted(risky))} may use what changes something ({named(every)}). One agent "
            "alone would hold that while it reads everything, also what strangers wrote."
        )
        yield Loss("risk", message, crew.nodes_of(risky))


def models(crew: Crew) -> Iterator[Loss]:
    found: dict[str, list[str]] = {}
    for slug, document in crew.agents.items():
        if "model" in document:
            found.setdefault(document["model"], []).append(slug)
    if len(found) > 1:
        message = (
            f"Different models: {named(sorted(found))}, each where it is enough. One agent alone would do everything "
            f"on one of them{spread(found, crew.price)}."
        )
        yield Loss("models", message, crew.nodes)


def spread(found: Iterable[str], price: PriceOf) -> str:
    prices = sorted(usual for model in found if (usual := usual_price(model, price)))
    times = float(prices[-1] / prices[0]) if len(prices) > 1 else 1
    return f", and the dearest costs {times:.3g} times the cheapest" if times > 1 else ""


def people(crew: Crew) -> Iterator[Loss]:
    nodes = [node.id for node in crew.drawing.graph.nodes.values() if asks_people(node)]
    if nodes:
        message = (
            "People in between: here the run waits for somebody's decision or answer before it goes on. "
            "One agent alone could only be stopped at its tools, by policies."
        )
        yield Loss("people", message, tuple(nodes))


def asks_people(node: Node) -> bool:
    return bool({"reviewers", "assignee"} & node.config.keys() or of_kind(members(node.config), "person"))


def checks(crew: Crew) -> Iterator[Loss]:
    """Work that another agent sends back, and rules between agents."""
    graph, at = crew.drawing.graph, {}
    for part in crew.parts:
        at.setdefault(part.node, set()).add(part.slug)
    for loop in graph.loops:
        inside = [node for node in graph.nodes if node in loop.body and node in at]
        if len(set().union(*(at[node] for node in inside))) > 1:
            message = "Checks by another: here one agent's work is sent back by another. Alone it would judge itself."
            yield Loss("checks", message, tuple(inside))
    rules = [
        node.id
        for node in graph.nodes.values()
        if node.type == "condition"
        and any(graph.leads(one, node.id) and one != node.id for one in at)
        and any(graph.leads(node.id, one) for one in at if one != node.id)
    ]
    if rules:
        message = (
            "Rules in between: here a condition decides how it goes on, the same way every time. "
            "Alone the agent would decide."
        )
        yield Loss("checks", message, tuple(rules))


def isolation(crew: Crew) -> Iterator[Loss]:
    nodes = [crew.drawing.graph.nodes[node] for node in crew.nodes]
    guarded = [
        node.id
        for node in nodes
        if node.retry.max_attempts > 1
        or node.fallback
        or node.escalate is not None
        or node.on_error == "port"
    ]
    if guarded and len(nodes) > 1:
        message = (
            "Failures stay small: here a step has attempts, stand-ins or a way out of its own, and what "
            "finished before it is kept. Alone everything would be done again."
        )
        yield Loss("isolation", message, tuple(guarded))


def context(crew: Crew) -> Iterator[Loss]:
    """Views that are formed apart, and instructions too long for one."""
    at = {part.node for part in crew.parts}
    views = [node.id for node in crew.drawing.graph.nodes.values() if node.type == "team"]
    apart = [
        node for node in crew.nodes if node in crew.beside and crew.drawing.graph.nodes[node].type == "agent"
    ]
    if len({part.slug for part in crew.parts if part.node in apart}) > 1:
        views += apart
    if views:
        message = (
            "Views of their own: here agents answer without, or against, each other's answers. "
            "Alone there would be one view."
        )
        yield Loss("context", message, tuple(dict.fromkeys(view for view in views if view in at)))
    lengths = [len(document.get("instructions", "")) for document in crew.agents.values()]
    if sum(lengths) > LONG_TEXT:
        message = (
            f"Short instructions: together they have {sum(lengths):,} characters, the longest {max(lengths):,}. "
            "One agent alone would read all of them at every turn."
        )
        yield Loss("context", message, crew.nodes)


def named(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


LOOKS: tuple[Callable[[Crew], Iterator[Loss]], ...] = (
    time,
    tools,
    risk,
    models,
    people,
    checks,
    isolation,
    context,
)
