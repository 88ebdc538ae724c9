"""When nobody could do it, a person is asked (E6; contract 4.6 and section 5)."""

from tests.journeys.playhouse import House, agent_node, end, node
from tests.journeys.test_capabilities_resilience import QUICK, SAID, SCORE, statuses


def broken(house: House, **more) -> list[dict]:
    agent = house.agent({"fail": {"status": 500}}, **more)
    escalate = {"escalate": {"to": "role:reviewer", "due_in_s": 60}}
    return [
        agent_node(
            "work",
            agent,
            "Help {{ input.who }}",
            fallback=[house.agent({"fail": {"status": 502}})],
            **escalate,
        ),
        SAID,
    ]


def test_what_nobody_could_do_goes_to_a_person_with_what_was_tried(house: House):
    """E6."""
    play = house.play(broken(house), input={"who": "Ben"})
    item = play.asks("escalation")
    assert (item["node"], item["reviewers"]) == ("work", ["role:reviewer"])
    assert item["payload"]["input"] == [{"who": "Ben"}]
    said = [failure["message"] for failure in item["payload"]["failures"]]
    assert len(said) == 2 and "500" in said[0] and "502" in said[1]
    assert [call["status"] for call in item["payload"]["calls"]] == ["error", "error"]
    play.decided("answer", payload={"text": "I did it by hand."})
    assert play.output == "I did it by hand."
    assert play.step("work")["status"] == "succeeded"


def test_an_escalation_that_is_rejected_fails_the_step(house: House):
    play = house.play(broken(house), input={"who": "Ben"}).decided("reject", reason="Leave it.")
    run = play.failed("rejected", "work")
    assert "Leave it." in run["error"]["message"]


def test_an_escalation_answered_by_retry_tries_everything_anew(house: House):
    agent = house.agent({"say": "Well.", "fail": {"status": 500, "attempts": 4}})
    nodes = [
        agent_node("work", agent, retry={**QUICK, "max_attempts": 2}, escalate={"to": "role:reviewer"}),
        SAID,
    ]
    play = house.play(nodes)
    first = play.asks("escalation")
    play.decided("retry")
    house.ada.run_when(play.id, lambda run: [w["id"] for w in run["waiting"]] not in ([], [first["id"]]))
    play.decided("retry")
    assert play.output == "Well."
    assert [status for status, _ in statuses(play)] == ["error"] * 4 + ["ok"]
    assert play.step("work")["attempts"] == 5


def test_an_escalation_that_nobody_answers_fails_as_it_would_have(house: House):
    agent = house.agent({"fail": {"status": 500}})
    nodes = [agent_node("work", agent, escalate={"to": "role:reviewer", "due_in_s": 0.4}), SAID]
    house.play(nodes).failed("provider_error", "work")


def test_an_answer_to_an_escalation_has_to_be_what_the_agent_promised(house: House):
    agent = house.agent({"fail": {"status": 500}}, output_schema=SCORE)
    nodes = [
        agent_node("work", agent, escalate={"to": "role:reviewer"}),
        end(output="= steps.work.output.score"),
    ]
    play = house.play(nodes)
    item = play.asks("escalation")
    body = {"decision": "answer", "payload": {"score": "high"}, "fingerprint": item["fingerprint"]}
    answer = house.rita.post(f"approvals/{item['id']}/decision/", json=body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/payload/score"]
    play.decided("answer", payload={"score": 4})
    assert play.output == 4


def test_a_person_may_route_where_the_router_could_not(house: House):
    agent = house.agent({"fail": {"status": 500}})
    router = node(
        "route",
        "router",
        {"escalate": {"to": "role:reviewer"}},
        by="agent",
        agent=agent,
        text="?",
        routes=[{"port": "billing"}, {"port": "technical"}],
    )
    nodes = [router, end("billing", "billing"), end("technical", "technical"), end("rest", "rest")]
    drawn = "start > route; route.billing > billing; route.technical > technical; route.otherwise > rest"
    play = house.play(nodes, drawn)
    item = play.asks("escalation")
    body = {"decision": "answer", "payload": {"port": "sales"}, "fingerprint": item["fingerprint"]}
    assert house.rita.post(f"approvals/{item['id']}/decision/", json=body).status_code == 422
    play.decided("answer", payload={"port": "technical"})
    assert play.output == "technical"
    assert play.step("route")["port"] == "technical"
