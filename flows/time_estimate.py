"""How long a run may take, before it runs.

Expected: an agent takes its `sla.latency_s`, else five seconds a turn; a tool one second; people answer at once;
branches are equally likely, loops go round once, steps succeed at once. A guide, not a promise.

Worst: the longest way through the graph, on which every node takes every attempt and fallback until its time is up,
as often as its loops allow, and people answer in the last moment. A step without `timeout_s` is bounded by the
time-outs of its calls. What waits for people without `due_in_s`, or until a moment, is not bounded. With the flow's
`limits.timeout_s` the work is bounded by it, and what is waited comes on top (contract, section 3). Not counted: a
provider's own wish to be asked later, approvals that policies ask for, budgets that pause, queues.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from math import ceil, prod
from typing import NamedTuple

from flows import reporting
from flows.checks.drawing import Drawing, Lookup
from flows.checks.fitting import UNFINISHED, fitted
from flows.estimate import DEEPEST, HANDING_ON, chances, item_counts, onwards
from flows.graph import Edge, Graph, Node
from flows.hops import hops_of, stand_ins
from flows.members import Member
from flows.nodes import TYPES
from flows.turns import Turns, rounds_of, turns_of
from registry.calls import DEFAULT_TIMEOUT_S
from registry.conversation import DEFAULT_TOOL_CALLS
from registry.tool_attempt import DEFAULT_TIMEOUT_S as TOOL_TIMEOUT_S

USUAL_TURN_S = 5.0
USUAL_TOOL_S = 1.0
MOST_AT_ONCE = 1_000  # items of a map without `max_concurrency`
STARTING_S = 0.5  # what an attempt's time-out leaves to the time-outs of its calls
JITTER = 1.25


class Time(NamedTuple):
    """Seconds of one node in one run: expected, at most working, at most waiting; None: nothing bounds it."""

    expected: float = 0.0
    work: float | None = 0.0
    rest: float | None = 0.0

    @property
    def worst(self) -> float | None:
        return None if self.work is None or self.rest is None else self.work + self.rest


NOTHING_KNOWN = Time(0.0, None, 0.0)
NOT_EVEN_WAITING = Time(0.0, None, None)  # it may come to ask people, too


def time_estimate(document: Mapping, lookup: Lookup) -> dict:
    """`{expected_s, worst_s, unbounded}`: `worst_s` is None exactly where `unbounded` names nodes, or where nothing
    of the document fits the schema."""
    found = fitted(document)
    if found.document is None:
        return {"expected_s": 0, "worst_s": None, "unbounded": []}
    return shown(*flow_time(Drawing(found.document, lookup)))


def shown(time: Time, unbounded: list[str]) -> dict:
    worst = None if unbounded else time.worst
    return {
        "expected_s": round(time.expected, 3),
        "worst_s": None if worst is None else round(worst, 3),
        "unbounded": unbounded,
    }


def flow_time(drawing: Drawing, depth: int = 0) -> tuple[Time, list[str]]:
    """What one run takes, and the nodes that nothing bounds."""
    times = node_times(drawing, depth)
    limit = drawing.document.get("limits", {}).get("timeout_s")
    expected = expected_end(drawing, {node: time.expected for node, time in times.items()})
    stuck = set(drawing.graph.nodes) - set(drawing.graph.order)
    unbounded = [
        node
        for node, time in times.items()
        if time.rest is None or (time.work is None and limit is None) or node in stuck
    ]
    if unbounded:
        return Time(expected, None, None), unbounded
    rest = longest(drawing, {node: time.rest for node, time in times.items()})
    if all(time.work is not None for time in times.values()):
        whole = longest(drawing, {node: time.worst for node, time in times.items()})
        work = whole - rest if limit is None else min(whole - rest, limit)
    else:
        work = limit
    return Time(expected if limit is None else min(expected, limit + rest), work, rest), []


def not_set_up(drawing: Drawing) -> list[str]:
    """The nodes of which nobody can say what they cost and take: unfinished ones, and those that name what is not
    there. In document order."""
    return [node.id for node in drawing.graph.nodes.values() if not is_set_up(drawing, node)]


def is_set_up(drawing: Drawing, node: Node) -> bool:
    if node.type not in TYPES:
        return False
    named = TYPES[node.type].references(node.config)
    return all(drawing.lookup(each.kind, each.ref) is not None for each in named)


def node_times(drawing: Drawing, depth: int = 0) -> dict[str, Time]:
    """What all executions of each node take in one run, one after the other, in document order."""
    found = {}
    for node in drawing.graph.nodes.values():
        rounds = prod(1 + loop.edge.loop_max for loop in drawing.graph.loops_around[node.id])
        time = step_time(drawing, node, depth)
        found[node.id] = Time(time.expected, times(time.work, rounds), times(time.rest, rounds))
    return found


def times(seconds: float | None, count: int) -> float | None:
    return None if seconds is None else seconds * count


def step_time(drawing: Drawing, node: Node, depth: int) -> Time:
    """One execution of a node, with its attempts, its fallbacks and its escalation; of a map, all its items."""
    if node.type == UNFINISHED:
        return NOT_EVEN_WAITING
    turns = turns_of(node, drawing.document.get("limits", {}).get("max_steps"))
    references = TYPES[node.type].references(node.config) if node.type in TYPES and not turns else []
    parts = [reference_time(drawing, node, each.kind, each.ref, depth) for each in references]
    work = together_in_order([*parts, *turn_times(drawing, node, turns, depth)])
    if node.type == "map" and parts:
        work = by_items(drawing, node, work)
    return Time(work.expected + rested(node), work.work, added((work.rest, waited(node))))


def together_in_order(parts: Sequence[Time]) -> Time:
    return Time(
        sum(part.expected for part in parts),
        added(part.work for part in parts),
        added(part.rest for part in parts),
    )


def turn_times(drawing: Drawing, node: Node, turns: Sequence[Turns], depth: int) -> list[Time]:
    """What the rounds of a supervisor take and the messages of a team; `timeout_s` holds for all of them together."""
    if not turns:
        return []
    own = []
    if "agent" in node.config:
        rounds = rounds_of(node.config)
        one = reference_time(drawing, node, "agent", node.config["agent"], depth)
        own = [Time(one.expected * (rounds.usual + 1), times(one.work, rounds.most + 1), one.rest)]
    found = [(each.is_beside, turns_time(drawing, node, each, depth)) for each in turns]
    beside = side_by_side([time for is_beside, time in found if is_beside])
    whole = together_in_order([*own, beside, *(time for is_beside, time in found if not is_beside)])
    if node.timeout_s:
        attempts = node.retry.max_attempts + len(node.fallback)
        most = attempted(node, 0.0, Time(work=node.timeout_s + STARTING_S), attempts)
        return [whole._replace(work=most.work)]
    return [whole]


def side_by_side(parts: Sequence[Time]) -> Time:
    return Time(
        max((part.expected for part in parts), default=0.0),
        slowest([part.work for part in parts]),
        slowest([part.rest for part in parts]),
    )


def turns_time(drawing: Drawing, node: Node, turns: Turns, depth: int) -> Time:
    """One after the other, or in as many lanes as may run at once; each as long as its slowest member."""
    parts = [member_time(drawing, node, each, depth) for each in turns.members]
    usual = sum(part.expected for part in parts) / len(parts)
    work, rest = slowest([part.work for part in parts]), slowest([part.rest for part in parts])
    waves = ceil(turns.most / turns.lanes)
    return Time(usual * ceil(turns.usual / turns.lanes), times(work, waves), times(rest, waves))


def slowest(seconds: Sequence[float | None]) -> float | None:
    return None if None in seconds else max(seconds, default=0.0)


def member_time(drawing: Drawing, node: Node, member: Member, depth: int) -> Time:
    """People answer when they like: nothing bounds how long that takes, unless the step has a time-out."""
    if member.kind == "person":
        return Time(rest=node.config.get("due_in_s"))
    return reference_time(drawing, node, member.kind, member.ref, depth)


def added(parts) -> float | None:
    parts = list(parts)
    return None if None in parts else float(sum(parts))


def by_items(drawing: Drawing, node: Node, item: Time) -> Time:
    usual, most = item_counts(drawing, node)
    at_once = node.config.get("max_concurrency", MOST_AT_ONCE)
    if most is None:
        return Time(item.expected * ceil(usual / at_once), None, None if item.rest != 0 else 0.0)
    rounds = ceil(most / at_once)
    return Time(item.expected * ceil(usual / at_once), times(item.work, rounds), times(item.rest, rounds))


def reference_time(drawing: Drawing, node: Node, kind: str, ref: str, depth: int) -> Time:
    found = drawing.lookup(kind, ref)
    if found is None or depth == DEEPEST:
        return NOTHING_KNOWN
    if kind == "flow":
        time, unbounded = flow_time(Drawing(found, drawing.lookup), depth + 1)
        attempts = node.retry.max_attempts
        return (
            Time(time.expected, None, None) if unbounded else attempted(node, time.expected, time, attempts)
        )
    if kind == "tool":
        most = node.timeout_s or found.get("timeout_s") or TOOL_TIMEOUT_S
        return attempted(node, USUAL_TOOL_S, Time(work=most), node.retry.max_attempts)
    return agent_time(drawing, node, found)


def agent_time(drawing: Drawing, node: Node, agent: Mapping) -> Time:
    """Fallback models and fallback agents are tried once each, after the node's attempts; those to whom it may hand its
    work follow, one after the other. A time-out of the node holds for all of that."""
    own = played_time(drawing, node, agent)
    if node.type not in HANDING_ON:
        return own
    hops = hops_of(drawing, agent)
    found = [drawing.lookup("agent", ref) for ref in stand_ins(drawing, agent, hops)]
    others = [NOTHING_KNOWN if other is None else played_time(drawing, node, other) for other in found]
    own = own._replace(rest=added([own.rest, times(slowest([each.rest for each in others]), hops)]))
    if node.timeout_s:
        return own
    return own._replace(work=added([own.work, times(slowest([each.work for each in others]), hops)]))


def played_time(drawing: Drawing, node: Node, agent: Mapping) -> Time:
    turns = 2 if agent.get("tools") else 1
    usual = agent.get("sla", {}).get("latency_s", USUAL_TURN_S * turns)
    stepping_in = [drawing.lookup("agent", ref) for ref in node.fallback]
    others = [agent] * len(agent.get("fallback_models", ())) + stepping_in
    if None in others:
        return Time(usual, None, 0.0)
    first = attempted(node, usual, Time(work=attempt_s(drawing, node, agent)), node.retry.max_attempts)
    work = added([first.work, *(attempt_s(drawing, node, other) for other in others)])
    return Time(usual, work, added(asked_s(node, each) for each in (agent, *stepping_in)))


def asked_s(node: Node, agent: Mapping) -> float | None:
    """What an agent asks people itself. A router's is offered nothing of that."""
    return 0.0 if node.type == "router" else reporting.waited_s(agent, node.escalate)


