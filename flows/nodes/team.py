"""The `team` node: agents and people who talk until they have an answer, by one of several protocols."""

from flows.fields import REFERENCE, REVIEWER, condition, duration, reference, strict, text
from flows.members import listed
from flows.nodes.base import Expression, Finished, NodeType, Reference, StepFailed
from flows.teams import debate, moderated, round_robin, swarm, vote
from flows.teams.deciding import NO_CONSENSUS
from flows.teams.meeting import Meeting
from flows.teams.problems import problems
from flows.turns import MOST_MESSAGES
from governance.schemas import MUST_BE

PROTOCOLS = {
    "round_robin": round_robin.play,
    "debate": debate.play,
    "swarm": swarm.play,
    "vote": vote.play,
    "moderated": moderated.play,
}
TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 0}
PARTICIPANT = {
    "type": "string",
    "pattern": f"{REFERENCE}|{REVIEWER}",
    MUST_BE: "an agent such as writer or writer@3, or people such as role:reviewer or user:rita",
    "description": "An agent (`slug` or `slug@3`), or people (`role:reviewer`, `user:rita`, `group:finance`)",
}
ENTRY = strict(
    {"agent": TEXT, "text": TEXT, "position": TEXT, "to": TEXT, "error": {"type": "object"}, "by": TEXT},
    required=("agent", "text"),
)
TALLY = strict({"value": TEXT, "count": {"type": "number"}}, required=("value", "count"))


class Team(NodeType):
    kind = "team"
    label = "Team"
    summary = "Lets agents and people talk: in turn, in debate, by vote."
    icon = "users"
    group = "work"
    holds_items = True
    config_schema = strict(
        {
            "participants": {
                "type": "array",
                "items": PARTICIPANT,
                "minItems": 1,
                "maxItems": 20,
                "description": "Who takes part, in the order in which they speak: that in which they are chosen",
            },
            "protocol": {
                "enum": list(PROTOCOLS),
                "description": "Who speaks when: in turn, in debate rounds, by handing over, by voting, or as a "
                "moderator says",
            },
            "text": text("What it is about; everybody reads it"),
            "options": {
                "type": "array",
                "items": {"type": "string", "minLength": 1, "maxLength": 200},
                "minItems": 2,
                "maxItems": 50,
                "uniqueItems": True,
                "description": "What a vote is among; in a debate, the positions that can be taken",
            },
            "max_turns": {
                "type": "integer",
                "minimum": 1,
                "maximum": 200,
                "default": MOST_MESSAGES,
                "description": "How many messages there may be",
            },
            "stop_when": condition(
                "CEL over `transcript`, `last` (its last entry) and `rounds`; asked after each message"
            ),
            "decide": {
                "enum": ["consensus", "majority", "judge"],
                "description": "How it is decided: a debate by consensus and a vote by majority where nothing is said",
            },
            "judge": reference("The agent that decides, with `decide: judge`"),
            "moderator": reference("The agent that says who speaks next, with `protocol: moderated`"),
            "quorum": {
                "type": "integer",
                "minimum": 1,
                "maximum": 20,
                "description": "How many votes must have come for a vote to count",
            },
            "weights": {
                "type": "object",
                "additionalProperties": {"type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000},
                "description": "How much a participant's voice counts; 1 where nothing is said",
            },
            "due_in_s": duration("How long a person has for an answer"),
        },
        required=("participants", "protocol", "text"),
    )

    def ports(self, config):
        return ("out", NO_CONSENSUS)

    def references(self, config):
        agents = [
            Reference("agent", member.ref, f"/config/participants/{place}")
            for place, member in enumerate(listed(config.get("participants")))
            if member.kind == "agent"
        ]
        single = [
            Reference("agent", config[name], f"/config/{name}")
            for name in ("judge", "moderator")
            if name in config
        ]
        return [*agents, *single]

    def expressions(self, config):
        found = [Expression("text", config["text"], "/config/text")]
        if "stop_when" in config:
            names = ("transcript", "last", "rounds")
            found.append(Expression("condition", config["stop_when"], "/config/stop_when", extra=names))
        return found

    def problems(self, node):
        return problems(node.config)

    def output_schema(self, config, around):
        return strict(
            {
                "text": TEXT,
                "transcript": {"type": "array", "items": ENTRY},
                "rounds": COUNT,
                "winner": winner(config),
                "tally": {"type": "array", "items": TALLY},
            },
            required=("text", "transcript", "rounds"),
        )

    def answer_schema(self, config):
        return strict({"text": TEXT, "winner": winner(config)}, required=("text",))

    def answered(self, config, answer):
        """A person's word stands for the team's; nobody else said anything that counts."""
        return Finished({"transcript": [], "rounds": 0, **answer})

    async def run(self, ctx):
        meeting = Meeting(ctx)
        ctx.keeps(meeting.so_far)
        try:
            outcome = await PROTOCOLS[meeting.protocol](meeting)
        except StepFailed as failure:
            # Not attempted again: every turn had its retries, and what failed would fail as before.
            raise StepFailed(failure.code, failure.message, partial=meeting.so_far()) from failure
        output = {"text": outcome.text, **meeting.so_far()}
        if outcome.winner is not None:
            output["winner"] = outcome.winner
        if outcome.tally is not None:
            output["tally"] = outcome.tally
        return Finished(output, (outcome.port,))


def winner(config) -> dict:
    return {"enum": config["options"]} if config.get("options") else TEXT
