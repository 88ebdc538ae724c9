"""Policies at work: what they let happen, deny and hold for a person, in served runs (G1-G3, G5, G7, T3-T5)."""

import itertools

import pytest

from governance import ids
from tests import recomputed
from tests.api import Api
from tests.journeys import stage
from tests.journeys.playhouse import House, agent_node, end, node

numbers = itertools.count(1)


def policy(effect: str, action: str, when: str, **more) -> dict:
    slug = f"policy-{next(numbers)}"
    return {"kind": "policy", "slug": slug, "effect": effect, "actions": [action], "when": when, **more}


def tool_node(id: str, tool: str, more: dict | None = None) -> dict:
    return node(id, "tool", more, tool=tool, arguments={"n": 1})


def decisions(ada: Api, run: str) -> list[tuple]:
    """(node, action, effect, policies) of a run's decisions, oldest first."""
    found = reversed(list(ada.pages(f"projects/demo/decisions/?run={run}")))
    return [
        (one["node"], one["kind"], one["chosen"][0], one["policies"])
        for one in found
        if one["method"] == "policy"
    ]


def refused(house: House, flow: str, **body) -> dict:
    answer = house.ada.post("projects/demo/runs/", json={"flow": flow, "input": {}, **body})
    assert answer.status_code == 403, answer.text
    return answer.json()


# --- each task its own policy ----------------------------------------------------------------------------------


def test_one_run_does_one_thing_is_denied_the_next_and_asks_for_the_third(house: House):
    """G7."""
    free, forbidden, asked = house.tool("read"), house.tool("write"), house.tool("write")
    no = policy("deny", "tool.call", f'tool.slug == "{forbidden}"', reason="Not here.")
    maybe = policy(
        "approve", "tool.call", f'tool.slug == "{asked}" && arguments.n == 1', reason="Rita looks."
    )
    house.publish(no, maybe)
    play = house.play(
        [
            tool_node("first", free),
            tool_node("second", forbidden, {"on_error": "port"}),
            tool_node("third", asked),
            end(output={"why": "= steps.second.output", "third": "= steps.third.output.body.receipt"}),
        ],
        "start > first; first > second; second.error > third; third > done",
    )
    item = play.asks()
    assert (item["title"], item["payload"], item["reason"]) == (
        f"May {asked} be called?",
        {"n": 1},
        "Rita looks.",
    )
    assert house.peer.bodies(f"/{asked}") == []
    output = play.decided("approve").output
    assert output["why"]["error"] == {"code": "denied", "message": "Not here."}
    assert output["third"] == f"{asked}-1"
    bodies = [len(house.peer.bodies(f"/{tool}")) for tool in (free, forbidden, asked)]
    assert bodies == [1, 0, 1]
    assert decisions(house.ada, play.id) == [
        (None, "flow.launch", "allow", []),
        ("first", "tool.call", "allow", []),
        ("second", "tool.call", "deny", [f"{no['slug']}@1"]),
        ("third", "tool.call", "approve", [f"{maybe['slug']}@1"]),
        (None, "output.release", "allow", []),
    ]


def test_an_organisation_denies_what_the_agent_was_given_and_both_are_said(house: House):
    """G3."""
    tool = house.tool("read")
    agent = house.agent(
        {"when": {"turn": 1}, "calls": [{"tool": tool, "arguments": {"n": 1}}]},
        {"say": "Done."},
        tools=[tool],
    )
    house.publish(policy("deny", "tool.call", f'tool.slug == "{tool}"', reason="Nobody calls this."))
    play = house.play([agent_node("ask", agent), end(output="= steps.ask.output")])
    assert play.output == {"text": "Done."}
    (denied,) = [
        one
        for one in house.ada.pages(f"projects/demo/decisions/?run={play.id}")
        if one["kind"] == "tool.call"
    ]
    assert (denied["chosen"], denied["reason"]) == (["deny"], "Nobody calls this.")
    assert denied["besides"] == (
        f"The agent '{agent}' has the tool '{tool}' on its list: a policy is stronger."
    )
    assert denied["facts"]["agent"] == f"{agent}@1"
    assert (denied["facts"]["tool"], denied["facts"]["arguments"]) == (f"{tool}@1", {"n": 1})


def test_a_tool_outside_the_list_is_denied_whatever_a_policy_allows(house: House):
    """T3."""
    tool = house.tool("read")
    agent = house.agent(
        {"when": {"turn": 1}, "calls": [{"tool": tool, "arguments": {"n": 1}}]},
        {"say": "Done."},
        tools=[house.tool("read")],
    )
    house.publish(policy("allow", "tool.call", f'tool.slug == "{tool}"'))
    play = house.play([agent_node("ask", agent), end()])
    play.ended()
    denied = play.lines("policy.decided", "ask")[2]
    assert (denied["effect"], denied["code"], denied["policies"]) == (
        "deny",
        "tool_not_allowed",
        ["built-in/tool-list"],
    )
    assert house.peer.bodies(f"/{tool}") == []


