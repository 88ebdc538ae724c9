"""The `map` node: one agent, tool or flow for each item of a list."""

from flows.fields import closed, condition, reference, strict, text, values
from flows.nodes.base import Expression, Finished, NodeType, Reference, StepFailed
from governance.refusals import Problem

WORKERS = ("agent", "tool", "flow")
FAILED = closed({"index": {"type": "integer"}, "error": {"type": "object"}})
IN_AN_ITEM = ("item", "index")


class Map(NodeType):
    kind = "map"
    label = "Map"
    summary = "Works on every item of a list, several at a time."
    icon = "copy-plus"
    group = "work"
    holds_items = True
    config_schema = strict(
        {
            "items": condition("CEL that gives a list"),
            "agent": reference("The agent for each item"),
            "text": text("What the agent is asked, with `item` and `index`"),
            "tool": reference("The tool for each item"),
            "arguments": values("The tool's arguments, with `item` and `index`"),
            "flow": reference("The flow for each item"),
            "input": values("The flow's input, with `item` and `index`"),
            "max_concurrency": {"type": "integer", "minimum": 1, "maximum": 1_000},
            "on_item_error": {"enum": ["fail", "collect"], "default": "fail"},
        },
        required=("items",),
        dependentRequired={"agent": ["text"], "text": ["agent"], "arguments": ["tool"], "input": ["flow"]},
    )

    def references(self, config):
        return [Reference(kind, config[kind], f"/config/{kind}") for kind in WORKERS if kind in config]

    def expressions(self, config):
        found = [Expression("evaluate", config["items"], "/config/items")]
        for flavour, key in (("text", "text"), ("value", "arguments"), ("value", "input")):
            if key in config:
                found.append(Expression(flavour, config[key], f"/config/{key}", extra=IN_AN_ITEM))
        return found

    def output_schema(self, config, around):
        return closed({"items": {"type": "array"}, "failed": {"type": "array", "items": FAILED}})

    def problems(self, node):
        workers = [worker for worker in WORKERS if worker in node.config]
        if len(workers) == 1:
            return []
        found = " and ".join(workers) or "nothing"
        message = f"A map works with one of agent, tool or flow; here stands {found}. Keep one."
        return [Problem("/config", message, "one_worker")]

    async def run(self, ctx):
        config = ctx.node.config
        items = ctx.evaluate(config["items"])
        if not isinstance(items, list):
            raise StepFailed(
                "expression_error", f"`{config['items']}` is {named(items)}; a map needs a list."
            )
        outputs, failed = await ctx.for_each(
            items,
            WORK[next(worker for worker in WORKERS if worker in config)],
            max_concurrency=config.get("max_concurrency"),
            collect_errors=config.get("on_item_error") == "collect",
        )
        return Finished({"items": outputs, "failed": failed})


async def by_agent(ctx, item):
    config = ctx.node.config
    asked = ctx.text(config["text"], item=item, index=ctx.item)
    return await ctx.run_agent(config["agent"], asked, may_hand_over=True)


async def by_tool(ctx, item):
    return await ctx.call_tool(ctx.node.config["tool"], filled(ctx, "arguments", item))


async def by_flow(ctx, item):
    return await ctx.run_flow(ctx.node.config["flow"], filled(ctx, "input", item))


WORK = {"agent": by_agent, "tool": by_tool, "flow": by_flow}


def filled(ctx, key: str, item) -> dict:
    value = ctx.value(ctx.node.config.get(key, {}), item=item, index=ctx.item)
    if not isinstance(value, dict):
        raise StepFailed("invalid_input", f"`{key}` must come out as an object, not {named(value)}.")
    return value


def named(value) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