def attempt_s(drawing: Drawing, node: Node, agent: Mapping) -> float:
    """One attempt of an agent at most: every turn and every tool call until its time is up."""
    if node.timeout_s:
        return node.timeout_s + STARTING_S
    tools = [drawing.lookup("tool", ref) or {} for ref in agent.get("tools", ())]
    may_call = tools or reporting.allowed(agent)
    calls = agent.get("limits", {}).get("max_tool_calls", DEFAULT_TOOL_CALLS) if may_call else 0
    slowest = max((tool.get("timeout_s") or TOOL_TIMEOUT_S for tool in tools), default=0)
    return (calls + 1 + node.retry.max_attempts) * DEFAULT_TIMEOUT_S + calls * slowest


def attempted(node: Node, usual: float, once: Time, attempts: int) -> Time:
    """As often as it may be attempted, with the pauses between."""
    pauses = sum(
        min(node.retry.backoff_s * node.retry.factor**number, node.retry.max_backoff_s)
        for number in range(attempts - 1)
    )
    pauses *= JITTER if node.retry.jitter else 1
    work = None if once.work is None else once.work * attempts + pauses
    return Time(usual, work, times(once.rest, attempts))


def rested(node: Node) -> float:
    seconds = node.config.get("seconds")
    return float(seconds) if isinstance(seconds, int | float) else 0.0


