"""When things fail: retries, time-outs, repairs, fallbacks, people, breakers (C4, E1–E6, E10, E14; contract 4.6)."""

import time

import pytest

from tests.journeys import stage
from tests.journeys.playhouse import House, agent_node, end, node, seconds_of
from tests.serving import BatonServer

QUICK = {"max_attempts": 3, "backoff_s": 0.1, "factor": 2, "jitter": False}
SAID = end(output="{{ steps.work.output.text }}")
SCORE = {"type": "object", "required": ["score"], "properties": {"score": {"type": "number", "maximum": 10}}}


def statuses(play) -> list[tuple]:
    return [
        (data["status"], (data["error"] or {}).get("code")) for data in play.lines("model.called", "work")
    ]


def test_a_call_that_fails_twice_is_attempted_three_times_with_its_waits_on_record(house: House):
    """E2."""
    agent = house.agent({"say": "Well.", "fail": {"status": 503, "attempts": 2}})
    play = house.play([agent_node("work", agent, retry=QUICK), SAID])
    assert play.output == "Well."
    assert statuses(play) == [("error", "provider_error")] * 2 + [("ok", None)]
    retries = play.lines("step.retrying")
    assert [data["after_s"] for data in retries] == [0.1, 0.2]
    assert all("503" in data["error"]["message"] for data in retries)
    assert play.step("work")["attempts"] == 3
    assert seconds_of(play.step("work")) >= 0.3
    assert [event["attempt"] for event in play.events("model.called")] == [1, 2, 3]


def test_jitter_makes_a_wait_longer_by_up_to_a_quarter(house: House):
    agent = house.agent({"say": "Well.", "fail": {"status": 503, "attempts": 1}})
    play = house.play([agent_node("work", agent, retry={**QUICK, "jitter": True}), SAID])
    play.ended()
    (retry,) = play.lines("step.retrying")
    assert 0.1 <= retry["after_s"] <= 0.125


@pytest.mark.parametrize(
    ("risk", "more", "keys"),
    [("read", {}, 3), ("write", {}, 3), ("write", {"idempotent": True}, 1)],
    ids=["read", "write", "idempotent"],
)
def test_a_tool_that_fails_twice_is_called_three_times(house: House, risk: str, more: dict, keys: int):
    """E2; a peer that knows keys sees the same one again."""
    tool = house.tool(risk, **more)
    house.peer.statuses[f"/{tool}"] = [503, 500]
    call = node("call", "tool", {"retry": QUICK}, tool=tool, arguments={"n": 1})
    play = house.play([call, end(output="= steps.call.output.body.receipt")])
    assert play.output == f"{tool}-1"
    assert [data["status"] for data in play.lines("tool.called")] == ["error", "error", "ok"]
    assert [data["after_s"] for data in play.lines("step.retrying")] == [0.1, 0.2]
    assert play.step("call")["attempts"] == 3
    assert len({key for key, _ in house.peer.done[f"/{tool}"]}) == keys


def test_an_irreversible_call_that_failed_is_not_repeated_by_itself(house: House):
    tool = house.tool("irreversible")
    house.peer.statuses[f"/{tool}"] = [500]
    call = node("call", "tool", {"retry": QUICK}, tool=tool, arguments={"n": 1})
    play = house.play([call, end()]).decided("approve")
    play.failed("step_failed", "call")
    assert len(house.peer.bodies(f"/{tool}")) == 1


def test_a_wait_is_never_shorter_than_the_peer_asks(house: House):
    agent = house.agent({"say": "Well.", "fail": {"status": 429, "attempts": 1, "retry_after_s": 1}})
    play = house.play([agent_node("work", agent, retry=QUICK), SAID])
    assert play.output == "Well."
    assert [data["after_s"] for data in play.lines("step.retrying")] == [1]
    assert seconds_of(play.step("work")) >= 1


@pytest.mark.parametrize("how", ["cancelled", "out of time"])
def test_a_run_that_waits_for_its_next_attempt_can_be_stopped(house: House, how: str):
    agent = house.agent({"fail": {"status": 503}})
    limits = {"limits": {"timeout_s": 1}} if how == "out of time" else {}
    retry = {"max_attempts": 2, "backoff_s": 60, "max_backoff_s": 60}
    play = house.play([agent_node("work", agent, retry=retry), SAID], **limits)
    stage.until(lambda: play.lines("step.retrying"), 10, "the first attempt failed")
    if how == "cancelled":
        assert house.ada.post(f"runs/{play.id}/cancellation/").status_code == 202
        play.ended("cancelled", within_s=3)
    else:
        play.failed("limit_time")
    assert play.step("work")["status"] == "cancelled"


def test_a_refusal_is_not_tried_again(house: House):
    agent = house.agent({"fail": {"status": 401}})
    play = house.play([agent_node("work", agent, retry=QUICK), SAID])
    run = play.failed("provider_error", "work")
    assert "401" in run["error"]["message"]
    assert [status for status, _ in statuses(play)] == ["refused_by_peer"]


def test_without_a_retry_a_step_is_attempted_once(house: House):
    play = house.play([agent_node("work", house.agent({"fail": {"status": 503}})), SAID])
    play.failed("provider_error", "work")
    assert len(statuses(play)) == 1


