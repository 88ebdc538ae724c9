"""The `join` node: brings branches together, all of them, the first, or enough of them."""

from flows.arrived import as_list, as_object, as_text, object_schema
from flows.fields import closed, condition, reference, strict, text
from flows.nodes.base import Expression, Finished, NodeType, Reference, StepFailed
from flows.tally import tally


class Join(NodeType):
    kind = "join"
    label = "Join"
    summary = "Waits for branches and combines what they bring."
    icon = "git-merge"
    group = "flow"
    config_schema = strict(
        {
            "mode": {"enum": ["all", "any", "quorum"], "default": "all"},
            "count": {
                "type": "integer",
                "minimum": 1,
                "maximum": 2_000,
                "description": "With `mode: quorum`",
            },
            "combine": {"enum": ["object", "list", "text", "agent", "vote"], "default": "object"},
            "agent": reference("The agent that combines"),
            "text": text("What that agent is asked"),
            "on": condition(
                "With `combine: vote`: CEL over `item`, each output; without it the output itself"
            ),
        },
        allOf=[
            {
                "if": {"properties": {"mode": {"const": "quorum"}}, "required": ["mode"]},
                "then": {"required": ["count"]},
            },
            {
                "if": {"properties": {"combine": {"const": "agent"}}, "required": ["combine"]},
                "then": {"required": ["agent", "text"]},
            },
        ],
    )

    def is_pure(self, config):
        return config.get("combine") != "agent"

    def references(self, config):
        if config.get("combine") != "agent":
            return []
        return [Reference("agent", config["agent"], "/config/agent")]

    def expressions(self, config):
        if config.get("combine") == "agent":
            return [Expression("text", config["text"], "/config/text")]
        if config.get("combine") == "vote" and "on" in config:
            return [Expression("evaluate", config["on"], "/config/on", extra=("item",))]
        return []

    def output_schema(self, config, around):
        combine = config.get("combine", "object")
        if combine == "object":
            return object_schema(around.sources)
        if combine == "agent":
            agent = around.lookup("agent", config["agent"])
            return None if agent is None else agent.get("output_schema", SCHEMAS["text"])
        return SCHEMAS[combine]

    async def run(self, ctx):
        needed, arrived = ctx.node.quorum, len(ctx.arrivals)
        if needed is not None and arrived < needed:
            raise StepFailed(
                "quorum_not_reached",
                f"{arrived} of {needed} needed branches arrived, and no other can: lower `count` or let more succeed.",
            )
        config = ctx.node.config
        return Finished(await COMBINE[config.get("combine", "object")](ctx, config))


SCHEMAS = {
    "list": closed({"items": {"type": "array"}}),
    "text": closed({"text": {"type": "string"}}),
    "vote": closed({"winner": {}, "tally": {"type": "array", "items": {"type": "object"}}}),
}


async def by_object(ctx, config):
    return as_object(ctx.arrivals)


async def by_list(ctx, config):
    return as_list(ctx.arrivals)


async def by_text(ctx, config):
    return as_text(ctx.arrivals)


async def by_agent(ctx, config):
    return await ctx.run_agent(config["agent"], ctx.text(config["text"]))


async def by_vote(ctx, config):
    outputs = [arrival.output for arrival in ctx.arrivals]
    return tally(
        [ctx.evaluate(config["on"], item=output) for output in outputs] if "on" in config else outputs
    )


COMBINE = {"object": by_object, "list": by_list, "text": by_text, "agent": by_agent, "vote": by_vote}
