"""What a flow may cost, before it runs.

Expected: branches are equally likely, loops go round once, steps succeed at once, an agent with tools takes two
turns, a text tag brings 250 tokens, a list whose length is unknown has five items. A guide, not a promise.

Worst: every node runs as often as its loops allow (1 + max, multiplied where they nest), a map on as many items as a
fixed list, the input schema's `maxItems` or `limits.max_steps` allow; every attempt fails and its fallbacks run too;
an agent takes all its tool calls and repairs, on each of its models, and hands its work on as often as it may; a
supervisor and a team take all their turns (flows/turns.py), each by the dearest of their members. Tokens out are
bounded by `max_tokens`, tokens in by `context.max_tokens`, else only for fixed texts: nobody knows at design time how
long an input will be. What is not bounded in this way is bounded where the engine enforces it, by the agent's
`max_cost_usd_per_call` and the flow's `limits.max_cost_usd`. So with `max_cost_usd` nothing is unbounded, and the worst
case is never above it. A model without a price is unbounded too: unpriced is not free. A person who answers an
escalation with `retry` starts a step anew; that is not counted.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil, prod

from flows import reporting
from flows.checks.drawing import Drawing, Lookup
from flows.checks.expressions import reads
from flows.checks.fitting import UNFINISHED, fitted
from flows.checks.shapes import follow
from flows.costs import FREE, UNKNOWN, Ask, Cost, PriceOf, agent_cost, total
from flows.graph import Edge, Node
from flows.hops import hops_of, stand_ins
from flows.members import Member
from flows.nodes import TYPES
from flows.nodes.base import NodeType
from flows.turns import Turns, rounds_of, turns_of
from governance.expressions import cel_parser
from governance.expressions.errors import Invalid
from governance.expressions.syntax import ListOf
from governance.money import dollars, nano

USUAL_ITEMS = 5
SECOND_OPINION = "/config/second_opinion"
HANDING_ON = {
    "agent": False,
    "map": False,
    "supervisor": True,
}  # whose agents may hand their work on: the node's, the workers
STRUCTURED = ("router", "team")
DEEPEST = 8  # flows within flows; a flow that calls itself does not publish


def estimate(document: Mapping, lookup: Lookup, price: PriceOf) -> dict:
    """`{expected_usd, worst_usd, unbounded}`: `worst_usd` is None exactly where `unbounded` names nodes.

    `price(model)` gives (input, output) in billionths of a dollar a token, None for an unpriced model. A node that
    is not finished is unbounded; a document of which nothing fits the schema has no worst case, and no nodes to name.
    """
    found = fitted(document)
    if found.document is None:
        return {"expected_usd": 0, "worst_usd": None, "unbounded": []}
    return shown(*flow_cost(Drawing(found.document, lookup), price))


def shown(cost: Cost, unbounded: list[str]) -> dict:
    return {
        "expected_usd": dollars(ceil(cost.expected)),
        "worst_usd": None if cost.worst is None else dollars(ceil(cost.worst)),
        "unbounded": unbounded,
    }


def flow_cost(drawing: Drawing, price: PriceOf, depth: int = 0) -> tuple[Cost, list[str]]:
    """What one run costs, and the nodes that nothing bounds."""
    costs = node_costs(drawing, price, depth)
    cost = total(costs.values())
    unbounded = [node for node, cost in costs.items() if cost.worst is None]
    cap = drawing.document.get("limits", {}).get("max_cost_usd")
    if cap is None:
        return cost, unbounded
    most = Fraction(nano(cap))
    worst = most if cost.worst is None else min(most, cost.worst)
    return Cost(min(cost.expected, most), worst), []


def node_costs(drawing: Drawing, price: PriceOf, depth: int = 0) -> dict[str, Cost]:
    """What each node costs in one run, all its executions together, in document order."""
    likely, costs = chances(drawing), {}
    for node in drawing.graph.nodes.values():
        node_type = TYPES.get(node.type)
        if node_type is not None:
            times = prod(1 + loop.edge.loop_max for loop in drawing.graph.loops_around[node.id])
            costs[node.id] = step_cost(drawing, node, node_type, price, depth).times(likely[node.id], times)
        elif node.type == UNFINISHED:
            costs[node.id] = UNKNOWN
    return costs


def chances(drawing: Drawing) -> dict[str, Fraction]:
    """How likely each node is to run, when the ports that lead on are equally likely. Loop edges are not taken."""
    found = dict.fromkeys(drawing.graph.nodes, Fraction(0))
    for node in drawing.graph.order:
        if drawing.graph.nodes[node].type == "start":
            found[node] = Fraction(1)
        for edge, share in onwards(drawing, node):
            found[edge.target] = min(Fraction(1), found[edge.target] + found[node] * share)
    return found


def onwards(drawing: Drawing, node: str) -> list[tuple[Edge, Fraction]]:
    """The edges that a node is expected to take, each with its share of the runs: its ports are equally likely."""
    edges = [edge for edge in drawing.graph.outgoing[node] if edge.loop_max is None and edge.port != "error"]
    ports = {edge.port for edge in edges if edge.port != "exhausted"} or {edge.port for edge in edges}
    return [(edge, Fraction(1, len(ports))) for edge in edges if edge.port in ports]


def step_cost(drawing: Drawing, node: Node, node_type: NodeType, price: PriceOf, depth: int) -> Cost:
    """One execution of a node, with its retries and fallbacks; of a map all its items, of others all their turns."""
    turns = turns_of(node, drawing.document.get("limits", {}).get("max_steps"))
    if turns:
        own = [agent_step(drawing, node, node.config["agent"], price)] if "agent" in node.config else []
        return total([*own, *(turns_cost(drawing, node, each, price, depth) for each in turns)])
    work = total(
        second_opinion_cost(drawing, node, reference.ref, price)
        if reference.pointer == SECOND_OPINION
        else reference_cost(drawing, node, reference.kind, reference.ref, price, depth)
        for reference in node_type.references(node.config)
    )
    if node.type != "map" or work.worst == 0:
        return work
    usual, most = item_counts(drawing, node)
    return work.times(usual, most)


def turns_cost(drawing: Drawing, node: Node, turns: Turns, price: PriceOf, depth: int) -> Cost:
    """Turns that any of the members may take: as expected by all of them alike, at worst by the dearest."""
    costs = [member_cost(drawing, node, each, price, depth) for each in turns.members]
    one = Cost(Fraction(sum(cost.expected for cost in costs), len(costs)), dearest(costs))
    return one.times(turns.usual, turns.most)


def dearest(costs: Sequence[Cost]) -> Fraction | None:
    """The worst case of one of them; None where nothing bounds it."""
    worst = [cost.worst for cost in costs]
    return None if None in worst else max(worst, default=Fraction(0))


def member_cost(drawing: Drawing, node: Node, member: Member, price: PriceOf, depth: int) -> Cost:
    """One turn: of an agent with the node's retries and fallbacks, of a flow once; people cost nothing."""
    if member.kind == "person":
        return FREE
    if member.kind == "flow":
        return subflow_cost(drawing, member.ref, 1, price, depth)
    return agent_step(drawing, node, member.ref, price, is_turn=True)


