"""People in a run: approvals, questions, irreversible tools (P13, T5; contract 3 and 5)."""

import time

import pytest

from tests.api import Api
from tests.journeys import stage
from tests.journeys.playhouse import House, agent_node, end, node

AMOUNT = {
    "type": "object",
    "required": ["amount"],
    "properties": {"amount": {"type": "number", "maximum": 500}},
}
ASKED = {
    "reviewers": ["role:reviewer"],
    "title": "Refund {{ input.amount }}?",
    "payload": {"amount": "= input.amount"},
}
NODES = [
    node("pay", "transform", output="= steps.ok.output.payload.amount"),
    end("paid", "paid {{ steps.pay.output }}"),
    end("refused", "refused by {{ steps.ok.output.by[0] }}: {{ steps.ok.output.reason }}"),
]
WAYS = "start > ok; ok.approved > pay; pay > paid; ok.rejected > refused"


def approval(more: dict | None = None, **config) -> list[dict]:
    return [node("ok", "approval", more, **{**ASKED, **config}), *NODES]


def refusal(by: Api, item: dict, status: int, **body) -> str:
    answer = by.post(f"approvals/{item['id']}/decision/", json=body)
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.json()["detail"]


@pytest.mark.parametrize(
    ("decision", "output", "port"),
    [
        ({"decision": "approve"}, "paid 120", "approved"),
        ({"decision": "approve", "payload": {"amount": 99.5}}, "paid 99.5", "approved"),
        ({"decision": "reject", "reason": "Too much."}, "refused by rita: Too much.", "rejected"),
    ],
    ids=["approve", "modify", "reject"],
)
def test_approve_modify_and_reject_take_their_ways(house: House, decision: dict, output: str, port: str):
    play = house.play(approval(editable=True, schema=AMOUNT), WAYS, input={"amount": 120})
    item = play.asks()
    assert (item["title"], item["payload"], item["status"]) == ("Refund 120?", {"amount": 120}, "pending")
    assert (item["run"], item["node"], item["iteration"], item["decisions"]) == (play.id, "ok", 1, [])
    assert play.step("ok")["status"] == "waiting"
    play.decided(**decision)
    assert play.output == output
    assert play.step("ok")["port"] == port
    said = play.step("ok")["output"]
    assert (said["decision"], said["by"]) == (decision["decision"], ["rita"])
    assert set(said) == {"decision", "payload", "by", "reason", "at"}
    (line,) = play.lines("approval.decided")
    assert (line["decision"], line["by"]) == (decision["decision"], ["rita"])
    types = [event["type"] for event in house.ada.events(play.id)]
    assert types.index("approval.requested") < types.index("run.waiting") < types.index("run.resumed")


def test_a_decision_has_to_fit_what_is_asked(house: House):
    play = house.play(approval(editable=True, schema=AMOUNT), WAYS, input={"amount": 120})
    item = play.asks()
    stamp = {"fingerprint": item["fingerprint"]}
    refusal(house.rita, item, 422, decision="approve")
    refusal(house.rita, item, 409, decision="approve", fingerprint="0" * len(item["fingerprint"]))
    refusal(house.rita, item, 422, decision="answer", payload={}, **stamp)
    refusal(house.rita, item, 422, decision="approve", payload={"amount": 501}, **stamp)
    refusal(house.rita, item, 422, decision="approve", payload={"amount": "much"}, **stamp)
    refusal(house.person("ben"), item, 403, decision="approve", **stamp)
    assert play.asks()["status"] == "pending"
    play.decided("approve")
    assert play.output == "paid 120"
    refusal(house.rita, item, 409, decision="approve", **stamp)


def test_a_payload_that_is_not_editable_stays_as_it_is(house: House):
    play = house.play(approval(), WAYS, input={"amount": 5})
    item = play.asks()
    refusal(house.rita, item, 409, decision="approve", payload={"amount": 6}, fingerprint=item["fingerprint"])
    play.decided("approve", payload={"amount": 5})
    assert play.output == "paid 5"


