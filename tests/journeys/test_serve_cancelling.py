"""One running Baton: cancelling in every state, deciding twice at the same moment, children stop with their run."""

import statistics
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from tests.api import Api
from tests.journeys import stage
from tests.prepared import Prepared
from tests.serving import BatonServer

CALL = {"arguments": {"n": "= 1"}}
SLOW = stage.chain("slow", {"id": "think", "type": "agent", "config": {"agent": "slow", "text": "Well?"}})
STATES = {
    # What the run waits for or does when it is cancelled; the statuses of its last step and of its item afterwards.
    "model": ({"id": "work", "type": "agent", "config": {"agent": "slow", "text": "Well?"}}, "running"),
    "read": ({"id": "work", "type": "tool", "config": CALL | {"tool": "look"}}, "running"),
    "write": ({"id": "work", "type": "tool", "config": CALL | {"tool": "post"}}, "running"),
    "permission": ({"id": "work", "type": "tool", "config": CALL | {"tool": "charge"}}, "waiting"),
    "question": (
        {
            "id": "work",
            "type": "question",
            "config": {"assignee": "role:reviewer", "text": "Well?", "schema": {}},
        },
        "waiting",
    ),
    "timer": ({"id": "work", "type": "wait", "config": {"seconds": 3600}}, "waiting"),
    "retry": (
        {
            "id": "work",
            "type": "agent",
            "config": {"agent": "broken", "text": "Well?"},
            "retry": {"max_attempts": 5, "backoff_s": 60},
        },
        "running",
    ),
    "escalation": (
        {
            "id": "work",
            "type": "agent",
            "config": {"agent": "broken", "text": "Well?"},
            "escalate": {"to": "role:reviewer"},
        },
        "waiting",
    ),
    "child": ({"id": "work", "type": "subflow", "config": {"flow": "slow", "input": {}}}, "running"),
    "waiting child": (
        {"id": "work", "type": "subflow", "config": {"flow": "state-question", "input": {}}},
        "waiting",
    ),
    "map": (
        {
            "id": "work",
            "type": "map",
            "config": {"items": "[1, 2, 3]", "agent": "slow", "text": "{{ item }}"},
        },
        "running",
    ),
}


class Served:
    """One server for this file, its people and the peer of its tools, which holds every call."""

    def __init__(self, server: BatonServer, peer: stage.ToolServer):
        self.server, self.peer = server, peer
        self.ada, self.rita = server.api("ada"), server.api("rita", "demo", "reviewer")
        stage.publish(
            self.ada,
            stage.scripted({"when": {"agent": "slow"}, "say": "Late.", "after_s": 60}),
            stage.scripted({"fail": {"status": 503}}, slug="faulty"),
            stage.agent("slow", "script/any"),
            stage.agent("broken", "faulty/any"),
            stage.tool("look", peer.url, "read"),
            stage.tool("post", peer.url, "write"),
            stage.tool("charge", peer.url, "irreversible"),
            SLOW,
            *(stage.chain(slug(state), node) for state, (node, _) in STATES.items()),
        )
        for path in ("/look", "/post"):
            peer.hold(path)


def slug(state: str) -> str:
    return f"state-{state.replace(' ', '-')}"