def test_what_cannot_be_undone_asks_unless_a_policy_allows_the_call(house: House):
    """T4, G5."""
    tool = house.tool("irreversible")
    asks = house.play([tool_node("do", tool), end()])
    assert asks.asks()["reason"].endswith("cannot be undone: a person decides.")
    asks.decided("reject", reason="No.").failed("rejected", "do")
    house.publish(policy("allow", "tool.call", f'tool.slug == "{tool}" && arguments.n < 2'))
    house.play([tool_node("do", tool), end()]).ended()
    assert house.peer.bodies(f"/{tool}") == [{"n": 1}]


def test_a_condition_that_cannot_be_evaluated_denies_and_says_so(house: House):
    tool = house.tool("read")
    house.publish(policy("allow", "tool.call", f'tool.slug == "{tool}" && arguments.missing > 1'))
    run = house.play([tool_node("do", tool), end()]).failed("denied", "do")
    assert "could not be evaluated, which counts as deny" in run["error"]["message"]


def test_a_reviewer_cannot_change_a_call_into_what_is_denied(house: House):
    tool = house.tool("write")
    house.publish(
        policy("approve", "tool.call", f'tool.slug == "{tool}"'),
        policy("deny", "tool.call", f'tool.slug == "{tool}" && arguments.n > 5', reason="Five at most."),
    )
    play = house.play([tool_node("do", tool), end()]).decided("approve", payload={"n": 6})
    assert "Five at most." in play.failed("denied", "do")["error"]["message"]
    assert house.peer.bodies(f"/{tool}") == []


def test_what_is_forbidden_while_an_approval_waits_does_not_happen(house: House):
    tool = house.tool("write")
    house.publish(policy("approve", "tool.call", f'tool.slug == "{tool}"'))
    play = house.play([tool_node("do", tool), end()])
    play.asks()
    ban = policy("deny", "tool.call", f'tool.slug == "{tool}"', reason="Closed since noon.")
    house.publish(ban)
    said = f"This was approved, but is by now denied by {ban['slug']}@1: Closed since noon."
    assert play.decided("approve").failed("denied", "do")["error"]["message"] == said
    assert house.peer.bodies(f"/{tool}") == []
    assert [line["effect"] for line in play.lines("policy.decided", "do")] == ["approve"]
    (note,) = play.lines("note", "do")
    assert (note["kind"], note["effect"], note["policies"]) == ("asked_again", "deny", [f"{ban['slug']}@1"])


def test_a_launch_and_a_release_are_asked_again_too(house: House):
    flow, other = house.flow([end()]), house.flow([end()])
    house.publish(
        policy("approve", "flow.launch", f'flow.slug == "{flow}"'),
        policy("approve", "output.release", f'flow.slug == "{other}"'),
    )
    launch, release = house.launch(flow), house.launch(other)
    launch.asks(), release.asks()
    house.publish(
        policy("deny", "flow.launch", f'flow.slug == "{flow}"', reason="Closed."),
        policy("deny", "output.release", f'flow.slug == "{other}"', reason="Sealed."),
    )
    assert launch.decided("approve").failed("denied")["error"]["message"].endswith("Closed.")
    assert launch.steps() == []
    assert release.decided("approve").failed("denied")["error"]["message"].endswith("Sealed.")


# --- launches --------------------------------------------------------------------------------------------------


def test_a_denied_launch_is_no_run_and_stands_in_the_audit_log(house: House):
    flow = house.flow([end()])
    house.publish(policy("deny", "flow.launch", f'flow.slug == "{flow}"', reason="Closed today."))
    problem = refused(house, flow, environment="prod")
    assert (problem["code"], problem["detail"]) == ("denied", "Closed today.")
    assert problem["decision"]["policies"][0].startswith("policy-")
    assert house.ada.read(f"projects/demo/runs/?flow={flow}")["results"] == []
    entry = house.ada.read("projects/demo/audit/")["results"][0]
    assert (entry["action"], entry["object"]) == ("run.refuse", f"flows/{flow}")
    kept = entry["data"]["decision"]["facts"]
    assert (kept["flow"], kept["input"], kept["environment"], kept["user"]) == (
        f"{flow}@1",
        {},
        "prod",
        "ada",
    )