def test_a_step_past_its_limit_is_a_time_out_and_counts_as_an_attempt(house: House):
    """E3."""
    agent = house.agent({"say": "Late.", "after_s": 10})
    retry = {**QUICK, "max_attempts": 2}
    play = house.play([agent_node("work", agent, timeout_s=0.4, retry=retry), SAID])
    run = play.failed("timeout", "work")
    assert "0.4" in run["error"]["message"]
    assert seconds_of(run) < 5
    assert [data["error"]["code"] for data in play.lines("step.retrying")] == ["timeout"]
    assert play.step("work")["attempts"] == 2
    assert statuses(play) == [("error", "timeout")] * 2


def test_a_tool_past_its_limit_is_a_time_out(house: House):
    tool = house.tool("read")
    house.peer.hold(f"/{tool}")
    try:
        call = node("call", "tool", {"timeout_s": 0.4}, tool=tool, arguments={"n": 1})
        play = house.play([call, end()])
        play.failed("timeout", "call")
    finally:
        house.peer.release(f"/{tool}")


def test_an_answer_that_does_not_fit_is_repaired_once_and_told_why(house: House):
    """C4, E4: the failure text goes back to the agent."""
    agent = house.agent(
        {"when": {"turn": 1}, "json": {"score": 11}},
        {"when": {"turn": 2, "contains": "$.score"}, "json": {"score": 7}},
        output_schema=SCORE,
    )
    play = house.play([agent_node("work", agent), end(output="= steps.work.output.score")])
    assert play.output == 7
    assert play.step("work")["attempts"] == 1
    assert len(statuses(play)) == 2


def test_an_answer_that_never_fits_fails_with_the_path_in_the_schema(house: House):
    agent = house.agent({"json": {"score": "high"}}, output_schema=SCORE)
    play = house.play([agent_node("work", agent), end()])
    run = play.failed("invalid_output", "work")
    assert "$.score" in run["error"]["message"]
    assert len(statuses(play)) == 2


def test_a_retry_of_an_invalid_answer_goes_on_with_the_conversation(house: House):
    """E4: marked attempt 2, and what was answered before is not asked again."""
    agent = house.agent(
        {"when": {"turn": 3, "contains": "does not fit the schema"}, "json": {"score": 3}},
        {"say": "no JSON at all"},
        output_schema=SCORE,
    )
    play = house.play([agent_node("work", agent, retry=QUICK), end(output="= steps.work.output.score")])
    assert play.output == 3
    assert [data["error"]["code"] for data in play.lines("step.retrying")] == ["invalid_output"]
    assert len(statuses(play)) == 3


def test_the_schema_of_the_node_goes_before_that_of_the_agent(house: House):
    agent = house.agent({"json": {"score": 99, "label": "x"}}, output_schema=SCORE)
    wanted = {"type": "object", "required": ["label"]}
    nodes = [
        node("work", "agent", agent=agent, text="?", output_schema=wanted),
        end(output="= steps.work.output.label"),
    ]
    assert house.play(nodes).output == "x"


def fallback_model(house: House) -> tuple[str, str]:
    spare = f"{house.slug('spare')}"
    house.publish(stage.scripted({"say": "From the spare."}, slug=spare))
    return spare, house.agent({"fail": {"status": 500}}, fallback_models=[f"{spare}/any"])


def test_a_fallback_model_steps_in_after_the_attempts(house: House):
    """E14: an outage of the provider."""
    spare, agent = fallback_model(house)
    play = house.play([agent_node("work", agent, retry={**QUICK, "max_attempts": 2}), SAID])
    assert play.output == "From the spare."
    assert [data["model"] for data in play.lines("model.called")] == [f"{agent}-model/any"] * 2 + [
        f"{spare}/any"
    ]
    (choice,) = play.lines("choice.made")
    assert (choice["kind"], choice["chosen"]) == ("fallback", [f"{spare}/any"])
    assert play.step("work")["agent"] == agent


def test_a_fallback_agent_steps_in_and_is_named(house: House):
    """E5."""
    agent, second = house.agent({"fail": {"status": 500}}), house.agent({"say": "I can help."})
    play = house.play([agent_node("work", agent, fallback=[second]), SAID])
    assert play.output == "I can help."
    (choice,) = play.lines("choice.made")
    assert (choice["kind"], choice["chosen"]) == ("fallback", [second])
    assert [candidate["name"] for candidate in choice["candidates"]] == [agent, second]
    assert "500" in choice["candidates"][0]["excluded_because"]
    assert play.step("work")["agent"] == second


def test_models_come_before_agents_and_each_is_tried_once(house: House):
    third = house.slug("third")
    house.publish(stage.scripted({"fail": {"status": 500}}, slug=third))
    agent = house.agent({"fail": {"status": 500}}, fallback_models=[f"{third}/any"])
    fallbacks = [house.agent({"fail": {"status": 500}}), house.agent({"say": "The last."})]
    nodes = [agent_node("work", agent, retry={**QUICK, "max_attempts": 2}, fallback=fallbacks), SAID]
    play = house.play(nodes)
    assert play.output == "The last."
    models = [f"{agent}-model/any"] * 2 + [f"{third}/any"] + [f"{slug}-model/any" for slug in fallbacks]
    assert [data["model"] for data in play.lines("model.called")] == models
    assert play.step("work")["attempts"] == 5


