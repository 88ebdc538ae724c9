"""Rule 9 (contract, section 4): every name that an expression uses can have a value when its node runs."""

from collections.abc import Iterator

from flows.checks.drawing import Drawing
from flows.checks.expressions import Single, singles
from flows.checks.references import named_by
from flows.graph import Node
from flows.nodes.base import Expression, NodeType
from governance.refusals import Problem

IN_AN_ITEM = ("item", "index")
ALWAYS = frozenset({"input", "steps", "run"})
ELSEWHERE = {
    "item": "only a map has items",
    "index": "only a map has items",
    "iteration": "only the nodes of a loop have iterations",
    "error": "only the node that an error port leads to is handed the error",
    "output": "only what a step writes to the state may name its own output",
    "state": "the flow has no `state`; give it one in its settings",
}


def scope(drawing: Drawing) -> Iterator[Problem]:
    for node, node_type in drawing.typed:
        for single in expressions_of(drawing, node, node_type):
            for problem in problems_of(drawing, node, single):
                yield drawing.at_node(problem, node.id)


def expressions_of(drawing: Drawing, node: Node, node_type: NodeType) -> Iterator[Single]:
    """The expressions of a node, and the instructions of its agents: they are texts of whoever calls them."""
    for expression in node_type.expressions(node.config):
        yield from singles(expression)
    if node.writes:
        yield from singles(written(node))
    for reference in named_by(node, node_type):
        agent = drawing.lookup("agent", reference.ref) if reference.kind == "agent" else None
        if agent and "instructions" in agent:
            extra = IN_AN_ITEM if node.type == "map" else ()
            yield Single(agent["instructions"], True, reference.pointer, extra)


def written(node: Node) -> Expression:
    """What a step writes to the state, with the step's own output."""
    return Expression("value", dict(node.writes), "/writes", extra=("output",))


def problems_of(drawing: Drawing, node: Node, single: Single) -> Iterator[Problem]:
    flaws = single.flaws()
    for flaw in flaws:
        place = "" if flaw.position is None else f" (at character {flaw.position + 1})"
        message = f"`{short(single.source)}`: {flaw.reason}{place}."
        yield Problem(single.pointer, message, "expression_error")
    if not flaws:
        known = names_in_scope(drawing, node, single)
        for name in sorted(single.roots() - known):
            yield Problem(single.pointer, unknown(name, known), "unknown_name")
        yield from steps_of(drawing, node, single.steps(), single.pointer)


def names_in_scope(drawing: Drawing, node: Node, single: Single) -> frozenset[str]:
    known = ALWAYS | set(single.extra)
    if "state" in drawing.document:
        known |= {"state"}
    if drawing.graph.loops_around[node.id]:
        known |= {"iteration"}
    if node.id in drawing.behind_errors:
        known |= {"error"}
    return known


def unknown(name: str, known: frozenset[str]) -> str:
    reason = f": {ELSEWHERE[name]}" if name in ELSEWHERE else ""
    return f"There is no {name} here{reason}. Known here: {', '.join(sorted(known))}."


def steps_of(drawing: Drawing, node: Node, steps: set[str], pointer: str) -> Iterator[Problem]:
    for step in sorted(steps):
        if step not in drawing.place:
            message = f"steps.{step} is named here, but there is no node {step}: name one that comes before."
            yield Problem(pointer, message, "unknown_step", nodes=(node.id,))
        elif not in_scope(drawing, node.id, step):
            if step == node.id:
                why = f"{step} has no earlier output: it is in no loop"
            else:
                why = f"no path leads from {step} to {node.id}, and no loop brings {step} before it"
            message = f"steps.{step} may not be named here: {why}. Connect them, or name another step."
            yield Problem(pointer, message, "step_out_of_scope", nodes=tuple(dict.fromkeys((node.id, step))))


def in_scope(drawing: Drawing, node: str, step: str) -> bool:
    """Whether `step` may have finished when `node` runs: before it, or in an earlier iteration."""
    graph = drawing.graph
    if step != node and graph.leads(step, node):
        return True
    return graph.leads(node, step) and any(step in loop.body for loop in graph.loops_around[node])


def short(source: str) -> str:
    return source if len(source) <= 80 else source[:79] + "…"
