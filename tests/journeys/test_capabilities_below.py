"""Work on many items and in other flows: map, subflow, wait (P3, P19; contract 4.10)."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.journeys import stage
from tests.journeys.playhouse import House, agent_node, end, node, seconds_of

OUT = end(output="= steps.each.output")


def each(more: dict | None = None, **config) -> dict:
    return node("each", "map", more, items="input.items", **config)


def test_a_worker_an_item_and_never_more_at_once_than_allowed(house: House):
    """P3."""
    names = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu"]
    said = [f"{index}: {name}" for index, name in enumerate(names)]
    agent = house.agent(*({"when": {"contains": text}, "say": text, "after_s": 0.2} for text in said))
    flow = house.flow([each(agent=agent, text="{{ index }}: {{ item.name }}", max_concurrency=3), OUT])
    play = house.launch(flow, {"items": [{"name": name} for name in names]})
    assert play.output == {"items": [{"text": text} for text in said], "failed": []}
    children = [step for step in play.steps("each") if step["item"] is not None]
    assert sorted(step["item"] for step in children) == [0, 1, 2, 3, 4, 5, 6]
    assert {step["agent"] for step in children} == {agent}
    assert [step["input"] for step in sorted(children, key=lambda s: s["item"])][1] == {"name": "bee"}
    assert play.overlap("each") == 3


def test_without_a_limit_all_items_work_at_once(house: House):
    agent = house.agent({"after_s": 0.5})
    play = house.play([each(agent=agent, text="{{ item }}"), OUT], input={"items": list(range(7))})
    play.ended()
    assert play.overlap("each") == 7


def test_no_items_are_no_work(house: House):
    play = house.play([each(agent=house.agent(), text="x"), OUT], input={"items": []})
    assert play.output == {"items": [], "failed": []}


FLAKY = {"when": {"contains": "bad"}, "fail": {"status": 400}}


def test_failures_of_items_may_be_collected(house: House):
    agent = house.agent(FLAKY)
    nodes = [each(agent=agent, text="{{ item }}", on_item_error="collect"), OUT]
    play = house.play(nodes, input={"items": ["good", "bad", "fine", "also bad"]})
    output = play.output
    assert output["items"] == [{"text": "good"}, None, {"text": "fine"}, None]
    assert [(f["index"], f["error"]["code"]) for f in output["failed"]] == [
        (1, "provider_error"),
        (3, "provider_error"),
    ]
    assert play.step("each", item=1)["status"] == "failed"


def test_one_failing_item_fails_the_map_and_stops_the_others(house: House):
    agent = house.agent({**FLAKY, "after_s": 0.3}, {"say": "Late.", "after_s": 20})
    play = house.play([each(agent=agent, text="{{ item }}"), OUT], input={"items": ["bad", "good"]})
    run = play.failed("provider_error", "each")
    assert seconds_of(run) < 5
    assert play.step("each", item=1)["status"] == "cancelled"


def test_an_item_is_attempted_as_the_node_says(house: House):
    agent = house.agent({"when": {"contains": "shaky"}, "say": "ok", "fail": {"status": 503, "attempts": 1}})
    retry = {"max_attempts": 2, "backoff_s": 0.05}
    play = house.play(
        [each({"retry": retry}, agent=agent, text="{{ item }}"), OUT], input={"items": ["firm", "shaky"]}
    )
    assert play.output["items"] == [{"text": "firm"}, {"text": "ok"}]
    assert [play.step("each", item=item)["attempts"] for item in (0, 1)] == [1, 2]


def test_a_tool_an_item(house: House):
    tool = house.tool("read")
    play = house.play([each(tool=tool, arguments={"n": "= item + index"}), OUT], input={"items": [10, 20]})
    receipts = [item["body"]["receipt"] for item in play.output["items"]]
    assert receipts == [f"{tool}-10", f"{tool}-21"]


def test_what_is_no_list_cannot_be_mapped(house: House):
    run = house.play([each(agent=house.agent(), text="x"), OUT], input={"items": {"a": 1}}).failed(
        "expression_error", "each"
    )
    assert "list" in run["error"]["message"]


def test_a_person_may_be_asked_for_one_item_while_the_others_are_done(house: House):
    agent = house.agent(FLAKY)
    more = {"escalate": {"to": "role:reviewer"}}
    play = house.play([each(more, agent=agent, text="{{ item }}"), OUT], input={"items": ["good", "bad"]})
    (wait,) = play.waits()
    assert (wait["kind"], wait["node"], wait["item"]) == ("escalation", "each", 1)
    play.decided("answer", payload={"text": "by hand"})
    assert play.output == {"items": [{"text": "good"}, {"text": "by hand"}], "failed": []}


# --- flows below ---------------------------------------------------------------------------------------------------


def child(house: House, *nodes: dict, **more) -> str:
    return house.flow(
        [*nodes, end(output={"said": f"= steps.{nodes[-1]['id']}.output", "got": "= input"})], **more
    )


def sub(flow: str, **input) -> dict:
    return node("below", "subflow", flow=flow, input=input)


BELOW = end(output="= steps.below.output")


def test_a_flow_is_a_step_of_another_with_one_trace_and_its_cost(house: House):
    """P19."""
    talk = {"say": "Hm.", "tokens": {"input": 1000, "output": 500}}
    agent = house.agent(talk)
    flow = child(house, agent_node("think", agent))
    play = house.play(
        [agent_node("first", agent), sub(flow, n="= input.n", deep={"x": ["{{ input.n }}"]}), BELOW],
        input={"n": 5},
    )
    assert play.output == {"said": {"text": "Hm."}, "got": {"n": 5, "deep": {"x": ["5"]}}}
    run = play.ended()
    (below,) = [
        r
        for r in house.ada.pages("projects/demo/runs/?limit=500")
        if (r["parent"] or {}).get("run") == play.id
    ]
    assert (below["parent"]["node"], below["trace_id"], below["user"]) == ("below", run["trace_id"], "ada")
    # $1 and $2 a million tokens: a call costs 0.002
    assert (below["cost_usd"], run["cost_usd"]) == (0.002, 0.004)
    assert run["tokens"] == {"input": 2000, "output": 1000}
    assert play.step("below")["cost_usd"] == 0.002


def test_a_parent_waits_for_what_its_child_waits_for(house: House):
    ask = node("ok", "approval", reviewers=["role:reviewer"], payload="= input.n")
    flow = house.flow([ask, end(output={"said": "= steps.ok.output"})], "start > ok; ok.approved > done")
    play = house.play([sub(flow, n=3), BELOW])
    (wait,) = play.waits()
    assert (wait["kind"], wait["node"], wait["iteration"], wait["item"]) == ("approval", "below", 1, None)
    item = house.rita.read(f"approvals/{wait['id']}/")
    assert item["node"] == "ok" and item["run"] != play.id
    play.decided("approve")
    # Decided: nobody is waited for any more, although the work goes on below.
    house.ada.run_when(play.id, lambda run: run["waiting"] == [])
    assert play.output["said"]["payload"] == 3


def test_a_run_does_not_wait_as_long_as_a_run_below_it_works(house: House):
    flow = child(house, agent_node("think", house.agent({"say": "Done.", "after_s": 2})))
    nodes = [
        sub(flow),
        node("ok", "approval", reviewers=["role:reviewer"]),
        node("all", "join"),
        end(output="= steps.below.output.said"),
    ]
    play = house.play(nodes, "start > below; start > ok; below > all; ok.approved > all; all > done")
    running_below(house, play)
    assert house.ada.run(play.id)["status"] == "running"
    assert [wait["node"] for wait in play.waits()] == ["ok"]
    assert play.step("below")["status"] == "succeeded"
    play.decided("approve")
    assert play.output == {"text": "Done."}


def test_a_failing_child_fails_its_step_with_its_own_reason(house: House):
    flow = child(house, agent_node("think", house.agent({"fail": {"status": 400}})))
    nodes = [{**sub(flow), "on_error": "port"}, BELOW, end("sorry", "{{ error.code }}")]
    play = house.play(nodes, "start > below; below > done; below.error > sorry")
    assert play.output == "provider_error"


def test_an_input_that_does_not_fit_the_flow_below_is_refused(house: House):
    wanted = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    flow = child(house, node("pass", "transform", output="= input.n"), input_schema=wanted)
    run = house.play([sub(flow, n="= input.n"), BELOW], input={"n": "five"}).failed("invalid_input", "below")
    assert "$.n" in run["error"]["message"]


def test_a_flow_an_item(house: House):
    flow = child(house, node("twice", "transform", output="= input.n * 2"))
    play = house.play([each(flow=flow, input={"n": "= item"}), OUT], input={"items": [1, 2, 3]})
    assert [item["said"] for item in play.output["items"]] == [2, 4, 6]
    parents = [
        r["parent"]
        for r in house.ada.pages("projects/demo/runs/?limit=500")
        if (r["parent"] or {}).get("run") == play.id
    ]
    assert sorted(parent["item"] for parent in parents) == [0, 1, 2]


def test_a_limit_of_the_parent_holds_for_what_runs_below(house: House):
    """4.10: the child's calls draw on the parent's budget too."""
    agent = house.agent({"say": "Hm.", "tokens": {"input": 1000, "output": 500}}, params={"max_tokens": 500})
    flow = child(house, agent_node("a", agent), agent_node("b", agent), agent_node("c", agent))
    play = house.play([sub(flow), BELOW], limits={"max_cost_usd": 0.005})
    run = play.failed("budget_exceeded", "below")
    assert run["cost_usd"] == 0.004


def test_a_parents_time_runs_while_its_child_works(house: House):
    flow = child(house, agent_node("think", house.agent({"say": "Late.", "after_s": 20})))
    play = house.play([sub(flow), BELOW], limits={"timeout_s": 1.5})
    below = running_below(house, play)
    run = house.ada.finished(play.id, within_s=10)
    assert (run["status"], run["error"]["code"]) == ("failed", "limit_time")
    assert 1.5 <= seconds_of(run) < 8
    assert house.ada.finished(below, within_s=5)["status"] == "cancelled"


def test_a_parents_time_rests_while_its_child_waits(house: House):
    flow = child(house, node("rest", "wait", seconds=2.5))
    play = house.play([sub(flow), BELOW], limits={"timeout_s": 1.5})
    assert play.waits()[0]["kind"] == "timer"
    assert set(play.output) == {"said", "got"}


def test_a_flow_below_may_be_called_in_every_round_and_its_failures_collected(house: House):
    flow = child(house, node("check", "transform", output="= 10 / input.n"))
    nodes = [
        {**each({}, flow=flow, input={"n": "= item - iteration"}, on_item_error="collect")},
        node("more", "condition", cases=[{"port": "again", "when": "iteration < 2"}]),
        OUT,
    ]
    play = house.play(
        nodes, "start > each; each > more; more.again > each x3; more.else > done", input={"items": [1, 2]}
    )
    assert play.output["items"] == [{"said": -10, "got": {"n": -1}}, None]
    assert [(f["index"], f["error"]["code"]) for f in play.output["failed"]] == [(1, "expression_error")]
    assert [s["output"]["items"][0] for s in play.steps("each") if s["item"] is None][0] is None


def test_people_are_asked_below_below_and_by_two_items_at_once(house: House):
    ask = node("ok", "question", assignee="role:reviewer", text="{{ input.n }}?")
    inner = child(house, ask)
    middle = child(house, sub(inner, n="= input.n"))
    play = house.play([each(flow=middle, input={"n": "= item"}), OUT], input={"items": [7, 8]})
    stage.until(lambda: len(house.ada.run(play.id)["waiting"]) == 2, 20, "both items wait")
    waits = house.ada.run(play.id)["waiting"]
    assert {(w["kind"], w["node"], w["item"]) for w in waits} == {
        ("question", "each", 0),
        ("question", "each", 1),
    }
    for wait in waits:
        item = house.rita.read(f"approvals/{wait['id']}/")
        stage.decide(house.rita, item, "answer", payload={"title": item["title"]})
    answers = [item["said"]["said"] for item in play.output["items"]]
    assert answers == [{"title": "7?"}, {"title": "8?"}]


def test_a_cancelled_parent_stops_its_child(house: House):
    flow = child(house, agent_node("think", house.agent({"say": "Late.", "after_s": 20})))
    play = house.play([sub(flow), BELOW])
    below = running_below(house, play)
    assert house.ada.post(f"runs/{play.id}/cancellation/").status_code == 202
    play.ended("cancelled", within_s=3)
    stopped = house.ada.finished(below, within_s=3)
    assert stopped["status"] == "cancelled"
    assert stopped["cost_usd"] > 0, "the call that was cut off had used tokens"
    assert house.ada.run(play.id)["cost_usd"] == stopped["cost_usd"]


def test_a_child_that_nobody_waits_for_any_more_is_stopped(house: House):
    """An any join has what it needs: the other branch's run below ends with its step, not at its own leisure."""
    slow = child(house, agent_node("think", house.agent({"say": "Late.", "after_s": 20})))
    nodes = [
        sub(slow),
        agent_node("quick", house.agent({"say": "First.", "after_s": 1})),
        node("all", "join", mode="any"),
        node("rest", "wait", seconds=1.5),
        end(output="= steps.all.output"),
    ]
    play = house.play(
        nodes, "start > below; start > quick; below > all; quick > all; all > rest; rest > done"
    )
    below = running_below(house, play)
    assert house.ada.finished(below, within_s=10)["status"] == "cancelled"
    assert play.output == {"quick": {"text": "First."}}