def test_a_launch_waits_for_a_person_before_anything_happens(house: House):
    tool = house.tool("read")
    flow = house.flow([tool_node("do", tool), end(output="= steps.do.output.body.receipt")])
    house.publish(policy("approve", "flow.launch", f'flow.slug == "{flow}"', reason="A lead decides."))
    play = house.launch(flow, {"n": 2})
    item = play.asks()
    assert (item["title"], item["payload"]) == (f"May {flow} be launched?", {"n": 2})
    run = house.ada.run(play.id)
    assert (run["started_at"], run["waiting"][0]["node"], run["waiting"][0]["kind"]) == (
        None,
        None,
        "approval",
    )
    assert play.steps() == []
    assert play.decided("approve").output == f"{tool}-1"
    assert [event["type"] for event in house.ada.events(play.id)][:7] == [
        "run.created",
        "policy.decided",
        "approval.requested",
        "run.waiting",
        "run.resumed",
        "approval.decided",
        "run.started",
    ]


@pytest.mark.parametrize("by", ["reject", "cancel"])
def test_a_launch_that_nobody_approves_never_begins(house: House, by: str):
    tool = house.tool("read")
    flow = house.flow([tool_node("do", tool), end()])
    house.publish(policy("approve", "flow.launch", f'flow.slug == "{flow}"'))
    play = house.launch(flow)
    if by == "reject":
        run = play.decided("reject", reason="Not today.").failed("rejected")
        assert run["error"]["message"] == "The launch was not approved: Not today."
    else:
        play.waits()
        assert house.ada.post(f"runs/{play.id}/cancellation/").status_code == 202
        play.ended("cancelled")
    assert play.steps() == [] and house.peer.bodies(f"/{tool}") == []


def test_a_launch_that_nobody_decides_in_time_fails(house: House):
    flow = house.flow([end()])
    house.publish(policy("approve", "flow.launch", f'flow.slug == "{flow}"', due_in_s=0.5))
    run = house.launch(flow).failed("rejected")
    assert run["error"]["message"] == "The launch was not approved: Nobody decided in time."


def test_who_launched_cannot_approve_where_four_eyes_are_asked_for(house: House):
    flow = house.flow([end()])
    house.publish(policy("approve", "flow.launch", f'flow.slug == "{flow}"', four_eyes=True))
    play = house.launch(flow)
    item = play.asks()
    answer = house.ada.post(
        f"approvals/{item['id']}/decision/",
        json={"decision": "approve", "fingerprint": item["fingerprint"]},
    )
    assert answer.status_code == 403
    play.decided("approve").ended()


def test_forks_and_runs_below_are_launches_too(house: House):
    below = house.flow([end(output="= {'was': 'below'}")])
    above = house.flow([node("sub", "subflow", flow=below, input={}), end(output="= steps.sub.output")])
    first = house.launch(above)
    assert first.output == {"was": "below"}
    house.publish(policy("approve", "flow.launch", f'flow.slug == "{below}" && trigger == "flow"'))
    assert house.launch(above).decided("approve").output == {"was": "below"}
    house.publish(policy("deny", "flow.launch", f'flow.slug == "{below}"', reason="Not from there."))
    denied = house.launch(above)
    denied.failed("denied", "sub")
    assert [data["effect"] for data in denied.lines("policy.decided", "sub")] == ["deny"]
    house.publish(policy("deny", "flow.launch", f'flow.slug == "{above}" && trigger == "fork"'))
    assert house.ada.post(f"runs/{first.id}/forks/", json={"from_node": "sub"}).status_code == 403


def test_a_fork_waits_for_its_launch_too(house: House):
    tool = house.tool("read")
    flow = house.flow([tool_node("do", tool), end(output="= steps.do.output.body.receipt")])
    first = house.launch(flow)
    first.ended()
    house.publish(policy("approve", "flow.launch", f'flow.slug == "{flow}" && trigger == "fork"'))
    forked = house.ada.post(f"runs/{first.id}/forks/", json={"from_node": "do"}).json()
    run = house.ada.waiting(forked["id"])
    stage.decide(house.rita, house.rita.read(f"approvals/{run['waiting'][0]['id']}/"), "approve")
    assert house.ada.finished(forked["id"])["output"] == f"{tool}-1"


def test_an_agent_runs_only_where_a_policy_lets_it(house: House):
    """G2: contexts."""
    agent = house.agent({"say": "Hello."})
    flow = house.flow([agent_node("ask", agent), end()])
    when = f'agent.slug == "{agent}" && (environment != "test" || project != "demo" || user != "ada")'
    house.publish(policy("deny", "agent.run", when, reason="Only Ada tests this."))
    house.launch(flow, environment="test").ended()
    run = house.launch(flow, environment="prod").failed("denied", "ask")
    assert run["error"]["message"] == "Only Ada tests this."
    assert house.person("olu").launch(flow, environment="test", input={})["id"]
    olus = list(house.ada.pages(f"projects/demo/runs/?flow={flow}&user=olu"))[0]
    assert house.ada.finished(olus["id"])["error"]["code"] == "denied"