def test_a_failure_may_go_on_by_the_error_port_after_all_was_tried(house: House):
    agent, second = (house.agent({"fail": {"status": 500}}) for _ in range(2))
    nodes = [
        agent_node("work", agent, on_error="port", retry={**QUICK, "max_attempts": 2}, fallback=[second]),
        SAID,
        end("sorry", "{{ error.code }}: {{ steps.work.port }}"),
    ]
    play = house.play(nodes, "start > work; work > done; work.error > sorry")
    assert play.output == "provider_error: error"
    assert len(statuses(play)) == 3


def test_a_peer_that_keeps_failing_is_refused_at_once(house: House):
    """E10: five failures open the breaker; the next call is refused without waiting, and says why."""
    agent = house.agent({"fail": {"status": 500}})
    flow = house.flow([agent_node("work", agent), SAID])
    for _ in range(5):
        house.launch(flow).failed("provider_error", "work")
    play = house.launch(flow)
    run = play.failed("breaker_open", "work")
    assert "left alone" in run["error"]["message"]
    assert seconds_of(play.step("work")) < 0.5
    assert [data["effect"] for data in play.lines("policy.decided", "work")] == ["allow", "allow"]


def test_an_open_breaker_is_told_of_and_closed_by_one_call_that_does_well(start):
    """E10, in a Baton whose breakers cool down in three seconds: alert, refusal without contact, half-open, closed."""
    with stage.ToolServer() as peer:
        env = {"BATON_HTTP_ALLOW": peer.endpoint, "BATON_BREAKER_COOL_DOWN_S": "3"}
        house = House(start(BatonServer, env=env), peer)
        tool = house.tool()
        peer.statuses[f"/{tool}"] = [503] * 5
        flow = house.flow([node("call", "tool", tool=tool, arguments={"n": 1}), end()])
        runs = [house.launch(flow) for _ in range(5)]
        for play in runs:
            play.ended("failed")
        refused = house.launch(flow)
        assert "left alone" in refused.failed("breaker_open", "call")["error"]["message"]
        assert seconds_of(refused.step("call")) < 0.5
        assert len(peer.done[f"/{tool}"]) == 5

        def breaker() -> dict:
            return next(house.ada.pages("projects/demo/breakers/"), {})

        stage.until(lambda: refused.id in breaker().get("runs", ()), 3, "the row names who was refused")
        row = breaker()
        assert (row["kind"], row["slug"], row["failures"], row["state"]) == ("tool", tool, 5, "open")
        assert row["error"] == {"code": "step_failed", "message": "It answered 503."}
        assert set(row["runs"]) <= {play.id for play in [*runs, refused]}
        stage.until(lambda: breaker()["state"] == "half_open", 5, "the next call is the probe")
        house.launch(flow).ended()
        stage.until(lambda: breaker()["closing"] == "probe", 2, "the probe did well")
        assert len(peer.done[f"/{tool}"]) == 6
        told = [entry["action"] for entry in house.ada.pages("projects/demo/audit/?action=breaker")]
        assert told == ["breaker.closed", "breaker.opened"]


def test_an_open_breaker_goes_straight_to_the_fallback(house: House):
    spare, agent = fallback_model(house)
    failing = house.flow(
        [agent_node("work", agent, retry={**QUICK, "max_attempts": 5, "backoff_s": 0}), SAID]
    )
    opening = house.launch(failing)
    assert opening.output == "From the spare."
    opened = [data["peer"] for data in opening.lines("note") if data["kind"] == "breaker_opened"]
    assert sorted(peer.split()[0] for peer in opened) == ["agent", "provider"]
    began = time.monotonic()
    slow = {**QUICK, "max_attempts": 5, "backoff_s": 30, "max_backoff_s": 30}
    play = house.play([agent_node("work", agent, retry=slow), SAID])
    assert play.output == "From the spare."
    assert time.monotonic() - began < 10
    assert [data["error"]["code"] for data in play.lines("step.retrying")] == ["breaker_open"]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "http://169.254.169.254", "http://[::1]:9", "http://10.0.0.1"]
)
def test_a_private_address_is_refused_before_a_byte_is_sent(house: House, url: str):
    tool = house.slug("tool")
    house.publish(stage.tool(tool, url, "read"))
    play = house.play([node("call", "tool", {"retry": QUICK}, tool=tool, arguments={"n": 1}), end()])
    play.failed("address_refused", "call")
    assert play.step("call")["attempts"] == 1


def test_everything_of_a_run_has_one_trace(house: House):
    """E1."""
    agent = house.agent({"say": "Well."})
    run = house.play([agent_node("work", agent), SAID]).ended()
    assert len(run["trace_id"]) == 32 and int(run["trace_id"], 16)
    created = house.ada.events(run["id"])[0]["data"]
    assert created["trace_id"] == run["trace_id"]