def reference_cost(drawing: Drawing, node: Node, kind: str, ref: str, price: PriceOf, depth: int) -> Cost:
    if kind == "flow":
        return subflow_cost(drawing, ref, node.retry.max_attempts, price, depth)
    if kind != "agent":
        return FREE  # a tool's own price is not known to its document
    return agent_step(drawing, node, ref, price)


def second_opinion_cost(drawing: Drawing, node: Node, ref: str, price: PriceOf) -> Cost:
    """A turn that is asked for where the first agent is not sure, so it is not expected; and anew by each fallback."""
    return agent_step(drawing, node, ref, price, is_turn=True).times(0, 1 + len(node.fallback))


def agent_step(drawing: Drawing, node: Node, ref: str, price: PriceOf, is_turn: bool = False) -> Cost:
    """A step of an agent with its retries, of a fallback in its place, and of those to whom each may hand its work."""
    agent, (_, handed_to) = drawing.lookup("agent", ref), handing(drawing, node, ref, is_turn)
    speakers = [each or {} for each in (agent, *handed_to)]
    own = node.retry.max_attempts + sum(len(each.get("fallback_models", ())) for each in speakers)
    asked = ask_of(node, agent, node.retry.max_attempts, own, is_turn)
    others = [
        agent_cost(other, ask_of(node, other, 1, own + place, is_turn), price).times(0, 1)
        for place, other in enumerate((drawing.lookup("agent", ref) for ref in node.fallback), start=1)
    ]
    handed = [handed_on(drawing, node, each, own, is_turn, price) for each in (ref, *node.fallback)]
    return total([agent_cost(agent, asked, price), *others, *handed])