def running_below(house: House, play) -> str:
    """The child once it calls its model."""
    found: list[str] = []

    def runs() -> bool:
        found[:] = [
            r["id"]
            for r in house.ada.pages("projects/demo/runs/?status=running&limit=500")
            if (r["parent"] or {}).get("run") == play.id
        ]
        return bool(found)

    stage.until(runs, 15, "the child runs")
    return found[0]


# --- time ----------------------------------------------------------------------------------------------------------


def test_a_run_rests_for_some_seconds(house: House):
    nodes = [node("rest", "wait", seconds="= input.s"), end(output="= steps.rest.output.until")]
    play = house.play(nodes, input={"s": 1})
    (wait,) = play.waits()
    assert (wait["kind"], wait["node"], wait["id"]) == ("timer", "rest", None)
    assert wait["until"] == play.output
    assert 1 <= seconds_of(play.step("rest")) < 3


def test_a_run_rests_until_a_moment(house: House):
    until = (datetime.now(UTC) + timedelta(seconds=1.2)).isoformat()
    flow = house.flow([node("rest", "wait", until="{{ input.at }}"), end()])
    play = house.launch(flow, {"at": until})
    play.ended()
    assert datetime.fromisoformat(play.step("rest")["finished_at"]) >= datetime.fromisoformat(until)
    past = house.launch(flow, {"at": "2001-01-01T00:00:00+01:00"})
    past.ended()
    assert past.step("rest")["output"] == {"until": "2000-12-31T23:00:00.000Z"}


