"""The JSON Schemas inside a flow: each must be one, and forms and answers must be objects."""

from collections.abc import Iterator, Mapping

from flows.checks.drawing import Drawing
from governance.refusals import Problem
from governance.schemas import schema_problems


def schemas(drawing: Drawing) -> Iterator[Problem]:
    document = drawing.document
    if "input_schema" in document:
        yield from schema_problems(document["input_schema"], "/input_schema")
    if "schema" in document.get("state", {}):
        yield from problems_of(document["state"]["schema"], "/state/schema", True)
    for node, node_type in drawing.typed:
        for field, is_object in node_type.schemas.items():
            if field in node.config:
                for problem in problems_of(node.config[field], f"/config/{field}", is_object):
                    yield drawing.at_node(problem, node.id)


def problems_of(schema: Mapping, pointer: str, is_object: bool) -> Iterator[Problem]:
    problems = schema_problems(schema, pointer)
    yield from problems
    if is_object and not problems and schema.get("type", "object") != "object":
        message = "This must describe an object: set `type: object` and name its fields under `properties`."
        yield Problem(f"{pointer}/type", message, "not_object")
