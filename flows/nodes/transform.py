"""The `transform` node: a value made from what the run has so far."""

from flows.arrived import as_object, object_schema
from flows.fields import strict
from flows.nodes.base import Expression, Finished, NodeType


class Transform(NodeType):
    kind = "transform"
    label = "Transform"
    summary = "Builds a value from earlier outputs, without a model."
    icon = "braces"
    group = "data"
    config_schema = strict({"output": {"description": "A value; without it, what arrived as {node: output}"}})
    pure = True

    def expressions(self, config):
        return [Expression("value", config["output"], "/config/output")] if "output" in config else []

    def output_schema(self, config, around):
        if "output" not in config:
            return object_schema(around.sources)
        return shape_of(config["output"])

    async def run(self, ctx):
        config = ctx.node.config
        return Finished(ctx.value(config["output"]) if "output" in config else as_object(ctx.arrivals))


def shape_of(value) -> dict | None:
    """What a value evaluates to, as far as it shows: keys and texts do, `= expressions` do not."""
    if isinstance(value, str):
        return None if value.startswith("=") else {"type": "string"}
    if isinstance(value, dict):
        return {
            "type": "object",
            "properties": {key: shape_of(item) or {} for key, item in value.items()},
            "required": list(value),
            "additionalProperties": False,
        }
    if isinstance(value, list):
        return {"type": "array"}
    return {"const": value}
