"""The `condition` node: the first case that is true says where the run goes on."""

from flows.choice import chosen, first_true, port_schema
from flows.fields import closed, condition, port, strict
from flows.nodes.base import Finished, NodeType, conditions


class Condition(NodeType):
    kind = "condition"
    label = "Condition"
    summary = "Takes the port of the first case that is true, otherwise `else`."
    icon = "diamond"
    group = "flow"
    config_schema = strict(
        {
            "cases": {
                "type": "array",
                "minItems": 1,
                "maxItems": 100,
                "items": strict({"port": port(), "when": condition("CEL")}, required=("port", "when")),
            }
        },
        required=("cases",),
    )
    pure = True

    def ports(self, config):
        return (*(case["port"] for case in config["cases"]), "else")

    def expressions(self, config):
        return conditions(config["cases"], "/config/cases")

    def output_schema(self, config, around):
        return closed({"port": {"enum": list(self.ports(config))}})

    def answer_schema(self, config):
        return port_schema(self.ports(config))

    def answered(self, config, answer):
        return Finished(answer, (answer["port"],))

    async def run(self, ctx):
        cases = ctx.node.config["cases"]
        candidates = first_true(ctx, cases)
        ports = chosen(candidates) or ("else",)
        reason = next(
            (f"`{case['when']}` is true" for case in cases if case["port"] == ports[0]), "no case is true"
        )
        ctx.record_choice("condition", [c.recorded() for c in candidates], ports, "rules", reason)
        return Finished({"port": ports[0]}, ports)
