"""The `end` node: what a run answers."""

from flows.arrived import as_object
from flows.fields import strict
from flows.nodes.base import Expression, Finished, NodeType


class End(NodeType):
    kind = "end"
    label = "End"
    summary = "Ends a branch; its output is the run's."
    icon = "flag"
    group = "flow"
    config_schema = strict({"output": {"description": "A value; without it, what arrived as {node: output}"}})
    pure = True

    def ports(self, config):
        return ()

    def expressions(self, config):
        return [Expression("value", config["output"], "/config/output")] if "output" in config else []

    async def run(self, ctx):
        config = ctx.node.config
        output = ctx.value(config["output"]) if "output" in config else as_object(ctx.arrivals)
        return Finished(output, ())
