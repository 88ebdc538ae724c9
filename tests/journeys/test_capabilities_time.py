"""What counts as time and what does not: lines for money, people asked below, flows below that are stopped and tried
anew (contract 3 and 4.10)."""

import time

from tests.journeys import stage
from tests.journeys.playhouse import House, Play, agent_node, end, node, seconds_of
from tests.journeys.test_capabilities_below import BELOW, OUT, child, each, running_below, sub

DONE = end(output="{{ steps.work.output.text }}")
NODE_TIMEOUT = {"timeout_s": 1}
ASKED = node("ok", "approval", reviewers=["role:reviewer"])


def below(house: House, play: Play) -> list[dict]:
    """The runs below a run, oldest first."""
    runs = house.ada.pages("projects/demo/runs/?limit=500")
    return [run for run in runs if (run["parent"] or {}).get("run") == play.id][::-1]


# --- others' money -------------------------------------------------------------------------------------------------


def one_at_a_time(house: House) -> str:
    """An agent of which only one call's worst case fits into its day; `slow` calls take their time."""
    slow = {"when": {"contains": "slow"}, "say": "Late.", "after_s": 3, "tokens": {"input": 10, "output": 5}}
    quick = {"say": "Soon.", "tokens": {"input": 10, "output": 5}}
    return house.agent(slow, quick, params={"max_tokens": 500}, limits={"max_cost_usd_per_day": 0.0015})


def test_standing_in_line_for_money_is_no_time_and_shows(house: House):
    agent = one_at_a_time(house)
    first = house.play([agent_node("work", agent, "slow"), DONE])
    house.ada.run_when(first.id, lambda run: run["status"] == "running")
    stage.until(lambda: first.lines("budget.reserved"), 10, "the first has its money")
    nodes = [{**agent_node("work", agent, "quick"), "timeout_s": 1}, DONE]
    second = house.play(nodes, limits={"timeout_s": 1})
    (wait,) = second.waits()
    assert (wait["kind"], wait["node"], wait["item"]) == ("budget", "work", None)
    assert f"/{agent}:day:" in wait["id"]
    assert second.step("work")["status"] == "waiting"
    assert first.output == "Late."
    run = second.ended()
    assert (run["output"], run["waiting"]) == ("Soon.", [])
    assert seconds_of(run) > 1.5, "it stood in line for longer than its time"
    assert [data["kind"] for data in second.lines("step.waiting")] == ["budget"]
    assert len(second.lines("run.waiting")) == len(second.lines("run.resumed")) == 1


def test_while_something_else_works_a_run_in_line_does_not_wait(house: House):
    agent = one_at_a_time(house)
    first = house.play([agent_node("work", agent, "slow"), DONE])
    stage.until(lambda: first.lines("budget.reserved"), 10, "the first has its money")
    other = house.agent({"say": "Beside.", "after_s": 1.5})
    nodes = [agent_node("work", agent, "quick"), agent_node("beside", other), node("all", "join"), end()]
    play = house.play(nodes, "start > work; start > beside; work > all; beside > all; all > done")
    stage.until(lambda: play.statuses().get("work") == "waiting", 10, "the step waits")
    assert house.ada.run(play.id)["status"] == "running"
    assert [wait["kind"] for wait in play.waits()] == ["budget"]
    assert play.step("beside")["status"] == "succeeded"
    play.ended()


def test_whoever_is_cut_off_in_the_line_does_not_stand_in_the_way(house: House):
    agent = one_at_a_time(house)
    first = house.play([agent_node("work", agent, "slow"), DONE])
    stage.until(lambda: first.lines("budget.reserved"), 10, "the first has its money")
    nodes = [
        agent_node("work", agent, "quick"),
        agent_node("quick", house.agent({"say": "First.", "after_s": 0.5})),
        node("any", "join", mode="any"),
        node("rest", "wait", seconds=60),
        end(),
    ]
    cut_off = house.play(
        nodes, "start > work; start > quick; work > any; quick > any; any > rest; rest > done"
    )
    assert cut_off.waits()[0]["kind"] in ("budget", "timer")
    stage.until(lambda: cut_off.statuses().get("rest") == "waiting", 10, "the join went on without it")
    assert cut_off.statuses()["work"] == "cancelled"
    last = house.play([agent_node("work", agent, "quick"), DONE])
    assert last.ended(within_s=8)["output"] == "Soon."
    house.ada.post(f"runs/{cut_off.id}/cancellation/")
    cut_off.ended("cancelled")


# --- steps with flows below ----------------------------------------------------------------------------------------


def test_a_flow_below_that_takes_longer_than_its_node_may_is_stopped(house: House):
    flow = child(house, agent_node("think", house.agent({"say": "Late.", "after_s": 20})))
    nodes = [{**sub(flow), **NODE_TIMEOUT, "on_error": "port"}, BELOW, end("sorry", "{{ error.code }}")]
    play = house.play(nodes, "start > below; below > done; below.error > sorry")
    stopped = running_below(house, play)
    run = play.ended(within_s=8)
    assert (run["output"], play.step("below")["error"]["code"]) == ("timeout", "timeout")
    assert 1 <= seconds_of(run) < 6
    assert house.ada.finished(stopped, within_s=5)["status"] == "cancelled"


