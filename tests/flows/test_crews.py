"""Owns the tests of crews: overlapping agents (R5), too many of them (B1), and leads on dear models (P5)."""

import pytest

from flows.check import check
from flows.checks.crews import cosine, words_of
from flows.checks.drawing import Drawing
from flows.checks.prices import dear_leads
from tests.flows.drawings import flow, library, line, node

PAYMENTS = {"purpose": "Answers questions on payments and refunds.", "handles": ["receipts"]}


def agent(slug: str, model: str = "m/mid", **more) -> dict:
    return {"kind": "agent", "slug": slug, "model": model, **more}


LIBRARY = library(
    agent_lead=agent("lead", "m/dear", purpose="Sorts messages."),
    agent_cheap=agent("cheap", "m/cheap", purpose="Sorts messages."),
    agent_billing=agent("billing", **PAYMENTS, tools=["lookup"]),
    agent_invoices=agent(
        "invoices", purpose="Answers questions on payment, refunds", handles=["receipts"], tools=["lookup@2"]
    ),
    agent_faults=agent("faults", purpose="Repairs lamps that do not light up.", tools=["lookup"]),
    agent_half=agent(
        "half", purpose="Answers questions on payments, prices and deliveries.", tools=["other"]
    ),
    agent_terse=agent("terse", purpose="Helps."),
    agent_terser=agent("terser", purpose="Helps."),
    agent_precious=agent("precious", "m/precious", purpose="Writes poems about autumn."),
    agent_unpriced=agent("unpriced", "m/new", purpose="Draws maps of foreign towns."),
    **{
        f"agent_a{number}": agent(f"a{number}", purpose=f"Word{number} w{number} x{number}.")
        for number in range(9)
    },
)


def routed(*workers: str, by: str = "agent", lead: str = "lead"):
    """A router by `lead` (or by rules) before one agent node a worker."""
    routes = [{"port": f"r{place}", "when": "true"} for place, _ in enumerate(workers)]
    decides = {"agent": lead, "text": "?"} if by == "agent" else {}
    nodes = [
        node("start", "start"),
        node("route", "router", {"by": by, "routes": routes, **decides}),
        *(node(f"n{place}", "agent", {"agent": worker, "text": "x"}) for place, worker in enumerate(workers)),
        node("done", "end"),
    ]
    edges = ["start -> route", "route:otherwise -> done"]
    for place, _ in enumerate(workers):
        edges += [f"route:r{place} -> n{place}", f"n{place} -> done"]
    return flow(nodes, edges)


def supervised(*workers: str, lead: str = "lead"):
    return line(node("lead", "supervisor", {"agent": lead, "workers": list(workers), "text": "x"}))


def remarks(document) -> list[tuple]:
    return [(each.code, each.pointer, each.nodes, each.severity) for each in check(document, LIBRARY)]


def test_two_agents_with_nearly_the_same_scope_under_one_router_overlap():
    [problem] = check(routed("billing", "invoices"), LIBRARY)
    assert (problem.code, problem.pointer, problem.nodes, problem.severity) == (
        "agents_overlap",
        "/nodes/1/config/routes/1",
        ("route", "n0", "n1"),
        "warning",
    )
    assert problem.message.startswith(
        "billing and invoices overlap (tools 100%, description sim 1.0), so route"
    )


def test_two_workers_of_a_supervisor_overlap():
    assert remarks(supervised("faults", "billing", "invoices")) == [
        ("agents_overlap", "/nodes/1/config/workers/2", ("lead",), "warning")
    ]


@pytest.mark.parametrize(
    "document",
    [
        routed("billing", "faults"),  # the same tool, other work
        routed("billing", "half"),  # alike in part, and other tools
        routed("billing", "billing"),  # one agent twice is no overlap
        routed("billing", "invoices", by="rules"),  # rules do not guess
        routed("terse", "terser"),  # of a word or two nothing can be said
        supervised("billing", "role:reviewer", "faults"),
        line(*(node(name, "agent", {"agent": name, "text": "x"}) for name in ("billing", "invoices"))),
    ],
)
def test_what_does_not_overlap_is_not_told(document):
    assert check(document, LIBRARY) == []


