"""The flows behind the journals board, halfway, circle and sorted: supervisors, teams, handoffs, second opinions."""

from governance import documents
from governance.models import Project
from tests.flows.drawings import flow, node

AGENTS = {
    **dict.fromkeys("lead analyst lawyer pro skeptic host back boss broken sorter second".split(), ()),
    "front": ["back"],
    "ping": ["pong"],
    "pong": ["ping", "back"],
}
SUPERVISED = node(
    "research",
    "supervisor",
    {
        "agent": "lead",
        "workers": ["analyst", "lawyer", "flow:numbers", "role:reviewer"],
        "text": "Prepare: {{ input.topic }}",
        "max_rounds": 4,
    },
    name="Research lead",
)
PAIR = {"participants": ["pro", "skeptic"], "text": "{{ input.topic }}"}
TEAMS = [
    node("debate", "team", {**PAIR, "protocol": "debate", "max_turns": 6}, name="Debate"),
    node("ballot", "team", {**PAIR, "protocol": "vote", "options": ["yes", "no"]}, name="Ballot"),
    node(
        "panel",
        "team",
        {
            **PAIR,
            "protocol": "moderated",
            "moderator": "host",
            "decide": "judge",
            "judge": "lead",
            "max_turns": 4,
        },
        name="Panel",
    ),
]
BOARD = flow(
    [
        node("start", "start"),
        SUPERVISED,
        *TEAMS,
        node("desk", "agent", {"agent": "front", "text": "Refund"}, name="Front desk"),
        node("done", "end", {"output": "= steps.desk.output"}),
    ],
    [
        "start -> research",
        "research -> debate",
        "debate -> ballot",
        "debate:no_consensus -> ballot",
        "ballot -> panel",
        "ballot:no_consensus -> panel",
        "panel -> desk",
        "panel:no_consensus -> desk",
        "desk -> done",
    ],
    slug="board",
    name="Board meeting",
    input_schema={"type": "object", "properties": {"topic": {"type": "string"}}},
)
NUMBERS = flow(
    [node("start", "start"), node("done", "end")], ["start -> done"], slug="numbers", name="Numbers"
)
HALFWAY = flow(
    [
        node("start", "start"),
        node(
            "a", "supervisor", {"agent": "boss", "workers": ["broken", "analyst"], "text": "Do"}, name="Lead"
        ),
        node("done", "end"),
    ],
    ["start -> a", "a -> done"],
    slug="halfway",
    name="Halfway",
)
CIRCLE = flow(
    [
        node("start", "start"),
        node("a", "agent", {"agent": "ping", "text": "Refund"}, name="Ping first"),
        node("done", "end"),
    ],
    ["start -> a", "a -> done"],
    slug="circle",
    name="Circle",
)

ROUTES = [{"port": "billing"}, {"port": "technical"}]
UNSURE = {"agent": "sorter", "second_opinion": "second", "min_confidence": 0.6, "min_lead": 0.2}
SORTED = flow(
    [
        node("start", "start"),
        node("r", "router", {"by": "agent", "text": "x", "routes": ROUTES, **UNSURE}, name="Which desk?"),
        node("done", "end"),
    ],
    ["start -> r", "r:billing -> done", "r:technical -> done", "r:otherwise -> done"],
    slug="sorted",
    name="Sorted",
)


def agent(slug: str, delegates: list[str]) -> dict:
    found = {
        "kind": "agent",
        "slug": slug,
        "purpose": f"Plays {slug}.",
        "model": "simulated/small",
        "instructions": "x",
    }
    return {**found, "delegation": {"to": delegates}} if delegates else found


def published(project: Project) -> None:
    """All of them, in a project that has the provider `simulated`."""
    known = [agent(slug, delegates) for slug, delegates in AGENTS.items() if not delegates]
    known += [agent(slug, []) for slug, delegates in AGENTS.items() if delegates]
    for document in [*known, NUMBERS, BOARD, HALFWAY, CIRCLE, SORTED]:
        documents.create_and_publish(project, document["kind"], document["slug"], document, None)
