"""The keys that expressions read: each must be one that an earlier step, the input or the run can have."""

from collections.abc import Iterator, Mapping

from flows.checks.drawing import Drawing
from flows.checks.expressions import Path, Single
from flows.checks.scope import expressions_of, in_scope
from flows.checks.shapes import Missing, follow
from flows.fields import closed
from flows.graph import Node
from governance.refusals import Problem

TEXT = {"type": "string"}
RUN = closed(
    {
        "id": TEXT,
        "flow": TEXT,
        "project": TEXT,
        "user": TEXT,
        "environment": TEXT,
        "cost_usd": {"type": "number"},
    }
)


def fields(drawing: Drawing) -> Iterator[Problem]:
    for node, node_type in drawing.typed:
        for single in expressions_of(drawing, node, node_type):
            for problem in problems_of(drawing, node, single):
                yield drawing.at_node(problem, node.id)


def problems_of(drawing: Drawing, node: Node, single: Single) -> Iterator[Problem]:
    for path in single.reads().certain():
        missing = follow(schema_of(drawing, node, path), path[1:])
        if isinstance(missing, Missing):
            place = path.index(missing.key, 1)
            nodes = (node.id, path[1]) if path[0] == "steps" else (node.id,)
            severity = "error" if missing.certain else "warning"
            message = sentence(".".join(path[:place]), missing)
            yield Problem(single.pointer, message, "unknown_key", severity, tuple(dict.fromkeys(nodes)))


def schema_of(drawing: Drawing, node: Node, path: Path) -> Mapping | None:
    """What is known of the first name of a path, where the name is in scope at all."""
    if path[0] == "input":
        return drawing.input_schema
    if path[0] == "run":
        return RUN
    if path[0] == "output":
        return drawing.output_of(node.id)
    if path[0] == "state":  # that there is no such field, flows.checks.state says
        return drawing.state_schema if path[1:2] and path[1] in drawing.declared_fields else None
    if (
        path[0] != "steps"
        or len(path) < 2
        or path[1] not in drawing.place
        or not in_scope(drawing, node.id, path[1])
    ):
        return None
    output = drawing.outputs.get(path[1]) or {}
    return closed({path[1]: closed({"output": output, "port": TEXT, "ports": {"type": "array"}})})


def sentence(whose: str, missing: Missing) -> str:
    if not missing.has:
        return f"{whose} has no fields, so it has no {missing.key}: read {whose} itself."
    doubt = "has" if missing.certain else "is described with"
    return f"{whose} {doubt} {', '.join(missing.has)}, not {missing.key}: read one of those, or change what it gives."
