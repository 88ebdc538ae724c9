"""The `subflow` node: another flow as one step, a run of its own under the same trace."""

from flows.fields import reference, strict, values
from flows.nodes.base import Expression, Finished, NodeType, Reference, StepFailed


class Subflow(NodeType):
    kind = "subflow"
    label = "Subflow"
    summary = "Runs another flow and goes on with its output."
    icon = "workflow"
    group = "work"
    config_schema = strict(
        {"flow": reference("The flow"), "input": values("Its input, as values")},
        required=("flow",),
    )

    def references(self, config):
        return [Reference("flow", config["flow"], "/config/flow")]

    def expressions(self, config):
        return [Expression("value", config.get("input", {}), "/config/input")]

    async def run(self, ctx):
        config = ctx.node.config
        given = ctx.value(config.get("input", {}))
        if not isinstance(given, dict):
            raise StepFailed("invalid_input", "`input` must come out as an object, the input of the flow.")
        return Finished(await ctx.run_flow(config["flow"], given))
