"""The demo on models that misbehave: a correct run or a clear failure, with every attempt on record."""

import copy
from itertools import count

import pytest

from flows import gallery
from governance.documents import yaml_text
from tests.journeys.cast import Demo, Models, fails_first
from tests.journeys.story import PIPELINE, SUPPORT
from tests.openai_server import OpenAIServer

FAULT = {"message": "The lamp is broken."}
FAULT_ANSWER = "We are sorry about the trouble."
TWICE = gallery.samples(SUPPORT)["delivery"]
DELIVERED = "its tracking number is TRK-550187"


PROVIDERS = (f"provider-{number}" for number in count(1))


@pytest.fixture
def hosted(hosted_demo: Demo, model_server: OpenAIServer) -> Demo:
    """All agents at a provider of this test's own: breakers remember what a provider did in other tests."""
    hosted_demo.put_on(model_server.url, next(PROVIDERS))
    return hosted_demo


@pytest.fixture
def impatient(hosted: Demo) -> Demo:
    """The support flow with specialists that wait for two seconds: nobody wants to wait for a hang."""
    text = gallery.texts()[f"{SUPPORT}/flow.yaml"]
    flow = copy.deepcopy(next(yaml_text.load_all(text)))
    for node in flow["nodes"]:
        if node["type"] == "agent":
            node["timeout_s"] = 2
            node["retry"] = {"max_attempts": 3, "backoff_s": 0.05}
    hosted.publish("flows", {**flow, "slug": "impatient"})
    return hosted


def called(demo: Demo, run: dict, node: str, kind: str = "model.called") -> list[dict]:
    """The data of the node's calls, in order."""
    events = demo.ada.events(run["id"])
    return [event["data"] for event in events if event["node"] == node and event["type"] == kind]


def statuses(demo: Demo, run: dict, node: str) -> list[str]:
    return [data["status"] for data in called(demo, run, node)]


def test_429_is_answered_after_the_time_it_asks_for(hosted: Demo, models: Models):
    models.fault = fails_first("support-router", {"status": 429, "retry_after": 2})
    run = hosted.played(SUPPORT, FAULT)
    assert FAULT_ANSWER in run["output"]["answer"]
    assert statuses(hosted, run, "classify") == ["refused_by_peer", "ok"]
    (waited,) = called(hosted, run, "classify", "step.retrying")
    assert waited["after_s"] >= 2
    assert "429" in waited["error"]["message"]


def test_500_twice_and_then_fine(hosted: Demo, models: Models):
    models.fault = fails_first("technical-specialist", {"status": 500}, {"status": 500})
    run = hosted.played(SUPPORT, FAULT)
    assert FAULT_ANSWER in run["output"]["answer"]
    tried = called(hosted, run, "technical")
    assert [(data["model"].partition("/")[2], data["status"]) for data in tried] == [
        ("small", "error"),
        ("small", "error"),
        ("small", "ok"),
    ]


@pytest.mark.parametrize("behave", ["cut", "soft_cut", "malformed"])
def test_a_broken_stream_is_asked_for_again(hosted: Demo, models: Models, behave: str):
    broken = {"say": '{"answer": "half of a sentence that goes on and on', "behave": behave}
    models.fault = fails_first("technical-specialist", broken)
    run = hosted.played(SUPPORT, FAULT)
    assert FAULT_ANSWER in run["output"]["answer"]
    assert statuses(hosted, run, "technical")[-1] == "ok"
    assert len(called(hosted, run, "technical")) == 2


def test_a_hang_is_given_up_and_tried_again(impatient: Demo, models: Models):
    models.fault = fails_first("technical-specialist", {"behave": "hang"})
    run = impatient.played("impatient", FAULT)
    assert FAULT_ANSWER in run["output"]["answer"]
    *hung, last = called(impatient, run, "technical")
    assert {(data["status"], data["error"]["code"]) for data in hung} == {("error", "timeout")}
    assert last["status"] == "ok"
    retried = called(impatient, run, "technical", "step.retrying")
    assert [data["error"]["code"] for data in retried] == ["timeout"] * len(hung)


def test_a_model_that_always_hangs_ends_at_a_person_with_every_attempt_on_record(
    impatient: Demo, models: Models
):
    models.fault = lambda agent, number, asked: (
        {"behave": "hang"} if agent == "technical-specialist" else None
    )
    answer = {"decision": "answer", "payload": {"answer": "We send you a new lamp."}}
    run = impatient.played("impatient", FAULT, answer)
    assert run["output"] == {"answer": "We send you a new lamp.", "route": "technical"}
    tried = called(impatient, run, "technical")
    assert {data["error"]["code"] for data in tried} == {"timeout"}
    assert [data["model"].partition("/")[2] for data in tried] == ["small"] * 3 + ["large"]