def handed_on(drawing: Drawing, node: Node, ref: str, attempts: int, is_turn: bool, price: PriceOf) -> Cost:
    """What those cost who answer in an agent's place: as many as there may be, each as dear as the dearest. They are
    attempted as often as the step."""
    hops, found = handing(drawing, node, ref, is_turn)
    if not found:
        return FREE
    last = attempts + len(node.fallback)
    costs = [agent_cost(other, ask_of(node, other, attempts, last, True), price) for other in found]
    return Cost(Fraction(0), dearest(costs)).times(0, hops)


def handing(drawing: Drawing, node: Node, ref: str, is_turn: bool) -> tuple[int, Sequence[Mapping | None]]:
    """How often an agent's work may be handed on, and to whom; each of them may go on with its own other models."""
    if HANDING_ON.get(node.type) != is_turn:
        return 0, ()
    agent = drawing.lookup("agent", ref) or {}
    hops = hops_of(drawing, agent, used=int(is_turn))
    return hops, [drawing.lookup("agent", each) for each in stand_ins(drawing, agent, hops)]


def ask_of(node: Node, agent: Mapping | None, attempts: int, last: int, is_turn: bool = False) -> Ask:
    """`is_turn`: it is asked by another agent, or with what others said."""
    structured = node.type in STRUCTURED or "output_schema" in node.config or "output_schema" in (agent or {})
    routes = "".join(route.get("description", "") for route in node.config.get("routes", ()))
    delegates = bool((agent or {}).get("delegation", {}).get("to")) or node.config.get("protocol") == "swarm"
    leads = node.type == "supervisor" and not is_turn
    reports = bool(reporting.allowed(agent or {}))
    return Ask(
        node.config.get("text", "") + routes,
        structured,
        attempts,
        last,
        is_open=is_turn or leads,
        calls=delegates or leads or reports,
        rounds=rounds_of(node.config) if leads else (0, 0),
    )


def subflow_cost(drawing: Drawing, ref: str, attempts: int, price: PriceOf, depth: int) -> Cost:
    document = drawing.lookup("flow", ref)
    if document is None or depth == DEEPEST:
        return UNKNOWN
    cost, _ = flow_cost(Drawing(document, drawing.lookup), price, depth + 1)
    return cost.times(1, attempts)


def item_counts(drawing: Drawing, node: Node) -> tuple[int, int | None]:
    """How many items a map is expected to have, and how many it has at most."""
    source = node.config["items"]
    fixed = literal_length(source)
    if fixed is not None:
        return fixed, fixed
    bounds = [drawing.document.get("limits", {}).get("max_steps"), schema_length(drawing, source)]
    most = min((bound for bound in bounds if bound is not None), default=None)
    return USUAL_ITEMS if most is None else min(USUAL_ITEMS, most), most


def literal_length(source: str) -> int | None:
    try:
        tree = cel_parser.parse(source)
    except Invalid:
        return None
    return len(tree.items) if isinstance(tree, ListOf) else None


def schema_length(drawing: Drawing, source: str) -> int | None:
    """The `maxItems` of what the items are read from."""
    path = reads(source, False).whole
    if path and path[0] == "input":
        found = follow(drawing.input_schema, path[1:])
    elif path and path[0] == "steps" and path[2:3] == ("output",):
        found = follow(drawing.outputs.get(path[1]), path[3:])
    else:
        return None
    return found.get("maxItems") if isinstance(found, Mapping) else None