# --- releases --------------------------------------------------------------------------------------------------


def test_an_output_waits_for_a_person_before_it_leaves(house: House):
    flow = house.flow(
        [node("make", "transform", output={"secret": "= input.n"}), end(output="= steps.make.output")]
    )
    house.publish(policy("approve", "output.release", f'flow.slug == "{flow}" && output.secret > 1'))
    house.launch(flow, {"n": 1}).ended()
    play = house.launch(flow, {"n": 2})
    item = play.asks()
    assert (item["title"], item["payload"]) == (f"May the output of {flow} leave?", {"secret": 2})
    assert house.ada.run(play.id)["output"] is None
    assert play.decided("approve").output == {"secret": 2}
    run = house.launch(flow, {"n": 3}).decided("reject", reason="Keep it.").failed("rejected")
    assert (run["output"], run["error"]["message"]) == (None, "The output was not released: Keep it.")


def test_a_denied_output_never_leaves(house: House):
    flow = house.flow([end(output={"n": "= input.n"})])
    house.publish(policy("deny", "output.release", f'flow.slug == "{flow}"', reason="It stays here."))
    run = house.launch(flow, {"n": 1}).failed("denied")
    assert (run["output"], run["error"]["message"]) == (None, "The output may not leave: It stays here.")


# --- what is active when it is asked ---------------------------------------------------------------------------


def test_a_policy_holds_at_once_also_for_runs_under_way(house: House):
    tool = house.tool("write")
    flow = house.flow(
        [node("wait", "approval", reviewers=["role:reviewer"]), tool_node("do", tool), end()],
        "start > wait; wait.approved > do; do > done",
    )
    play = house.launch(flow)
    play.waits()
    stop = policy("deny", "tool.call", f'tool.slug == "{tool}"', reason="Stopped meanwhile.")
    house.publish(stop)
    play.decided("approve").failed("denied", "do")
    assert house.ada.delete(f"projects/demo/policies/{stop['slug']}/").status_code == 204
    house.launch(flow).decided("approve").ended()


# --- simulation ------------------------------------------------------------------------------------------------


def test_a_draft_shows_which_past_decisions_it_would_flip(house: House):
    tool = house.tool("write")
    for n in (1, 2, 3):
        house.play([node("do", "tool", tool=tool, arguments={"n": n}), end()]).ended()
    draft = policy(
        "approve", "tool.call", f'tool.slug == "{tool}" && arguments.n >= 2', reason="Two or more."
    )
    path = "projects/demo/policies/simulation/"
    found = house.ada.post(path, json={"policy": draft, "since": "2026-01-01T00:00:00Z"}).json()
    assert found["decisions"] >= 9 and found["skipped"] == 0
    assert [(flip["node"], flip["action"], flip["was"], flip["would_be"]) for flip in found["flips"]] == [
        ("do", "tool.call", "allow", "approve"),
        ("do", "tool.call", "allow", "approve"),
    ]
    house.publish(draft)
    assert house.ada.post(path, json={"policy": draft}).json()["flips"] == []
    assert house.ada.post(path, json={"policy": {**draft, "effect": "deny"}}).json()["flips"] != []
    bad = house.ada.post(path, json={"policy": {**draft, "when": "tool.slgu == 1"}})
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/policy/when")
    assert house.ada.post(path, json={"policy": draft, "since": "yesterday"}).status_code == 422
    assert house.rita.post(path, json={"policy": draft}).status_code == 403


def test_every_decision_is_computed_again_from_what_was_stored(house: House, django_db_blocker):
    tool, long = house.tool("read"), "A long text. " * 50
    agent = house.agent(
        {"when": {"turn": 1}, "calls": [{"tool": tool, "arguments": {"n": 1, "note": long}}]},
        {"when": {"turn": 2}, "calls": [{"tool": "made-up", "arguments": {}}]},
        {"say": "Done."},
        tools=[tool],
    )
    refused = house.flow([end()])
    house.publish(policy("deny", "flow.launch", f'flow.slug == "{refused}" && input.why == "{long}"'))
    play = house.play(
        [
            agent_node("ask", agent, long),
            node("sub", "subflow", {"on_error": "port"}, flow=refused, input={"why": long}),
            end("one", output="= steps.ask.output"),
            end("two", output={"told": long}),
        ],
        "start > ask; ask > sub; sub.error > one; sub.error > two",
    )
    play.ended()
    with recomputed.database_of(house.server.data, django_db_blocker):
        assert recomputed.check(run_id=ids.decode(play.id)) == 9