@pytest.fixture(scope="module")
def served(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with stage.ToolServer() as peer:
        server = prepared.serve(tmp_path_factory.mktemp("cancelling"), {"BATON_HTTP_ALLOW": peer.endpoint})
        try:
            yield Served(server, peer)
        finally:
            server.sweep()


def under_way(api: Api, run_id: str, status: str) -> None:
    """The run does or waits for what its state is about."""
    api.run_when(run_id, lambda run: run["status"] == status)
    api_events = ("step.started", "step.retrying", "step.waiting", "note", "policy.decided")
    stage.until(lambda: api.events(run_id)[-1]["type"] in (*api_events, "run.waiting"), 10, "it is under way")


def cancelled(api: Api, run_id: str) -> tuple[dict, float]:
    """The cancelled run, and the seconds from the asking to its last line."""
    asked = time.time()
    answer = api.post(f"runs/{run_id}/cancellation/")
    assert answer.status_code == 202, answer.text
    run = api.finished(run_id, within_s=10)
    return run, datetime.fromisoformat(run["finished_at"]).timestamp() - asked


@pytest.mark.parametrize("state", STATES)
def test_a_run_can_be_cancelled_whatever_it_does(served, state, record_testsuite_property):
    api, took = served.ada, []
    for _ in range(3):
        run_id = api.launch(slug(state), input={})["id"]
        under_way(api, run_id, STATES[state][1])
        run, seconds = cancelled(api, run_id)
        took.append(round(seconds, 3))
        assert run["status"] == "cancelled" and run["waiting"] == []
        assert (run["error"]["code"], run["error"]["message"]) == ("cancelled", "ada cancelled the run.")
        events = api.events(run_id)
        stage.assert_sound(run, events)
        assert {step["node"]: step["status"] for step in api.steps(run_id) if step["item"] is None} == {
            "start": "succeeded",
            "work": "cancelled",
        }
        again = api.post(f"runs/{run_id}/cancellation/")
        assert again.status_code == 409
    record_testsuite_property(f"embedded: seconds to cancel ({state})", took)
    assert statistics.median(took) < 1
    stage.until(lambda: stage.pending(api) == [], 5, "nobody is asked any more")
    stage.until(lambda: unfinished(api) == [], 5, "nothing below it goes on")


def unfinished(api: Api) -> list[dict]:
    return api.read("projects/demo/runs/?status=queued,running,waiting")["results"]


def test_a_flow_cancelled_while_its_child_is_in_a_call_takes_the_child_along(served):
    api = served.ada
    run_id = api.launch(slug("child"), input={})["id"]
    stage.until(lambda: child_of(api, run_id) is not None, 10, "the child is there")
    child = child_of(api, run_id)
    api.run_when(child["id"], lambda run: run["status"] == "running")
    run, _ = cancelled(api, run_id)
    assert run["status"] == "cancelled"
    below = api.finished(child["id"], within_s=5)
    assert (below["status"], below["parent"]["run"]) == ("cancelled", run_id)
    stage.assert_sound(below, api.events(child["id"]))


def child_of(api: Api, run_id: str) -> dict | None:
    found = (
        run
        for run in api.pages("projects/demo/runs/?flow=slow")
        if (run["parent"] or {}).get("run") == run_id
    )
    return next(found, None)


def test_a_finished_run_cannot_be_cancelled(served):
    api = served.ada
    stage.publish(api, stage.chain("quick", {"id": "pass", "type": "transform", "config": {"output": 1}}))
    run_id = api.launch("quick", input={})["id"]
    assert api.finished(run_id)["status"] == "succeeded"
    assert api.post(f"runs/{run_id}/cancellation/").status_code == 409


def test_ten_cancellations_at_once_end_a_run_once(served):
    api = served.ada
    run_id = api.launch("slow", input={})["id"]
    under_way(api, run_id, "running")
    with ThreadPoolExecutor(10) as threads:
        codes = list(threads.map(lambda _: api.post(f"runs/{run_id}/cancellation/").status_code, range(10)))
    assert set(codes) <= {202, 409} and 202 in codes
    run = api.finished(run_id)
    stage.assert_sound(run, api.events(run_id))
    assert run["status"] == "cancelled"


@pytest.mark.parametrize(
    "decisions", [["approve"] * 10, ["approve", "reject"] * 5], ids=["same", "different"]
)
def test_an_item_decided_by_many_at_the_same_moment_is_decided_once(served, decisions):
    """The same person on ten connections: one decision counts, the others are told that they came late."""
    api = served.ada
    flow = {
        "kind": "flow",
        "slug": "approved",
        "name": "approved",
        "nodes": [
            {"id": "start", "type": "start"},
            {"id": "ask", "type": "approval", "config": {"reviewers": ["role:reviewer"], "title": "Well?"}},
            {"id": "yes", "type": "end", "config": {"output": "yes"}},
            {"id": "no", "type": "end", "config": {"output": "no"}},
        ],
        "edges": [
            {"from": "start", "to": "ask"},
            {"from": "ask", "port": "approved", "to": "yes"},
            {"from": "ask", "port": "rejected", "to": "no"},
        ],
    }
    stage.publish(api, flow)
    run_id = api.launch("approved", input={})["id"]
    (wait,) = api.waiting(run_id)["waiting"]
    item = api.read(f"approvals/{wait['id']}/")

    def say(decision: str) -> tuple[str, int]:
        body = {"decision": decision, "fingerprint": item["fingerprint"]}
        return decision, served.rita.post(f"approvals/{item['id']}/decision/", json=body).status_code

    with ThreadPoolExecutor(10) as threads:
        said = list(threads.map(say, decisions))
    assert Counter(code for _, code in said) == {201: 1, 409: 9}
    (counted,) = (decision for decision, code in said if code == 201)
    run = api.finished(run_id)
    assert run["output"] == ("yes" if counted == "approve" else "no")
    stage.assert_sound(run, api.events(run_id))
    assert [line["decision"] for line in api.read(f"approvals/{item['id']}/")["decisions"]] == [counted]


def test_a_decision_and_a_cancellation_at_the_same_moment_leave_one_end(served):
    api = served.ada
    for _ in range(5):
        run_id = api.launch(slug("question"), input={})["id"]
        (wait,) = api.waiting(run_id)["waiting"]
        item = api.read(f"approvals/{wait['id']}/")
        body = {"decision": "answer", "payload": {"said": 1}, "fingerprint": item["fingerprint"]}
        with ThreadPoolExecutor(2) as threads:
            answer = threads.submit(served.rita.post, f"approvals/{item['id']}/decision/", json=body)
            cancel = threads.submit(api.post, f"runs/{run_id}/cancellation/")
        run = api.finished(run_id)
        stage.assert_sound(run, api.events(run_id))
        assert run["status"] in ("succeeded", "cancelled")
        assert answer.result().status_code in (201, 409) and cancel.result().status_code in (202, 409)
        if cancel.result().status_code == 409:
            assert run["status"] == "succeeded"
        assert api.read(f"approvals/{item['id']}/")["status"] in ("answered", "cancelled")
