"""The `tool` node: one tool is called with arguments that the flow sets."""

from flows.fields import closed, reference, strict, values
from flows.nodes.base import Expression, Finished, NodeType, Reference, StepFailed

ANY: dict = {}
BY_TYPE = {
    "http": closed({"status": {"type": "integer"}, "body": ANY}),
    "sql": closed(
        {
            "columns": {"type": "array"},
            "rows": {"type": "array", "items": {"type": "object"}},
            "truncated": {"type": "boolean"},
        }
    ),
    "calculator": closed({"result": ANY}),
    "knowledge": closed({"passages": {"type": "array", "items": {"type": "object"}}}),
}


class Tool(NodeType):
    kind = "tool"
    label = "Tool"
    summary = "Calls a tool with arguments you set."
    icon = "wrench"
    group = "work"
    config_schema = strict(
        {"tool": reference("The tool"), "arguments": values("The tool's arguments, as values")},
        required=("tool",),
    )

    def references(self, config):
        return [Reference("tool", config["tool"], "/config/tool")]

    def expressions(self, config):
        return [Expression("value", config.get("arguments", {}), "/config/arguments")]

    def output_schema(self, config, around):
        tool = around.lookup("tool", config["tool"])
        if tool is None:
            return None
        return tool.get("output_schema") or BY_TYPE.get(tool.get("type"))

    async def run(self, ctx):
        config = ctx.node.config
        arguments = ctx.value(config.get("arguments", {}))
        if not isinstance(arguments, dict):
            raise StepFailed(
                "invalid_input", "`arguments` must come out as an object of the tool's arguments."
            )
        return Finished(await ctx.call_tool(config["tool"], arguments))