def test_two_of_a_quorum_have_to_agree_and_one_may_refuse(house: House):
    flow = house.flow(approval(quorum=2), WAYS)
    play = house.launch(flow, {"amount": 7})
    item = play.asks()
    play.decided("approve")
    stamp = {"fingerprint": item["fingerprint"]}
    refusal(house.rita, item, 409, decision="approve", **stamp)
    assert [d["by"] for d in play.asks()["decisions"]] == ["rita"]
    play.decided("approve", by=house.person("rob"))
    assert play.output == "paid 7"
    assert play.step("ok")["output"]["by"] == ["rita", "rob"]
    refused = (
        house.launch(flow, {"amount": 8})
        .decided("approve")
        .decided("reject", by=house.person("rob"), reason="No.")
    )
    assert refused.output == "refused by rob: No."


def test_with_four_eyes_whoever_launched_the_run_does_not_decide(house: House):
    olu = house.person("olu")
    flow = house.flow(approval(four_eyes=True), WAYS)
    run = olu.launch(flow, input={"amount": 7})
    item_id = house.ada.waiting(run["id"])["waiting"][0]["id"]
    item = olu.read(f"approvals/{item_id}/")
    refusal(olu, item, 403, decision="approve", fingerprint=item["fingerprint"])
    answer = house.rita.post(
        f"approvals/{item_id}/decision/", json={"decision": "approve", "fingerprint": item["fingerprint"]}
    )
    assert answer.status_code == 201
    assert house.ada.finished(run["id"])["output"] == "paid 7"


@pytest.mark.parametrize(
    ("on_timeout", "output", "port"),
    [("reject", "silence", "rejected"), ("port", "nobody", "timed_out")],
)
def test_silence_is_a_no_or_has_a_port(house: House, on_timeout: str, output: str, port: str):
    nodes = [
        node("ok", "approval", reviewers=["role:reviewer"], due_in_s=0.4, on_timeout=on_timeout),
        end("yes", "yes"),
        end("no", "silence"),
        end("late", "nobody"),
    ]
    play = house.play(nodes, "start > ok; ok.approved > yes; ok.rejected > no; ok.timed_out > late")
    item = play.asks()
    assert play.waits()[0]["until"] == item["due_at"] is not None
    assert play.output == output
    assert play.step("ok")["port"] == port
    assert play.step("ok")["output"]["decision"] == "timed_out"
    assert house.rita.read(f"approvals/{item['id']}/")["status"] == "timed_out"
    refusal(house.rita, item, 409, decision="approve", fingerprint=item["fingerprint"])


ESCALATED = [
    node(
        "ok",
        "approval",
        {"escalate": {"to": "role:admin", "due_in_s": 1}},
        reviewers=["user:rita"],
        quorum=1,
        due_in_s=0.4,
        on_timeout="escalate",
        payload=3,
    ),
    end("yes", "yes {{ steps.ok.output.payload }} by {{ steps.ok.output.by[0] }}"),
    end("no", "{{ steps.ok.output.decision }}"),
]


def escalated(house: House):
    """The run once the silence of the first is a question to the second."""
    play = house.play(ESCALATED, "start > ok; ok.approved > yes; ok.rejected > no")
    first = play.asks()
    house.ada.run_when(play.id, lambda run: [w["id"] for w in run["waiting"]] not in ([], [first["id"]]))
    item = play.asks()
    assert (first["reviewers"], item["reviewers"]) == (["user:rita"], ["role:admin"])
    assert item["payload"] == 3
    refusal(house.rita, item, 403, decision="approve", fingerprint=item["fingerprint"])
    return play


@pytest.mark.parametrize(("decision", "output"), [("approve", "yes 3 by ada"), ("reject", "reject")])
def test_silence_may_be_escalated_to_somebody_else(house: House, decision: str, output: str):
    assert escalated(house).decided(decision, by=house.ada).output == output


def test_silence_after_silence_is_a_no(house: House):
    assert escalated(house).output == "timed_out"


