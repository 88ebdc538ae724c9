"""The `start` node: where a run's input comes in."""

from flows.fields import strict
from flows.nodes.base import Finished, NodeType


class Start(NodeType):
    kind = "start"
    label = "Start"
    summary = "Hands the run's input to what follows."
    icon = "play"
    group = "flow"
    config_schema = strict({})
    pure = True

    async def run(self, ctx):
        return Finished(ctx.scope["input"])
