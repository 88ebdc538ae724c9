"""The `router` node: rules or an agent say which route, or which routes, fit."""

from flows.choice import Candidate, all_true, chosen, first_true, port_schema
from flows.fields import closed, condition, port, reference, strict, text
from flows.nodes.base import Expression, Finished, NodeType, Reference, StepFailed, conditions
from governance.refusals import Problem

ROUTE = strict(
    {
        "port": port(),
        "when": condition("CEL; with `by: rules`"),
        "description": {
            "type": "string",
            "maxLength": 2_000,
            "description": "What belongs here; an agent reads it",
        },
    },
    required=("port",),
)
SCORE = {"type": "number", "minimum": 0, "maximum": 1}


class Router(NodeType):
    kind = "router"
    label = "Router"
    summary = "Sends the run to the specialist that fits, by rules or by an agent."
    icon = "split"
    group = "flow"
    config_schema = strict(
        {
            "by": {"enum": ["rules", "agent", "learned"]},
            "agent": reference("The agent that routes"),
            "text": text("What the agent is asked to route"),
            "routes": {"type": "array", "minItems": 1, "maxItems": 100, "items": ROUTE},
            "min_confidence": SCORE,
            "multiple": {"type": "boolean", "description": "Takes every route over the threshold"},
        },
        required=("by", "routes"),
        allOf=[
            {
                "if": {"properties": {"by": {"const": "rules"}}},
                "then": {"properties": {"routes": {"items": {"required": ["when"]}}}},
            },
            {"if": {"properties": {"by": {"const": "agent"}}}, "then": {"required": ["agent", "text"]}},
        ],
    )

    def is_pure(self, config):
        return config["by"] == "rules"

    def ports(self, config):
        return (*(route["port"] for route in config["routes"]), "otherwise")

    def references(self, config):
        return [Reference("agent", config["agent"], "/config/agent")] if config["by"] == "agent" else []

    def expressions(self, config):
        if config["by"] == "agent":
            return [Expression("text", config["text"], "/config/text")]
        return conditions(config["routes"], "/config/routes")

    def problems(self, node):
        if node.config["by"] != "learned":
            return []
        message = "Learned routing is not built yet: route by `rules` or by `agent`."
        return [Problem("/config/by", message, "not_built")]

    def output_schema(self, config, around):
        routes = closed({"port": {"type": "string"}, "score": SCORE})
        return closed(
            {
                "port": {"enum": list(self.ports(config))},
                "ports": {"type": "array", "items": {"type": "string"}},
                "confidence": SCORE,
                "reason": {"type": "string"},
                "routes": {"type": "array", "items": routes},
            }
        )

    def answer_schema(self, config):
        schema = port_schema(self.ports(config))
        ports = {"type": "array", "items": schema["properties"]["port"], "minItems": 1, "uniqueItems": True}
        if config.get("multiple"):
            schema["properties"]["ports"] = ports
        return schema

    def answered(self, config, answer):
        several = answer.get("ports") if config.get("multiple") else None
        return Finished(answer, tuple(several or (answer["port"],)))

    async def run(self, ctx):
        config = ctx.node.config
        candidates, reason = await DECIDE[config["by"]](ctx, config)
        ports = chosen(candidates) or ("otherwise",)
        ctx.record_choice("router", [c.recorded() for c in candidates], ports, config["by"], reason)
        output = {
            "port": ports[0],
            "ports": list(ports),
            "confidence": max(candidate.score for candidate in candidates),
            "reason": reason,
            "routes": [{"port": candidate.port, "score": candidate.score} for candidate in candidates],
        }
        return Finished(output, ports)


async def by_rules(ctx, config) -> tuple[list[Candidate], str]:
    candidates = (all_true if config.get("multiple") else first_true)(ctx, config["routes"])
    ports = chosen(candidates)
    rules = [f"`{route['when']}` is true" for route in config["routes"] if route["port"] in ports]
    return candidates, "; ".join(rules) or "no rule is true"


async def by_agent(ctx, config) -> tuple[list[Candidate], str]:
    answer = await ctx.run_agent(config["agent"], ctx.text(config["text"]), answer_schema(config["routes"]))
    scores: dict[str, float] = {}
    for route in answer["routes"]:
        scores[route["port"]] = max(scores.get(route["port"], 0), route["confidence"])
    scored = [(route["port"], scores.get(route["port"])) for route in config["routes"]]
    return weighed(scored, config.get("min_confidence", 0), config.get("multiple", False)), answer.get(
        "reason", ""
    )


async def by_learning(ctx, config) -> tuple[list[Candidate], str]:
    raise StepFailed("step_failed", "Learned routing is not built yet: route by `rules` or by `agent`.")


DECIDE = {"rules": by_rules, "agent": by_agent, "learned": by_learning}


def answer_schema(routes) -> dict:
    """What the agent answers with. What belongs to each route stands here, so that its text stays the flow's alone."""
    belongs = "; ".join(
        f"{route['port']}: {route['description']}" if route.get("description") else route["port"]
        for route in routes
    )
    named = strict(
        {
            "port": {"enum": [route["port"] for route in routes], "description": belongs},
            "confidence": {**SCORE, "description": "How well the route fits, 0 to 1"},
        },
        required=("port", "confidence"),
    )
    fields = {
        "routes": {"type": "array", "items": named, "description": "Every route that fits"},
        "reason": {"type": "string", "description": "Why, in one sentence"},
    }
    # A choice without a reason is still a choice: no run should fail for that.
    return strict(fields, required=("routes",))


def weighed(scored, least: float, multiple: bool) -> list[Candidate]:
    """The routes, with why each lost. One that the agent did not name has score None: it counts as 0, never taken."""
    fit = [port for port, score in scored if score is not None and score >= least]
    best = max((score for port, score in scored if port in fit), default=0)
    first = next((port for port, score in scored if port in fit and score == best), "")
    return [
        Candidate(
            port,
            score or 0,
            "" if port in (fit if multiple else [first]) else why_not(port, score, least, first),
        )
        for port, score in scored
    ]


def why_not(port: str, score: float | None, least: float, first: str) -> str:
    if score is None:
        return "the agent did not name it"
    if score < least:
        return f"{score:g} is below the threshold {least:g}"
    return f"{first} fits as well or better"