def test_a_group_may_be_asked(house: House):
    rob = house.person("rob")
    made = house.ada.put("projects/demo/groups/finance/", json={"members": ["rob"]})
    assert made.status_code in (200, 201), made.text
    nodes = [node("ok", "approval", reviewers=["group:finance"]), end(output="{{ steps.ok.output.by[0] }}")]
    play = house.play(nodes, "start > ok; ok.approved > done")
    item = play.asks()
    refusal(house.rita, item, 403, decision="approve", fingerprint=item["fingerprint"])
    play.decided("approve", by=rob)
    assert play.output == "rob"


FORM = {
    "type": "object",
    "required": ["colour"],
    "properties": {"colour": {"enum": ["red", "blue"]}},
    "additionalProperties": False,
}


def test_an_answer_fits_its_form_and_is_the_output(house: House):
    nodes = [
        node("ask", "question", assignee="user:rita", text="Which colour, {{ input.who }}?", schema=FORM),
        end(output="{{ steps.ask.output.colour }}"),
    ]
    play = house.play(nodes, input={"who": "Rita"})
    item = play.asks("question")
    assert (item["title"], item["schema"], item["reviewers"]) == ("Which colour, Rita?", FORM, ["user:rita"])
    stamp = {"fingerprint": item["fingerprint"]}
    refusal(house.rita, item, 422, decision="answer", payload={"colour": "green"}, **stamp)
    refusal(house.rita, item, 422, decision="answer", **stamp)
    refusal(house.person("rob"), item, 403, decision="answer", payload={"colour": "red"}, **stamp)
    play.decided("answer", payload={"colour": "blue"})
    assert play.output == "blue"
    assert play.step("ask")["output"] == {"colour": "blue"}


def test_a_question_that_nobody_answers_leaves_by_timed_out(house: House):
    nodes = [
        node("ask", "question", assignee="role:reviewer", text="?", due_in_s=0.4),
        end(),
        end("late", "late"),
    ]
    play = house.play(nodes, "start > ask; ask > done; ask.timed_out > late")
    assert play.output == "late"
    assert play.step("ask")["port"] == "timed_out"


def test_a_run_waits_for_several_at_once_and_works_on_meanwhile(house: House):
    nodes = [
        node("a", "approval", reviewers=["role:reviewer"]),
        node("b", "question", assignee="role:reviewer", text="?"),
        agent_node("work", house.agent({"say": "Done.", "after_s": 0.5})),
        node("all", "join"),
        end(output="{{ steps.work.output.text }} {{ steps.b.output.x }}"),
    ]
    drawn = "start > a; start > b; start > work; a.approved > all; b > all; work > all; all > done"
    play = house.play(nodes, drawn)
    assert (
        house.ada.run_when(play.id, lambda run: run["status"] in ("running", "waiting"))["status"]
        == "running"
    )
    assert sorted((wait["kind"], wait["node"]) for wait in play.waits()) == [
        ("approval", "a"),
        ("question", "b"),
    ]
    for kind, body in (
        ("approval", {"decision": "approve"}),
        ("question", {"decision": "answer", "payload": {"x": 1}}),
    ):
        (wait,) = [wait for wait in play.waits() if wait["kind"] == kind]
        item = house.rita.read(f"approvals/{wait['id']}/")
        done = house.rita.post(
            f"approvals/{wait['id']}/decision/", json={"fingerprint": item["fingerprint"], **body}
        )
        assert done.status_code == 201
        if kind == "approval":
            house.ada.run_when(play.id, lambda run: len(run["waiting"]) == 1)
    assert play.output == "Done. 1"


# --- irreversible tools ------------------------------------------------------------------------------------------


def wire(house: House) -> tuple[str, list[dict]]:
    tool = house.tool("irreversible")
    return tool, [
        node("wire", "tool", tool=tool, arguments={"n": "= input.n"}),
        end(output="= steps.wire.output.body.receipt"),
    ]