def test_the_time_of_a_node_rests_while_the_flow_below_waits(house: House):
    flow = child(house, node("rest", "wait", seconds=3))
    play = house.play([{**sub(flow), **NODE_TIMEOUT}, BELOW])
    assert set(play.output) == {"said", "got"}


def test_after_a_time_out_the_next_attempt_has_a_run_of_its_own(house: House):
    tool = house.tool("read")
    house.peer.hold(f"/{tool}")
    flow = child(house, node("look", "tool", tool=tool, arguments={"n": 1}))
    retry = {"retry": {"max_attempts": 2, "backoff_s": 1, "jitter": False}}
    play = house.play([{**sub(flow), **NODE_TIMEOUT, **retry}, BELOW])
    stage.until(lambda: play.lines("step.retrying"), 10, "the first attempt took too long")
    house.peer.release(f"/{tool}")
    assert play.output["said"]["body"] == {"receipt": f"{tool}-1"}
    assert [run["status"] for run in below(house, play)] == ["cancelled", "succeeded"]
    assert play.lines("step.retrying")[0]["error"]["code"] == "timeout"


def test_retry_of_an_escalation_launches_the_flow_below_anew(house: House):
    tool = house.tool("read")
    house.peer.statuses[f"/{tool}"] = [400]
    flow = child(house, node("look", "tool", tool=tool, arguments={"n": 1}))
    play = house.play([{**sub(flow), "escalate": {"to": "role:reviewer"}}, BELOW])
    assert play.asks("escalation")["reason"].endswith("400.") or play.asks("escalation")["reason"]
    play.decided("retry")
    assert play.output["said"]["body"] == {"receipt": f"{tool}-1"}
    assert [run["status"] for run in below(house, play)] == ["failed", "succeeded"]
    assert play.step("below")["attempts"] == 2


# --- maps ----------------------------------------------------------------------------------------------------------


def test_the_time_of_a_map_rests_while_its_items_wait_for_people(house: House):
    agent = house.agent({"when": {"contains": "bad"}, "fail": {"status": 400}})
    more = {"escalate": {"to": "role:reviewer"}, **NODE_TIMEOUT}
    play = house.play([each(more, agent=agent, text="{{ item }}"), OUT], input={"items": ["good", "bad"]})
    assert play.waits()[0]["item"] == 1
    time.sleep(2.2)
    play.decided("answer", payload={"text": "by hand"})
    assert play.output["items"] == [{"text": "good"}, {"text": "by hand"}]


def test_the_time_of_a_map_rests_while_its_flows_wait(house: House):
    flow = child(house, node("rest", "wait", seconds="= input.n"))
    play = house.play([each(NODE_TIMEOUT, flow=flow, input={"n": "= item"}), OUT], input={"items": [0.1, 3]})
    assert [item["got"] for item in play.output["items"]] == [{"n": 0.1}, {"n": 3}]


def test_the_time_of_a_map_runs_while_its_flows_work(house: House):
    flow = child(house, agent_node("think", house.agent({"say": "Late.", "after_s": 20})))
    more = {**NODE_TIMEOUT, "on_error": "port"}
    nodes = [each(more, flow=flow, input={"n": "= item"}), OUT, end("sorry", "{{ error.code }}")]
    play = house.play(nodes, "start > each; each > done; each.error > sorry", input={"items": [1, 2]})
    run = play.ended(within_s=8)
    assert run["output"] == "timeout"
    stopped = [house.ada.finished(one["id"], within_s=5)["status"] for one in below(house, play)]
    assert stopped == ["cancelled", "cancelled"]


# --- forks and fallbacks -------------------------------------------------------------------------------------------


def test_a_fork_executes_the_step_again_that_ended_its_run(house: House):
    tool = house.tool("read")
    house.peer.statuses[f"/{tool}"] = [400]
    nodes = [
        agent_node("beside", house.agent({"say": "Beside."})),
        node("look", "tool", tool=tool, arguments={"n": 1}),
        node("all", "join"),
        end(output="= steps.all.output.look.body"),
    ]
    drawn = "start > beside; start > look; beside > all; look > all; all > done"
    first = house.play(nodes, drawn)
    first.failed("step_failed", "look")
    fork = house.ada.post(f"runs/{first.id}/forks/", json={"from_node": "beside"}).json()["id"]
    assert Play(house, fork).output == {"receipt": f"{tool}-1"}


def test_a_fallback_tells_its_model_that_a_tool_failed_because_it_has_no_other_attempt(house: House):
    tool = house.tool("read")
    house.peer.statuses[f"/{tool}"] = [503]
    backup = house.agent(
        {"when": {"turn": 1}, "calls": [{"tool": tool, "arguments": {"n": 1}}]},
        {"say": "It does not work."},
        tools=[tool],
    )
    work = agent_node("work", house.agent({"fail": {"status": 400}}), fallback=[backup])
    play = house.play([{**work, "retry": {"max_attempts": 3, "backoff_s": 0.1}}, DONE])
    assert play.output == "It does not work."
    assert [data["final"] for data in play.lines("tool.called")] == [True]


def test_no_step_starts_after_the_run_has_ended(house: House):
    nodes = [node(f"t{n}", "transform", output=n) for n in range(6)]
    drawn = [f"start > t{n}; t{n} > all" for n in range(6)]
    play = house.play([*nodes, node("all", "join"), end()], *drawn, "all > done", limits={"max_steps": 3})
    play.failed("limit_steps")
    assert len(play.events("step.started")) == 4