def waited(node: Node) -> float | None:
    """Seconds that a node waits at most: for its moment, for the people it asks, for those it escalates to."""
    escalated = 0.0 if node.escalate is None else node.escalate.get("due_in_s")
    if "seconds" in node.config or "until" in node.config:
        own = rested(node) if isinstance(node.config.get("seconds"), int | float) else None
    elif "reviewers" in node.config or "assignee" in node.config:
        own = node.config.get("due_in_s")
    else:
        own = 0.0
    return added((own, escalated))


def expected_end(drawing: Drawing, own: Mapping[str, float]) -> float:
    """When the last node is expected to end. Where branches exclude each other their average counts, where they run
    at once the longest."""
    likely, ends = chances(drawing), {}
    arriving: dict[str, list[tuple[Fraction, float]]] = {node: [] for node in own}
    for node in drawing.graph.order:
        ends[node] = own[node] + together(arriving[node])
        for edge, share in onwards(drawing, node):
            arriving[edge.target].append((likely[node] * share, ends[node]))
    last = [(likely[node], ends[node]) for node in ends if not onwards(drawing, node) and likely[node]]
    return together(last)


def together(branches: list[tuple[Fraction, float]]) -> float:
    whole = sum(chance for chance, _ in branches)
    if not whole or whole > 1:
        return max((seconds for _, seconds in branches), default=0.0)
    return float(sum(chance * Fraction(seconds) for chance, seconds in branches) / whole)


def longest(drawing: Drawing, own: Mapping[str, float | None]) -> float:
    """The longest way through the graph, in seconds. An edge that leaves a loop in its middle waits for its end."""
    graph, ends = drawing.graph, dict.fromkeys(own, 0.0)
    before: dict[str, set[str]] = {node: set() for node in graph.nodes}
    for node, edges in graph.incoming.items():
        for edge in edges:
            before[node] |= {edge.source, *tails_left(graph, edge)}
    for node in in_order(graph, before):
        ends[node] = (own[node] or 0.0) + max((ends[other] for other in before[node]), default=0.0)
    return max(ends.values(), default=0.0)


def in_order(graph: Graph, before: Mapping[str, set[str]]) -> tuple[str, ...]:
    """The nodes, each behind those that come before it."""
    try:
        return tuple(TopologicalSorter(before).static_order())
    except CycleError:  # loops that cross each other: no run has them
        return graph.order


def tails_left(graph: Graph, edge: Edge) -> set[str]:
    """The last nodes of the loops that an edge leaves."""
    return {loop.tail for loop in graph.loops_around[edge.source] if edge.target not in loop.body}
