"""What a run may spend, do and be: limits, the tool list, the cache, cancel, fork, bursts (T3, T8, E11, E12, E17)."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.sync.client import connect

from tests.journeys import soundness, stage
from tests.journeys.playhouse import House, agent_node, end, node, seconds_of

# $1 and $2 a million tokens: such a call costs 0.002; its worst case is its bytes and these 500 tokens.
TALK = {"say": "Hm.", "tokens": {"input": 1000, "output": 500}}
SMALL = {"max_tokens": 500}
SAID = end(output="{{ steps.work.output.text }}")
AGAIN = "start > work; work > more; more.again > work x9; more.else > done"
MORE = node("more", "condition", cases=[{"port": "again", "when": "iteration < 9"}])


def test_a_run_never_spends_more_than_its_limit(house: House):
    agent = house.agent(TALK, params=SMALL)
    play = house.play([agent_node("work", agent), MORE, SAID], AGAIN, limits={"max_cost_usd": 0.005})
    run = play.failed("budget_exceeded", "work")
    assert (run["cost_usd"], run["error"]["iteration"]) == (0.004, 3)
    assert "max_cost_usd" in run["error"]["message"]
    assert len(play.lines("budget.exceeded")) == 1
    reserved = play.lines("budget.reserved")
    assert [data["call"] for data in reserved] == [data["call"] for data in play.lines("model.called")]


def test_calls_at_the_same_time_never_overshoot_together(house: House):
    agent = house.agent({**TALK, "after_s": 0.1}, params=SMALL)
    nodes = [
        node("each", "map", items="input.items", agent=agent, text="{{ item }}", on_item_error="collect"),
        end(output={"done": "= size(steps.each.output.items.filter(i, i != null))"}),
    ]
    play = house.play(nodes, limits={"max_cost_usd": 0.0071}, input={"items": list(range(12))})
    assert play.output == {"done": 3}
    assert play.ended()["cost_usd"] == 0.006
    errors = [step["error"]["code"] for step in play.steps("each") if step["error"]]
    assert errors == ["budget_exceeded"] * 9


@pytest.mark.parametrize(
    ("limits", "calls"), [({"max_cost_usd_per_call": 0.0015}, 0), ({"max_cost_usd_per_day": 0.005}, 2)]
)
def test_an_agent_stays_within_its_own_limits(house: House, limits: dict, calls: int):
    agent = house.agent(TALK, params=SMALL, limits=limits)
    play = house.play([agent_node("work", agent), MORE, SAID], AGAIN)
    play.failed("budget_exceeded", "work")
    assert [data["status"] for data in play.lines("model.called")].count("ok") == calls
    again = house.play([agent_node("work", agent), SAID])
    again.failed("budget_exceeded", "work")


def test_a_model_without_a_price_is_refused_under_a_limit_and_never_free(house: House):
    agent = house.slug("agent")
    provider = {**stage.hosted(f"{house.peer.url}/v1", slug=f"{agent}-model"), "prices": {}}
    house.publish(provider, stage.agent(agent, f"{agent}-model/never-heard-of"))
    play = house.play([agent_node("work", agent), SAID], limits={"max_cost_usd": 1})
    run = play.failed("budget_exceeded", "work")
    assert "has no price" in run["error"]["message"]
    assert house.peer.bodies("/v1/chat/completions") == []


def test_a_scripted_model_without_a_price_costs_nobody_anything_and_is_marked(house: House):
    agent = house.agent(TALK, provider={"prices": {}})
    play = house.play([agent_node("work", agent), SAID], limits={"max_cost_usd": 0.001})
    assert play.ended()["cost_usd"] == 0
    assert [data["unpriced"] for data in play.lines("model.called")] == [True]


def test_a_run_stops_at_its_time_limit_which_waiting_does_not_use_up(house: House):
    slow = house.agent({"say": "Late.", "after_s": 20})
    rest = node("rest", "wait", seconds=1.2)
    play = house.play([rest, agent_node("work", slow), SAID], limits={"timeout_s": 1})
    run = play.failed("limit_time")
    assert play.statuses() == {"start": "succeeded", "rest": "succeeded", "work": "cancelled"}
    assert 2 <= seconds_of(run) < 8


def test_a_run_stops_at_its_number_of_steps(house: House):
    play = house.play([node("work", "transform", output="= 1"), MORE, end()], AGAIN, limits={"max_steps": 6})
    play.failed("limit_steps")
    exact = house.play([node("work", "transform", output="= 1"), end()], limits={"max_steps": 3})
    exact.ended()


def test_items_of_a_map_are_steps_too(house: House):
    nodes = [node("each", "map", items="[1, 2, 3]", agent=house.agent(), text="{{ item }}"), end()]
    house.play(nodes, limits={"max_steps": 5}).failed("limit_steps")
    house.play(nodes, limits={"max_steps": 6}).ended()


# --- tools ---------------------------------------------------------------------------------------------------------


def test_a_tool_that_is_not_on_the_agents_list_is_never_called(house: House):
    """T3: denied, told to the model, and nothing goes out."""
    mine, other = house.tool("read"), house.tool("read")
    agent = house.agent(
        {
            "when": {"turn": 1},
            "calls": [{"tool": other, "arguments": {"n": 1}}, {"tool": mine, "arguments": {"n": 2}}],
        },
        {"when": {"turn": 2, "contains": "tool_not_allowed"}, "say": "I may not."},
        tools=[mine],
    )
    play = house.play([agent_node("work", agent), SAID])
    assert play.output == "I may not."
    denied = [data for data in play.lines("policy.decided") if data["effect"] == "deny"]
    assert [(d["action"], d["policies"]) for d in denied] == [("tool.call", ["built-in/tool-list"])]
    assert house.peer.bodies(f"/{other}") == [] and house.peer.bodies(f"/{mine}") == [{"n": 2}]


def test_wrong_arguments_are_told_to_the_model_and_do_not_go_out(house: House):
    tool = house.tool("read")
    agent = house.agent(
        {"when": {"turn": 1}, "calls": [{"tool": tool, "arguments": {"n": "one"}}]},
        {"when": {"turn": 2, "contains": "$.n"}, "calls": [{"tool": tool, "arguments": {"n": 1}}]},
        {"when": {"turn": 3, "contains": "receipt"}, "say": "Done."},
        tools=[tool],
    )
    assert house.play([agent_node("work", agent), SAID]).output == "Done."
    assert house.peer.bodies(f"/{tool}") == [{"n": 1}]


def test_after_the_last_allowed_tool_call_comes_one_turn_without_tools(house: House):
    tool = house.tool("read")
    agent = house.agent(
        {"when": {"turn": 3}, "say": "Enough."},
        {"calls": [{"tool": tool, "arguments": {"n": 1}}]},
        tools=[tool],
        limits={"max_tool_calls": 2},
    )
    play = house.play([agent_node("work", agent), SAID])
    assert play.output == "Enough."
    assert (len(play.lines("tool.called")), len(play.lines("model.called"))) == (2, 3)


def test_arguments_that_do_not_fit_stop_a_tool_node(house: House):
    """P22: at run time an invalid output stops where it would be handed over."""
    tool = house.tool("read")
    play = house.play(
        [node("call", "tool", tool=tool, arguments={"n": "= input.n"}), end()], input={"n": 1.5}
    )
    run = play.failed("invalid_input", "call")
    assert "$.n" in run["error"]["message"]
    assert house.peer.bodies(f"/{tool}") == []


# --- cache -----------------------------------------------------------------------------------------------------------


def test_the_same_question_within_its_time_is_answered_from_the_cache(house: House):
    """T8: free, marked, by agent version; after its time a call again."""
    agent = house.agent({**TALK, "after_s": 0.5})
    flow = house.flow([agent_node("work", agent, "{{ input.q }}", cache_ttl_s=3), SAID])

    def called(q: str) -> tuple:
        play = house.launch(flow, {"q": q})
        assert play.output == "Hm."
        (data,) = play.lines("model.called")
        return data["cached"], data["cost_usd"], play

    assert called("a")[:2] == (False, 0.002)
    hit = called("a")
    assert hit[:2] == (True, 0)
    assert seconds_of(hit[2].step("work")) < 0.4
    assert called("b")[:2] == (False, 0.002)
    house.publish(stage.agent(agent, f"{agent}-model/any", purpose="Another version."))
    assert called("a")[:2] == (False, 0.002)
    stage.until(lambda: not called("a")[0], 10, "the answer is too old", every_s=0.5)


def test_a_tool_that_reads_is_answered_from_the_cache_and_one_that_writes_never(house: House):
    for risk, calls in (("read", 1), ("write", 2)):
        tool = house.tool(risk, cache_ttl_s=60)
        flow = house.flow([node("call", "tool", tool=tool, arguments={"n": 1}), end()])
        plays = [house.launch(flow)]
        plays[0].ended()  # two at once would both ask: an answer is there once one has come
        plays.append(house.launch(flow))
        assert plays[0].output == plays[1].output
        assert len(house.peer.bodies(f"/{tool}")) == calls
        assert plays[1].lines("tool.called")[0]["cached"] is (risk == "read")


# --- cancel, fork, input ---------------------------------------------------------------------------------------------


def test_a_run_is_cancelled_within_a_second_in_the_middle_of_a_call(house: House):
    play = house.play([agent_node("work", house.agent({"say": "Late.", "after_s": 20})), SAID])
    stage.until(lambda: play.lines("policy.decided", "work")[1:], 10, "the model is called")
    assert house.ada.post(f"runs/{play.id}/cancellation/").status_code == 202
    run = play.ended("cancelled", within_s=2)
    assert run["error"]["code"] == "cancelled" and "ada" in run["error"]["message"]
    assert play.statuses() == {"start": "succeeded", "work": "cancelled"}
    assert house.ada.post(f"runs/{play.id}/cancellation/").status_code == 409


def test_a_waiting_run_is_cancelled_and_its_question_withdrawn(house: House):
    play = house.play([node("ask", "question", assignee="role:reviewer", text="?"), end()])
    item = play.asks("question")
    house.ada.post(f"runs/{play.id}/cancellation/")
    play.ended("cancelled", within_s=5)
    assert house.ada.read(f"approvals/{item['id']}/")["status"] == "cancelled"


def test_a_fork_executes_what_lies_behind_its_node_and_copies_the_rest(house: House):
    agent = house.agent(TALK, instructions="One.")
    nodes = [agent_node("a", agent), agent_node("work", agent, "{{ input.q }}"), SAID]
    first = house.play(nodes, input={"q": "x"})
    first.ended()
    other = house.agent({"say": "New."})
    house.publish(stage.agent(agent, f"{other}-model/any", instructions="Two."))
    body = {"from_node": "work", "input": {"q": "y"}, "pins": {f"agents/{agent}": 2}}
    answer = house.ada.post(f"runs/{first.id}/forks/", json=body)
    assert answer.status_code == 201
    fork = type(first)(house, answer.json()["id"])
    assert fork.output == "New."
    assert [data["call"].split("/")[0] for data in fork.lines("model.called")] == ["work.1"]
    assert fork.step("a")["output"] == first.step("a")["output"]
    assert (fork.step("work")["agent"], fork.step("work")["version"]) == (agent, 2)
    assert first.step("work")["version"] == 1


@pytest.mark.parametrize(
    ("given", "pointer"),
    [({}, "/input"), ({"n": "x"}, "/input/n"), ([], "/input"), ({"n": 1, "m": 2}, "/input")],
)
def test_an_input_that_does_not_fit_is_refused_before_anything_runs(house: House, given, pointer: str):
    schema = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"type": "integer"}},
        "additionalProperties": False,
    }
    flow = house.flow([end()], input_schema=schema)
    answer = house.ada.post("projects/demo/runs/", json={"flow": flow, "input": given})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    assert list(house.ada.pages(f"projects/demo/runs/?flow={flow}")) == []


# --- many at once --------------------------------------------------------------------------------------------------


def test_a_burst_of_a_hundred_launches_loses_none(house: House):
    """E11, E17: a hundred runs of a one-second call take seconds, not a hundred of them."""
    agent = house.agent({"say": "Done.", "after_s": 1})
    flow = house.flow([agent_node("work", agent), SAID])
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda n: house.ada.launch(flow, input={"n": n})["id"], range(100)))
    assert len(set(ids)) == 100
    runs = [house.ada.finished(id, within_s=60) for id in ids]
    assert {run["status"] for run in runs} == {"succeeded"}
    assert max(seconds_of(run) for run in runs) < 30
    first, last = min(run["created_at"] for run in runs), max(run["finished_at"] for run in runs)
    assert seconds_of({"started_at": first, "finished_at": last}) < 50
    soundness.assert_sound(house.ada, runs[50])


def test_what_early_steps_say_is_heard_while_later_ones_work(house: House):
    """E12: deltas of step one before step two starts, the same for two who watch."""
    story = " ".join(f"word{n}" for n in range(40))
    nodes = [
        agent_node("work", house.agent({"say": story, "after_s": 0.7})),
        agent_node("later", house.agent({"say": "Done.", "after_s": 0.7})),
        SAID,
    ]
    play = house.play(nodes)
    address = f"ws://127.0.0.1:{house.server.port}/ws/runs/{play.id}/?after=0"
    token = {"Authorization": f"Bearer {house.ada.token}"}
    with connect(address, additional_headers=token) as one, connect(address, additional_headers=token) as two:
        seen = [[json.loads(frame) for frame in watcher] for watcher in (one, two)]
        assert one.close_code == two.close_code == 1000
    for frames in seen:
        events = [event for frame in frames for event in frame.get("events", ())]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert events == house.ada.events(play.id)
        started = next(
            at
            for at, frame in enumerate(frames)
            if any(e["type"] == "step.started" and e["node"] == "later" for e in frame.get("events", ()))
        )
        deltas = [(at, frame["delta"]) for at, frame in enumerate(frames) if "delta" in frame]
        early = [delta for at, delta in deltas if at < started and delta["node"] == "work"]
        assert "".join(delta["text"] for delta in early) == story
    play.ended()