def test_an_answer_that_is_not_json_is_repaired_once(hosted: Demo, models: Models):
    models.fault = fails_first("technical-specialist", {"say": '{"answer": '})
    run = hosted.played(SUPPORT, FAULT)
    assert FAULT_ANSWER in run["output"]["answer"]
    assert "does not fit the schema" in models.calls["technical-specialist"][1]["messages"][-1]["content"]


def test_a_model_that_never_learns_json_fails_the_run_and_says_so(hosted: Demo, models: Models):
    models.fault = lambda agent, number, asked: {"say": "Sure!"} if agent == "researcher" else None
    run = hosted.played(PIPELINE, {"topic": "A topic for which nobody knows JSON"})
    assert run["status"] == "failed"
    assert (run["error"]["code"], run["error"]["node"]) == ("invalid_output", "research")
    assert "not JSON" in run["error"]["message"]
    assert len(called(hosted, run, "research")) == len(models.calls["researcher"]) >= 4


@pytest.mark.parametrize("arguments", [{"order": 1043}, {"number": "1043"}, '{"order": "10', "[1043]"])
def test_wrong_arguments_are_told_to_the_model_and_not_sent(hosted: Demo, models: Models, arguments):
    wrong = {"calls": [{"tool": "lookup-order", "arguments": arguments}]}
    right = {"calls": [{"tool": "lookup-order", "arguments": {"order": "1043"}}]}
    done = {"json": {"answer": DELIVERED}}
    models.fault = fails_first("technical-specialist", wrong, right, done)
    run = hosted.played(SUPPORT, TWICE)
    assert run["output"]["answer"] == DELIVERED
    told = models.calls["technical-specialist"][1]["messages"][-1]["content"]
    assert '"code":"invalid_input"' in told
    sent = [d for d in called(hosted, run, "technical", "tool.called") if d["status"] == "ok"]
    assert [data["arguments"] for data in sent] == [{"order": "1043"}]


def test_a_tool_that_is_not_the_agents_is_denied_and_the_model_told(hosted: Demo, models: Models):
    stolen = {
        "calls": [
            {"tool": "create-refund", "arguments": {"charge": "ch_9003", "amount_usd": 1, "reason": "?"}}
        ]
    }
    unknown = {"calls": [{"tool": "delete_everything", "arguments": {}}]}
    models.fault = fails_first("technical-specialist", stolen, unknown)
    run = hosted.played(SUPPORT, FAULT)
    assert run["status"] == "succeeded"
    assert called(hosted, run, "technical", "tool.called") == []
    decided = called(hosted, run, "technical", "policy.decided")
    assert [data["effect"] for data in decided if data["action"] == "tool.call"] == ["deny", "deny"]
    assert "tool_not_allowed" in models.calls["technical-specialist"][1]["messages"][-1]["content"]


def test_a_million_characters_are_an_answer_like_any_other(hosted: Demo, models: Models):
    text = " ".join(map(str, range(150_000)))[:1_000_000]
    models.fault = fails_first("technical-specialist", {"json": {"answer": text}, "chunk": 4_096})
    run = hosted.played(SUPPORT, FAULT)
    assert run["status"] == "succeeded"
    assert run["output"] == {"answer": text, "route": "technical"}


def test_an_answer_that_repeats_itself_is_given_up_and_asked_for_again(hosted: Demo, models: Models):
    models.fault = fails_first("technical-specialist", {"say": "a" * 1_000_000, "chunk": 4_096})
    run = hosted.played(SUPPORT, FAULT)
    assert FAULT_ANSWER in run["output"]["answer"]
    first, second = called(hosted, run, "technical")
    assert (first["status"], first["error"]["code"], second["status"]) == ("error", "provider_error", "ok")
    assert "repeating the same" in first["error"]["message"]
    assert first["cost_usd"] > second["cost_usd"]


def test_an_answer_without_an_end_is_cut_off_and_the_other_model_answers(hosted: Demo, models: Models):
    endless = " ".join(map(str, range(700_000)))  # 4.7 million characters
    models.fault = fails_first("technical-specialist", {"say": endless, "chunk": 4_096})
    run = hosted.played(SUPPORT, FAULT)
    assert run["output"]["answer"].startswith("We are sorry about the trouble.")
    first, second = called(hosted, run, "technical")
    assert (first["status"], first["error"]["code"]) == ("error", "invalid_output")
    assert (second["status"], second["model"].rpartition("/")[2]) == ("ok", "large")
    assert first["cost_usd"] > 0
