"""The `question` node: one person or group fills in a form."""

from flows.fields import duration, json_schema, reviewer, strict, text
from flows.nodes.base import Expression, Finished, NodeType, Question


class Ask(NodeType):
    kind = "question"
    label = "Question"
    summary = "Asks a person; the form they fill in is the output."
    icon = "message-square"
    group = "people"
    config_schema = strict(
        {
            "assignee": reviewer(),
            "text": text("The question"),
            "schema": json_schema("The form: an object's JSON Schema"),
            "due_in_s": duration("How long the answer may take"),
        },
        required=("assignee", "text"),
    )

    schemas = {"schema": True}

    def ports(self, config):
        return ("out", "timed_out")

    def expressions(self, config):
        return [Expression("text", config["text"], "/config/text")]

    def output_schema(self, config, around):
        return config.get("schema")

    def answer_schema(self, config):
        return config.get("schema")

    async def run(self, ctx):
        config = ctx.node.config
        text = ctx.text(config["text"])
        answer = await ctx.ask(
            Question(
                kind="question",
                title=text.strip().partition("\n\n")[0],
                payload={"text": text},  # a title is cut where it is long
                schema=config.get("schema"),
                reviewers=(config["assignee"],),
                due_in_s=config.get("due_in_s"),
                on_timeout="port",
            )
        )
        if answer.decision == "timed_out":
            return Finished({}, ("timed_out",))
        return Finished(answer.payload)
