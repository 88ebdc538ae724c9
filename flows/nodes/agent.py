"""The `agent` node: one agent answers one text."""

from flows.fields import closed, json_schema, reference, strict, text
from flows.nodes.base import Expression, Finished, NodeType, Reference

TEXT = closed({"text": {"type": "string"}})


class Agent(NodeType):
    kind = "agent"
    label = "Agent"
    summary = "Lets an agent answer, with the tools it may use."
    icon = "bot"
    group = "work"
    config_schema = strict(
        {
            "agent": reference("The agent"),
            "text": text("What the agent is asked"),
            "output_schema": json_schema("What the answer must be; without it the agent's own, else {text}"),
        },
        required=("agent", "text"),
    )

    schemas = {"output_schema": True}

    def references(self, config):
        return [Reference("agent", config["agent"], "/config/agent")]

    def expressions(self, config):
        return [Expression("text", config["text"], "/config/text")]

    def output_schema(self, config, around):
        if "output_schema" in config:
            return config["output_schema"]
        agent = around.lookup("agent", config["agent"])
        return None if agent is None else agent.get("output_schema", TEXT)

    def answer_schema(self, config):
        return config.get("output_schema")

    async def run(self, ctx):
        config = ctx.node.config
        asked = ctx.text(config["text"])
        schema = config.get("output_schema")
        return Finished(await ctx.run_agent(config["agent"], asked, schema, may_hand_over=True))