def test_without_tools_only_the_description_counts():
    found = library(
        agent_lead=agent("lead", purpose="Sorts."),
        agent_one=agent("one", purpose="Answers questions on payments and refunds."),
        agent_two=agent("two", purpose="Answers questions about refunds and payments."),
    )
    [problem] = check(routed("one", "two"), found)
    assert "(no tools, description sim 1.0)" in problem.message


def test_the_similarity_of_two_descriptions():
    one = words_of({"purpose": "Answers questions on payments and refunds."})
    assert one == {"answer", "question", "payment", "refund"}
    assert cosine(one, words_of({"purpose": "Answers questions on faults and outages."})) == 0.5
    assert (
        cosine(one, words_of({"handles": ["payments", "REFUNDS"], "purpose": "Question: the answer!"})) == 1.0
    )
    assert cosine(one, frozenset()) == 0.0


def test_above_seven_agents_the_question_is_asked_what_breaks_if_one_does_it():
    def asked(count):
        return line(*(node(f"n{at}", "agent", {"agent": f"a{at}", "text": "x"}) for at in range(count)))

    assert check(asked(7), LIBRARY) == []
    [problem] = check(asked(8), LIBRARY)
    assert (problem.code, problem.pointer, problem.severity) == ("many_agents", "/nodes", "warning")
    assert problem.nodes == tuple(f"n{at}" for at in range(8))
    assert problem.message.startswith("8 agents work in this flow: what breaks if one agent does it?")


def test_one_agent_at_eight_nodes_is_one_agent():
    document = line(*(node(f"n{at}", "agent", {"agent": "a1", "text": "x"}) for at in range(8)))
    assert check(document, LIBRARY) == []


def test_the_agents_of_a_flow_within_are_counted_once():
    inner = line(*(node(f"n{at}", "agent", {"agent": f"a{at}", "text": "x"}) for at in range(8))) | {
        "slug": "inner"
    }
    found = library(flow_inner=inner, **{f"agent_a{at}": agent(f"a{at}") for at in range(9)})
    document = line(
        node("one", "subflow", {"flow": "inner", "input": {}}),
        node("two", "subflow", {"flow": "inner", "input": {}}),
    )
    [problem] = check(document, found)
    assert (problem.code, problem.nodes) == ("many_agents", ("one",))


# Billionths of a dollar a token, in and out.
PRICES = {
    "m/cheap": (100, 400),
    "m/mid": (1_000, 4_000),
    "m/dear": (2_000, 8_000),
    "m/precious": (9_000, 9_000),
}


def hints(document, *models: str) -> list[tuple]:
    found = dear_leads(Drawing(document, LIBRARY), PRICES.get, models)
    return [(each.code, each.pointer, each.nodes, each.severity, each.message) for each in found]


def test_a_router_on_a_dearer_model_than_its_workers_is_told_a_cheaper_one():
    [hint] = hints(routed("billing", "faults"), "m/cheap")
    assert hint[:4] == ("dear_lead", "/nodes/1/config/agent", ("route",), "info")
    assert hint[4] == (
        "m/dear costs at least as much as the models that route chooses among, and deciding takes less than doing: "
        "m/cheap costs 5% of it. Try it for the agent lead, and look whether it decides as well."
    )


def test_a_supervisor_too_and_a_cheaper_model_of_the_flow_itself_is_enough():
    [hint] = hints(supervised("billing", "faults"))
    assert "m/mid costs 50% of it" in hint[4]


@pytest.mark.parametrize(
    "document",
    [
        routed("billing", "faults", lead="cheap"),  # it is the cheapest
        routed("billing", "precious"),  # a worker costs more
        routed("billing", "unpriced"),  # nobody knows
        routed("billing", "faults", by="rules"),
        supervised("role:reviewer"),
        line(node("a", "agent", {"agent": "lead", "text": "x"})),
    ],
)
def test_otherwise_no_model_is_suggested(document):
    assert hints(document, "m/cheap") == []


def test_where_no_cheaper_model_is_known_nothing_is_said():
    assert hints(routed("precious", "precious", lead="precious")) == []
