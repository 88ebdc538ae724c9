"""Routers that are not sure: a second opinion, no single owner, and what spans domains (P7, P9, P16)."""

import pytest

from tests.journeys.playhouse import House, Play, agent_node, end, node

PORTS = ("billing", "technical")
ROUTES = [{"port": "billing", "description": "payments"}, {"port": "technical", "description": "faults"}]
DRAWN = "start > r; r.billing > billing; r.technical > technical; r.otherwise > rest; billing > done; technical > done"


def scores(billing: float, technical: float, reason: str) -> dict:
    found = zip(PORTS, (billing, technical), strict=True)
    return {
        "json": {"routes": [{"port": port, "confidence": score} for port, score in found], "reason": reason}
    }


def routed(house: House, first: dict, second: dict | None = None, **config) -> Play:
    agents = {"agent": house.agent(first), **({"second_opinion": house.agent(second)} if second else {})}
    router = node("r", "router", by="agent", text="{{ input.text }}", routes=ROUTES, **agents, **config)
    ends = [node(port, "transform", output={"team": port}) for port in (*PORTS, "rest")]
    drawn = f"{DRAWN}; rest > done"
    nodes = [router, *ends, end(output={"reason": "= steps.r.output.reason", "port": "= steps.r.port"})]
    return house.play(nodes, drawn, input={"text": "Charged twice, and it crashed."})


@pytest.mark.parametrize(
    ("second", "port", "score"),
    [
        (scores(0.9, 0.2, "It is about money."), "billing", 0.7),
        (scores(0.3, 0.4, "Both."), "otherwise", 0.45),
    ],
    ids=["both together are sure", "both together are not"],
)
def test_below_the_threshold_a_second_router_is_asked_and_both_reasons_are_kept(
    house: House, second: dict, port: str, score: float
):
    play = routed(house, scores(0.5, 0.5, "Unclear."), second, min_confidence=0.7)
    assert play.output["port"] == port
    asked = next(step for step in play.steps("r") if step["item"] is not None)
    own = next(step for step in play.steps("r") if step["item"] is None)
    first_name, second_name = (step["agent"].partition("@")[0] for step in (own, asked))
    said = second["json"]["reason"]
    assert play.output["reason"] == f"{first_name}: Unclear. {second_name}: {said}"
    assert asked["input"] == {"agent": second_name, "role": "second_opinion"}
    assert max(route["score"] for route in own["output"]["routes"]) == score
    [choice] = play.lines("choice.made", "r")
    assert choice["reason"] == play.output["reason"]


def test_at_the_threshold_no_second_router_is_asked(house: House):
    play = routed(house, scores(0.8, 0.1, "Clear."), scores(0, 1, "No."), min_confidence=0.7)
    assert play.output == {"port": "billing", "reason": "Clear."}
    assert [step["item"] for step in play.steps("r")] == [None]


def test_what_spans_domains_has_no_single_owner_and_goes_to_a_supervisor(house: House):
    """P9: the decision says so, and the supervisor engages both specialists."""
    billing, technical = house.agent({"say": "Refunded."}), house.agent({"say": "Restarted."})
    calls = [
        {"tool": "delegate", "arguments": {"agent": agent, "task": "Go."}} for agent in (billing, technical)
    ]
    boss = house.agent({"when": {"turn": 1}, "calls": calls}, {"say": "Refunded and restarted."})
    sorter = house.agent(scores(0.8, 0.75, "Money and faults."))
    nodes = [
        node("r", "router", by="agent", agent=sorter, text="{{ input.text }}", routes=ROUTES, min_lead=0.2),
        agent_node("billing", billing),
        agent_node("technical", technical),
        node("rest", "supervisor", agent=boss, workers=[billing, technical], text="{{ input.text }}"),
        end(output="= steps.rest.output.text"),
    ]
    play = house.play(nodes, f"{DRAWN}; rest > done", input={"text": "Charged twice, and it crashed."})
    assert play.output == "Refunded and restarted."
    [choice] = play.lines("choice.made", "r")
    assert choice["chosen"] == ["otherwise"]
    assert choice["reason"] == (
        "no single owner: billing 0.8 and technical 0.75 are less than 0.2 apart. Money and faults."
    )
    assert play.statuses()["billing"] == play.statuses()["technical"] == "skipped"
    assert len([step for step in play.steps("rest") if step["item"] is not None]) == 2


def test_a_clear_case_has_one_owner(house: House):
    play = routed(house, scores(0.9, 0.3, "Money."), min_lead=0.2)
    assert play.output == {"port": "billing", "reason": "Money."}


def test_a_router_behind_a_router_leads_to_the_sub_specialist(house: House):
    """P7: two hops, each with its decision."""
    first, second = house.agent(scores(0.9, 0.1, "Money.")), house.agent(scores(0.2, 0.8, "An invoice."))
    routes = [{"port": port} for port in PORTS]
    nodes = [
        node("r", "router", by="agent", agent=first, text="?", routes=routes),
        node("sub", "router", by="agent", agent=second, text="?", routes=routes),
        node("a", "transform", output="a"),
        node("b", "transform", output="b"),
        end(),
    ]
    drawn = "start > r; r.billing > sub; sub.billing > a; sub.technical > b; a > done; b > done; r.otherwise > done"
    play = house.play(nodes, drawn)
    assert play.output == {"b": "b"}
    assert [line["chosen"] for line in play.lines("choice.made")] == [["billing"], ["technical"]]
