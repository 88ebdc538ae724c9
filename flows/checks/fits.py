"""Whether what steps give fits what the next ones take, where both are known: arguments, inputs, agents' inputs."""

from collections.abc import Iterator, Mapping
from typing import Any

from flows.checks.drawing import Drawing, at_edge, shown
from flows.checks.expressions import Path, Single, reads
from flows.checks.shapes import Misfit, follow, misfits
from flows.graph import Edge, Node
from governance.refusals import Problem, pointer
from registry.schemas import input_schema_of

# The config's field that is handed over, by the field that names who takes it.
HANDED = {"tool": "arguments", "flow": "input"}
# Types whose output is made for the next step; a router's or an approval's is about the way, not about the work.
MAKERS = frozenset({"agent", "tool"})


def fits(drawing: Drawing) -> Iterator[Problem]:
    for node, _ in drawing.typed:
        for taker, field in HANDED.items():
            if taker in node.config and node.type in (taker, "map", "subflow"):
                yield from handed_over(drawing, node, taker, field)
        if node.type == "agent":
            yield from agent_inputs(drawing, node)


def handed_over(drawing: Drawing, node: Node, taker: str, field: str) -> Iterator[Problem]:
    """A tool's arguments, a flow's input."""
    found = drawing.lookup(taker, node.config[taker])
    if found is None:
        return
    wanted = input_schema_of(found) if taker == "tool" else found.get("input_schema")
    template = node.config.get(field, {})
    for misfit in misfits(made_by(drawing, template), wanted):
        yield at_source(drawing, node, template, misfit, f"/config/{field}")


def made_by(drawing: Drawing, template: Any, node: Node | None = None) -> Mapping:
    """The schema of what a value evaluates to, as far as it is known. `node` is whose own `output` it may name."""
    if isinstance(template, str) and template.startswith("="):
        path = path_of(template)
        return found_at(drawing, path, node) if path else {}
    if isinstance(template, str):
        return {"type": "string"} if "{" in template or template.startswith("\\=") else {"const": template}
    if isinstance(template, dict):
        return {
            "type": "object",
            "properties": {key: made_by(drawing, item, node) for key, item in template.items()},
            "required": list(template),
            "additionalProperties": False,
        }
    return {"type": "array"} if isinstance(template, list) else {"const": template}


def path_of(template: Any) -> Path | None:
    """The path of a value that is nothing but `= steps.a.output.b`."""
    if not isinstance(template, str) or not template.startswith("="):
        return None
    return reads(template[1:], False).whole


def found_at(drawing: Drawing, path: Path, node: Node | None = None) -> Mapping:
    if path[0] == "input":
        found = follow(drawing.input_schema, path[1:])
    elif path[0] == "state":
        found = follow(drawing.state_schema, path[1:])
    elif path[0] == "output" and node is not None:
        found = follow(drawing.output_of(node.id), path[1:])
    elif path[0] == "steps" and len(path) > 2 and path[2] == "output":
        found = follow(drawing.outputs.get(path[1]), path[3:])
    else:
        found = None
    return found if isinstance(found, Mapping) else {}


def at_source(drawing: Drawing, node: Node, template: Any, misfit: Misfit, base: str) -> Problem:
    """At the edge over which the wrong thing comes, where there is one; else at the value itself."""
    place, path = inner(template, misfit.at)
    source = path[1] if path and path[0] == "steps" and len(path) > 1 else ""
    what = f"{'.'.join(path)} " if path else f"{(base + place).removeprefix('/config/').replace('/', '.')} "
    message = f"{what}{misfit.reason} by {taker_of(node)}: hand over something that fits."
    edge = next((edge for edge in drawing.graph.incoming[node.id] if edge.source == source), None)
    if edge:
        return at_edge(edge, "schema_mismatch", message)
    nodes = (source, node.id) if source else (node.id,)
    return drawing.at_node(Problem(base + place, message, "schema_mismatch", nodes=nodes), node.id)


def inner(template: Any, at: str) -> tuple[str, Path | None]:
    """How far a pointer leads into a template, and the path that the value there reads."""
    place = ""
    while isinstance(template, dict):
        key = next((key for key in template if (at + "/").startswith(place + pointer(key) + "/")), None)
        if key is None:
            break
        template, place = template[key], place + pointer(key)
    return place, path_of(template)


def taker_of(node: Node) -> str:
    return next(f"{kind} {node.config[kind]}" for kind in ("tool", "flow") if kind in node.config)


def agent_inputs(drawing: Drawing, node: Node) -> Iterator[Problem]:
    """An agent that says what it needs, behind a step that says what it makes.

    Where the agent is asked exactly that output, it must fit; else its text may put together what it needs, and a
    misfit is a warning.
    """
    wanted = (drawing.lookup("agent", node.config["agent"]) or {}).get("input_schema")
    if not wanted or "text" in wanted.get("properties", {}):
        return  # the second is held to the text it is asked, when it runs
    asked = Single(node.config["text"], True, "/config/text").reads().whole
    for edge in drawing.graph.incoming[node.id]:
        exact = asked == ("steps", edge.source, "output")
        if edge.port != "error" and (exact or makes(drawing, edge)):
            for misfit in misfits(drawing.outputs.get(edge.source), wanted):
                what = f"{edge.source}.output{misfit.at.replace('/', '.')} {misfit.reason} by {node.config['agent']}"
                message = (
                    f"{shown(edge)}: {what}. Change one of the two schemas, or put a transform between them."
                )
                yield at_edge(edge, "schema_mismatch", message, severity="error" if exact else "warning")


def makes(drawing: Drawing, edge: Edge) -> bool:
    """Whether a step gives data on purpose, with a schema of its own: not `{text}`."""
    source = drawing.graph.nodes[edge.source]
    if source.type not in MAKERS:
        return False
    document = drawing.lookup(source.type, source.config[source.type]) or {}
    return "output_schema" in source.config or "output_schema" in document