@pytest.mark.parametrize("at", ["tomorrow", "2026-01-01", "2026-01-01T00:00:00"])
def test_a_moment_that_is_none_fails_the_step(house: House, at: str):
    house.play([node("rest", "wait", until="{{ input.at }}"), end()], input={"at": at}).failed(
        "invalid_input", "rest"
    )


def calling(house: House, slug: str, flow: str | None) -> dict:
    """A flow that calls another, or nobody."""
    if flow is None:
        return house.drawn(slug, [node("a", "transform", output={"n": 1}), end()])
    return house.drawn(slug, [node("a", "subflow", flow=flow, input={}), end()])


def test_a_version_that_would_close_a_circle_of_flows_is_not_activated(house: House):
    a, b = house.slug("circle"), house.slug("circle")
    house.publish(calling(house, a, None), calling(house, b, None))
    versions = f"projects/demo/flows/{a}/versions/"
    assert house.ada.post(f"{versions}?activate=false", json=calling(house, a, b)).status_code == 201
    house.publish(calling(house, b, a))
    refused = house.ada.post(f"projects/demo/flows/{a}/activations/", json={"version": 2})
    assert refused.status_code == 422
    assert f"{a} → {b} → {a}" in refused.json()["errors"][0]["detail"]
    assert house.launch(a).output == {"a": {"n": 1}}
    assert house.ada.get(f"projects/demo/flows/{a}/").json()["active"] == 1


def test_flows_call_flows_only_so_deep(house: House):
    below = None
    for _ in range(18):
        slug = house.slug("deep")
        house.publish(calling(house, slug, below))
        below = slug
    play = house.launch(below)
    run = play.failed("limit_hops", "a")
    assert "16 deep" in run["error"]["message"]
