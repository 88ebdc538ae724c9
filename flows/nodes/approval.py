"""The `approval` node: people approve, change or reject before the run goes on."""

from dataclasses import replace

from flows.fields import closed, duration, json_schema, reviewers, strict, text
from flows.nodes.base import Expression, Finished, NodeType, Question
from governance.refusals import Problem

NULLABLE_TEXT = {"type": ["string", "null"]}


class Approval(NodeType):
    kind = "approval"
    label = "Approval"
    summary = "Asks people to approve, change or reject before it goes on."
    icon = "user-check"
    group = "people"
    config_schema = strict(
        {
            "reviewers": reviewers(),
            "quorum": {"type": "integer", "minimum": 1, "maximum": 50, "default": 1},
            "four_eyes": {"type": "boolean", "description": "Whoever launched the run may not decide"},
            "title": text("What is to be decided"),
            "payload": {"description": "A value that the reviewers see"},
            "editable": {"type": "boolean", "description": "Reviewers may change the payload"},
            "schema": json_schema("What the payload must be, also after a change"),
            "due_in_s": duration("How long the reviewers have"),
            "on_timeout": {"enum": ["reject", "escalate", "port"], "default": "reject"},
        },
        required=("reviewers",),
    )

    schemas = {"schema": False}

    def ports(self, config):
        return ("approved", "rejected", "timed_out")

    def expressions(self, config):
        found = []
        if "title" in config:
            found.append(Expression("text", config["title"], "/config/title"))
        if "payload" in config:
            found.append(Expression("value", config["payload"], "/config/payload"))
        return found

    def problems(self, node):
        config, found = node.config, []
        on_timeout, reviewers = config.get("on_timeout", "reject"), config["reviewers"]
        if on_timeout == "escalate" and not node.escalate:
            message = (
                "`on_timeout: escalate` needs to know to whom: set `escalate: {to, due_in_s}` on the node."
            )
            found.append(Problem("/config/on_timeout", message, "no_escalation"))
        if "on_timeout" in config and "due_in_s" not in config:
            message = "Nothing times out without `due_in_s`: set it, or remove `on_timeout`."
            found.append(Problem("/config/on_timeout", message, "never_due", "warning"))
        if all(name.startswith("user:") for name in reviewers) and config.get("quorum", 1) > len(reviewers):
            message = (
                f"{config['quorum']} people must agree, but only {len(reviewers)} may decide: name more."
            )
            found.append(Problem("/config/quorum", message, "quorum_too_high"))
        return found

    def output_schema(self, config, around):
        return closed(
            {
                "decision": {"enum": ["approve", "reject", "timed_out"]},
                "payload": config.get("schema", {}),
                "by": {"type": "array", "items": {"type": "string"}},
                "reason": NULLABLE_TEXT,
                "at": {"type": "string"},
            }
        )

    def answer_schema(self, config):
        decision = {"enum": ["approve", "reject"]}
        return {"type": "object", "required": ["decision"], "properties": {"decision": decision}}

    def answered(self, config, answer):
        return Finished(answer, (port_of(answer["decision"], "reject"),))

    async def run(self, ctx):
        config = ctx.node.config
        answer = await ctx.ask(asked(ctx, config))
        if answer.decision == "timed_out" and config.get("on_timeout") == "escalate":
            answer = await ctx.ask(escalated(ctx, config))
        output = {
            "decision": answer.decision,
            "payload": answer.payload,
            "by": list(answer.by),
            "reason": answer.reason,
            "at": answer.at,
        }
        return Finished(output, (port_of(answer.decision, config.get("on_timeout", "reject")),))


def asked(ctx, config) -> Question:
    return Question(
        kind="approval",
        title=ctx.text(config["title"]) if "title" in config else ctx.node.name or ctx.node.id,
        payload=ctx.value(config["payload"]) if "payload" in config else None,
        schema=config.get("schema"),
        editable=config.get("editable", False),
        reviewers=tuple(config["reviewers"]),
        quorum=config.get("quorum", 1),
        four_eyes=config.get("four_eyes", False),
        due_in_s=config.get("due_in_s"),
        on_timeout=config.get("on_timeout", "reject"),
    )


def escalated(ctx, config) -> Question:
    """The same, asked of the one person or role that the node escalates to."""
    to = ctx.node.escalate
    return replace(
        asked(ctx, config), reviewers=(to["to"],), quorum=1, due_in_s=to.get("due_in_s"), on_timeout="reject"
    )


def port_of(decision: str, on_timeout: str) -> str:
    """Silence is a no, unless the flow has a port for it."""
    if decision == "timed_out" and on_timeout == "port":
        return "timed_out"
    return "approved" if decision == "approve" else "rejected"
