"""One node as a flow of its own, with given outputs for the steps before it: how a node is tried out. Pure."""

from collections.abc import Mapping
from typing import Any

from flows.cards import cards
from flows.checks.drawing import Drawing
from flows.checks.expressions import singles
from flows.checks.scope import written
from flows.graph import Node
from flows.nodes import TYPES
from governance.schemas import fits

LITERAL = ("=", "\\=")  # how values and texts begin that are not what they look like
GAP = 240
ANYTHING: dict = {}


class NotAlone(ValueError):
    """A node cannot be tried out on its own. The message says why."""


def needed(drawing: Drawing, node: str) -> list[str]:
    """The steps whose outputs a node reads: those that its expressions name, and those that arrive where it puts
    together what arrived. In document order."""
    found = drawing.graph.nodes[node]
    if found.type not in TYPES or found.type == "start":
        raise NotAlone(
            "Only a finished step can be tried out: fill in what it lacks, and choose one that does work."
        )
    read = {step for each in expressions(found) for step in each.steps()}
    if found.type == "join" or (found.type in ("transform", "end") and "output" not in found.config):
        read |= {edge.source for edge in drawing.graph.incoming[node]}
    return [step for step in drawing.graph.nodes if step in read - {node}]


def expressions(node: Node) -> list:
    found = [*TYPES[node.type].expressions(node.config), *([written(node)] if node.writes else ())]
    return [single for each in found for single in singles(each)]


def state_read(drawing: Drawing, node: Node) -> dict[str, Any]:
    """The fields of the state that a node reads, with their schemas."""
    paths = {path for each in expressions(node) for path in each.reads().paths if path[0] == "state"}
    names = {path[1] for path in paths if len(path) > 1}
    is_whole = any(len(path) == 1 for path in paths)
    fields = drawing.declared_fields.items()
    return {name: schema for name, schema in fields if is_whole or name in names}


def state_given(drawing: Drawing, state: Mapping[str, Any]) -> dict[str, Any]:
    """The flow's state that starts with these values."""
    found = drawing.document["state"]
    schema = found.get("schema") or {}
    fields = {
        name: {**field, "default": state[name]} if name in state and isinstance(field, Mapping) else field
        for name, field in drawing.declared_fields.items()
    }
    return {**found, "schema": {**schema, "properties": fields}}


def schema_of(drawing: Drawing, node: str) -> dict[str, Any]:
    """The JSON Schema of what trying a node takes: `{input, steps: {step: output}, state}`, as far as it reads them."""
    properties = {}
    if any("input" in each.roots() for each in expressions(drawing.graph.nodes[node])):
        properties["input"] = dict(drawing.input_schema or {"type": "object"})
    steps = {step: dict(drawing.outputs.get(step) or ANYTHING) for step in needed(drawing, node)}
    if steps:
        properties["steps"] = {"type": "object", "properties": steps, "required": list(steps)}
    required = list(properties)
    if state := state_read(drawing, drawing.graph.nodes[node]):
        properties["state"] = {"type": "object", "properties": state}
    return {"type": "object", "properties": properties, "required": required}


def one_node(
    drawing: Drawing, node: str, outputs: Mapping[str, Any], state: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """start → a transform for each step that is needed, with its output → the node → an end that gives its output.

    Raises NotAlone. The run's input is the flow's.
    """
    steps = needed(drawing, node)
    document = drawing.document
    tried = next(found for found in document["nodes"] if found["id"] == node)
    start = next(
        (step for step in steps if drawing.graph.nodes[step].type == "start"), fresh("start", {*steps, node})
    )
    given = [step for step in steps if step != start]
    middle = [pinned(step, outputs.get(step), place) for place, step in enumerate(given)]
    nodes = [{"id": start, "type": "start", "position": at(0, 0)}, *middle, {**tried, "position": at(2, 0)}]
    edges = [{"from": start, "to": step} for step in given]
    edges += [{"from": step, "to": node} for step in given or [start]]
    if start in steps and given:
        edges.append({"from": start, "to": node})
    if tried["type"] != "end":
        end = fresh("done", {*steps, node, start})
        nodes.append(
            {"id": end, "type": "end", "config": {"output": f"= steps.{node}.output"}, "position": at(3, 0)}
        )
        edges += [leading(node, port, end) for port in ports(tried)]
    kept = {field: document[field] for field in ("kind", "slug", "limits") if field in document}
    if drawing.declared is not None:
        kept["state"] = state_given(drawing, state or {})
    return {**kept, "name": f"Trying {tried.get('name') or node}", "nodes": nodes, "edges": edges}


def ports(node: Mapping[str, Any]) -> tuple[str, ...]:
    [card] = cards({"nodes": [node]}, lambda kind, ref: None)
    return card.ports


def leading(source: str, port: str, target: str) -> dict[str, Any]:
    edge = {"from": source, "to": target}
    return edge if port == "out" else {"from": source, "port": port, "to": target}


def pinned(step: str, output: Any, place: int) -> dict[str, Any]:
    """A node that gives `output` under the id of a step."""
    config = {"output": literal(output)}
    if not fits(TYPES["transform"].config_schema, config):
        raise NotAlone(f"The output of {step} cannot be given: it is no JSON value.")
    return {
        "id": step,
        "type": "transform",
        "name": f"Given: {step}",
        "config": config,
        "position": at(1, place),
    }


def literal(value: Any) -> Any:
    """A value that evaluates to `value`: no text of it is taken for an expression."""
    if isinstance(value, dict):
        return {key: literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [literal(item) for item in value]
    if not isinstance(value, str) or not ("{" in value or value.startswith(LITERAL)):
        return value
    if "endraw" in value:
        raise NotAlone("A given text cannot hold the word endraw: leave it out for the trial.")
    return f"{{% raw %}}{value}{{% endraw %}}"


def fresh(wanted: str, taken: set[str]) -> str:
    return next(
        name
        for number in range(1, len(taken) + 2)
        if (name := wanted if number == 1 else f"{wanted}_{number}") not in taken
    )


def at(column: int, row: int) -> dict[str, int]:
    return {"x": column * GAP, "y": row * GAP // 2}