def test_an_irreversible_tool_is_called_once_and_only_after_its_approval(house: House):
    """T5."""
    tool, nodes = wire(house)
    play = house.play(nodes, input={"n": 4})
    item = play.asks()
    assert (item["kind"], item["payload"], item["editable"]) == ("approval", {"n": 4}, True)
    assert house.peer.bodies(f"/{tool}") == []
    play.decided("approve")
    assert play.output == f"{tool}-4"
    assert house.peer.bodies(f"/{tool}") == [{"n": 4}]
    (decided,) = play.lines("policy.decided", "wire")
    assert (decided["effect"], decided["policies"]) == ("approve", ["built-in/irreversible"])


def test_who_approves_may_change_the_arguments_and_they_are_checked(house: House):
    tool, nodes = wire(house)
    play = house.play(nodes, input={"n": 4})
    item = play.asks()
    refusal(house.rita, item, 422, decision="approve", payload={"n": "x"}, fingerprint=item["fingerprint"])
    play.decided("approve", payload={"n": 3})
    assert play.output == f"{tool}-3"
    assert house.peer.bodies(f"/{tool}") == [{"n": 3}]


def test_a_rejected_call_of_a_tool_node_fails_the_step(house: House):
    tool, nodes = wire(house)
    play = house.play(nodes, input={"n": 4}).decided("reject", reason="Not today.")
    run = play.failed("rejected", "wire")
    assert "Not today." in run["error"]["message"]
    assert house.peer.bodies(f"/{tool}") == [] and play.lines("tool.called") == []


def test_a_rejected_call_is_told_to_the_model(house: House):
    tool = house.tool("irreversible")
    agent = house.agent(
        {"when": {"turn": 1}, "calls": [{"tool": tool, "arguments": {"n": 1}}]},
        {"when": {"turn": 2, "contains": "Not today."}, "say": "I was not allowed to."},
        tools=[tool],
    )
    nodes = [agent_node("work", agent), end(output="{{ steps.work.output.text }}")]
    flow = house.flow(nodes)
    assert house.launch(flow).decided("reject", reason="Not today.").output == "I was not allowed to."
    assert house.peer.bodies(f"/{tool}") == []
    approved = house.launch(flow).decided("approve")
    approved.ended()
    assert house.peer.bodies(f"/{tool}") == [{"n": 1}]
    assert [data["status"] for data in approved.lines("tool.called")] == ["ok"]


def test_a_fork_with_another_input_takes_no_approval_over(house: House):
    """What people agreed to, they agreed to for the input that they saw."""
    play = house.play(approval(), WAYS, input={"amount": 120})
    play.decided("approve").ended()
    body = {"from_node": "pay", "input": {"amount": 9000}}
    answer = house.ada.post(f"runs/{play.id}/forks/", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/input")
    answer = house.ada.post(f"runs/{play.id}/forks/", json={"from_node": "pay", "pins": {"tools/any": 2}})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/pins")
    assert house.ada.post(f"runs/{play.id}/forks/", json={"from_node": "pay"}).status_code == 201
    again = house.ada.post(f"runs/{play.id}/forks/", json={**body, "from_node": "ok"})
    fork = type(play)(house, again.json()["id"])
    assert fork.asks()["payload"] == {"amount": 9000}
    fork.decided("reject", reason="No.").ended()


def test_an_approval_for_one_call_cuts_off_no_other_of_the_same_turn(house: House):
    risky, slow = house.tool("irreversible"), house.tool("write")
    calls = [{"tool": name, "arguments": {"n": 1}} for name in (risky, slow)]
    agent = house.agent({"when": {"turn": 1}, "calls": calls}, {"say": "Done."}, tools=[risky, slow])
    house.peer.hold(f"/{slow}")
    play = house.play([agent_node("work", agent), end()])
    stage.until(
        lambda: house.peer.held[f"/{slow}"] and play.lines("approval.requested"), 10, "both are asked for"
    )
    time.sleep(1)  # long enough for a run to be parked
    house.peer.release(f"/{slow}")
    play.decided("approve").ended()
    assert [len(house.peer.bodies(f"/{name}")) for name in (risky, slow)] == [1, 1]
    assert [line["kind"] for line in play.lines("approval.requested")] == ["approval"]
