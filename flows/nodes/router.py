"""The `router` node: rules or an agent say which route, or which routes, fit."""

from flows.choice import Candidate, all_true, chosen, first_true, port_schema
from flows.failure import GUARDS
from flows.fields import closed, condition, port, reference, strict, text
from flows.nodes.base import Expression, Finished, NodeType, Reference, StepFailed, conditions
from flows.scores import NO_OWNER, Scored, averaged, weighed
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
            "second_opinion": reference(
                "The agent that is asked too where no route reaches `min_confidence`"
            ),
            "min_lead": {
                **SCORE,
                "description": "How far the best route has to be before the next; else nobody owns it: `otherwise`",
            },
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
        names = ("agent", "second_opinion") if config["by"] == "agent" else ()
        return [Reference("agent", config[name], f"/config/{name}") for name in names if name in config]

    def expressions(self, config):
        if config["by"] == "agent":
            return [Expression("text", config["text"], "/config/text")]
        return conditions(config["routes"], "/config/routes")

    def problems(self, node):
        config, found = node.config, []
        if config["by"] == "learned":
            message = "Learned routing is not built yet: route by `rules` or by `agent`."
            found.append(Problem("/config/by", message, "not_built"))
        for name in ("second_opinion", "min_lead"):
            if name in config and config["by"] != "agent":
                found.append(unused(name, "only an agent's scores are weighed"))
        if "min_lead" in config and config.get("multiple"):
            found.append(unused("min_lead", "with `multiple` several routes are taken"))
        if config.get("second_opinion") == config.get("agent", ""):
            message = "That agent was asked already: name another one for a second opinion."
            found.append(Problem("/config/second_opinion", message, "same_agent"))
        return found

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
    scored, reason = await opinion(ctx, config, config["agent"])
    least = config.get("min_confidence", 0)
    if "second_opinion" in config and not any(score is not None and score >= least for _, score in scored):
        scored, reason = await with_second(ctx, config, scored, reason)
    candidates, apart = weighed(scored, least, config.get("min_lead", 0), config.get("multiple", False))
    return candidates, ". ".join(filter(None, [apart and f"{NO_OWNER}: {apart}", reason]))


async def opinion(ctx, config, agent: str) -> tuple[Scored, str]:
    """What an agent scores the routes; None for one that it did not name."""
    answer = await ctx.run_agent(
        agent, ctx.text(config["text"]), answer_schema(config["routes"]), may_report=False
    )
    scores: dict[str, float] = {}
    for route in answer["routes"]:
        scores[route["port"]] = max(scores.get(route["port"], 0), route["confidence"])
    return [(route["port"], scores.get(route["port"])) for route in config["routes"]], answer.get(
        "reason", ""
    )


async def with_second(ctx, config, first: Scored, reason: str) -> tuple[Scored, str]:
    """The average of both, and both reasons. Whoever cannot be asked leaves the first opinion alone."""
    names = [config[name].partition("@")[0] for name in ("agent", "second_opinion")]

    async def body(turn, task):
        scored, why = await opinion(turn, config, config["second_opinion"])
        return {"routes": [list(each) for each in scored], "reason": why}

    task = {"agent": names[1], "role": "second_opinion"}
    try:
        second = await ctx.turn("second_opinion", task, body, agent=config["second_opinion"])
    except StepFailed as failure:
        if failure.code in GUARDS:
            raise
        return first, f"{reason} ({names[1]} could not be asked: {failure.message})"
    reasons = zip(names, (reason, second["reason"]), strict=True)
    return averaged(first, second["routes"]), " ".join(f"{name}: {why}" for name, why in reasons)


async def by_learning(ctx, config) -> tuple[list[Candidate], str]:
    raise StepFailed("step_failed", "Learned routing is not built yet: route by `rules` or by `agent`.")


def unused(name: str, why: str) -> Problem:
    return Problem(f"/config/{name}", f"Nothing reads this: {why}. Remove it.", "unused", "warning")


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
