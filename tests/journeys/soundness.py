"""What holds for every finished run, read through the API: contract section 6, and cost as section 4.10 counts it."""

import re
from collections import Counter

from tests.api import Api

FIELDS = {"seq", "at", "type", "node", "iteration", "item", "attempt", "data"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\Z")
OF_THE_RUN = {"run.created", "run.started", "run.waiting", "run.resumed", "run.finished"}
OF_A_STEP = {
    "step.started", "step.finished", "step.retrying", "step.skipped", "step.waiting", "model.called", "tool.called",
    "agent.handoff", "choice.made", "policy.decided", "privacy.found", "budget.reserved", "budget.settled",
    "budget.exceeded", "approval.requested", "approval.decided", "note",
}  # fmt: skip
CALLS = ("model.called", "tool.called", "agent.handoff")
HAS = {
    "run.finished": {"status"},
    "step.retrying": {"after_s", "error"},
    "model.called": {"call", "model", "status", "tokens", "cost_usd", "cached", "error"},
    "tool.called": {"call", "tool", "status", "cost_usd", "error"},
    "choice.made": {"kind", "candidates", "chosen", "method", "reason"},
    "policy.decided": {"call", "action", "effect", "policies", "reason"},
}
CODES = set(
    "step_failed denied tool_not_allowed budget_exceeded timeout provider_error invalid_input invalid_output "
    "expression_error address_refused loop_exhausted no_end_reached quorum_not_reached breaker_open delegation_cycle "
    "rejected limit_time limit_steps limit_hops cancelled".split()
)


def assert_sound(api: Api, run: dict) -> None:
    """Everything below, for the run and for the runs below it."""
    events, steps = api.events(run["id"]), api.steps(run["id"])
    children = [
        api.run(event["data"]["run"])
        for event in events
        if event["type"] == "note" and event["data"].get("kind") == "child"
    ]
    assert_shapes(events)
    assert_order(run, events)
    assert_each_call_was_decided(events)
    assert_steps_match(events, steps)
    assert_costs(run, events, steps, children)
    for child in children:
        assert child["trace_id"] == run["trace_id"]
        assert child["parent"]["run"] == run["id"]
        assert_sound(api, child)


def assert_shapes(events: list[dict]) -> None:
    for event in events:
        assert set(event) == FIELDS, event
        assert MOMENT.match(event["at"]), event
        assert event["type"] in OF_THE_RUN | OF_A_STEP, event
        assert HAS.get(event["type"], set()) <= set(event["data"]), event
        if event["type"] in OF_THE_RUN:
            assert event["node"] is event["iteration"] is event["item"] is event["attempt"] is None, event
        elif event["type"].startswith("step."):
            assert event["node"] and event["iteration"] >= 1, event
        if event["type"] == "step.finished":
            assert event["data"]["status"] in ("succeeded", "failed", "cancelled"), event
        if event["type"] == "model.called":
            assert event["data"]["status"] in ("ok", "error", "refused_by_peer"), event


def assert_order(run: dict, events: list[dict]) -> None:
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    if run["forked_from"] is None:  # what a fork copied keeps its own time
        assert [event["at"] for event in events] == sorted(event["at"] for event in events)
    types = [event["type"] for event in events]
    assert types[0] == "run.created" and types[-1] == "run.finished"
    assert types.count("run.started") == (1 if "step.started" in types or "run.started" in types else 0)
    assert types.count("run.finished") == 1 and events[-1]["data"]["status"] == run["status"]
    if run["status"] == "succeeded":
        assert run["error"] is None
    else:
        assert run["error"]["code"] in CODES and run["error"]["message"], run["error"]
    assert run["waiting"] == []


def assert_each_call_was_decided(events: list[dict]) -> None:
    decided: dict[tuple, dict] = {}
    answered: set[tuple] = set()
    for event in events:
        key = (*place(event), event["data"].get("call"))
        if event["type"] == "policy.decided":
            assert key not in decided, f"Decided twice: {event}"
            decided[key] = event["data"]
        elif event["type"] == "approval.decided":
            if event["data"]["decision"] == "approve":
                answered.add(key)
        elif event["type"] in CALLS:
            assert key in decided, f"Nobody decided {event}"
            effect = decided[key]["effect"]
            assert effect == "allow" or (effect == "approve" and key in answered), f"{effect}: {event}"
    nowhere = (None, None, None)
    assert decided[(*nowhere, "launch")]["action"] == "flow.launch"
    if events[-1]["data"]["status"] == "succeeded":
        assert decided[(*nowhere, "release")]["action"] == "output.release"


def assert_steps_match(events: list[dict], steps: list[dict]) -> None:
    """The rows of steps/ say what the events say, and no step starts or ends twice."""
    by_type = {
        kind: Counter(place(e) for e in events if e["type"] == kind)
        for kind in ("step.started", "step.finished", "step.skipped")
    }
    for counted in by_type.values():
        assert all(times == 1 for times in counted.values()), counted
    assert not set(by_type["step.skipped"]) & set(by_type["step.started"])
    ends = {place(e): e["data"] for e in events if e["type"] == "step.finished"}
    assert set(by_type["step.started"]) <= set(ends), "A step that started never ended"
    rows = {place(step): step for step in steps}
    assert len(rows) == len(steps)
    assert set(rows) == set(ends) | set(by_type["step.skipped"]), "steps/ and the events differ"
    retries = Counter(place(e) for e in events if e["type"] == "step.retrying")
    for key, end in ends.items():
        row = rows[key]
        assert (row["status"], row["port"]) == (end["status"], end.get("port")), (row, end)
        assert row["output"] == end.get("output"), (row, end)
        if key in by_type["step.started"]:
            assert row["attempts"] == 1 + retries[key], row
    for key in by_type["step.skipped"]:
        assert rows[key]["status"] == "skipped"


def assert_costs(run: dict, events: list[dict], steps: list[dict], children: list[dict]) -> None:
    called = [event["data"] for event in events if event["type"] in ("model.called", "tool.called")]
    for data in called:
        assert not data.get("cached") or data["cost_usd"] == 0, data
    if any(step["status"] == "cancelled" or (step["error"] or {}).get("code") == "timeout" for step in steps):
        return assert_late_costs(run, called)
    below = nano(*(child["cost_usd"] for child in children))
    assert nano(run["cost_usd"]) == nano(*(data["cost_usd"] for data in called)) + below, "the run's cost"
    assert nano(*(step["cost_usd"] for step in steps)) == nano(run["cost_usd"]), "the steps' costs"
    for name in ("input", "output"):
        own = sum(data["tokens"][name] for data in called if "tokens" in data)
        assert run["tokens"][name] == own + sum(child["tokens"][name] for child in children)


def assert_late_costs(run: dict, called: list[dict]) -> None:
    """What runs below spent until they were stopped too is added at the end: there is no line for it."""
    assert nano(run["cost_usd"]) >= nano(*(data["cost_usd"] for data in called)), "the run's cost"


def nano(*dollars: float) -> int:
    return sum(round(each * 1e9) for each in dollars)


def place(event: dict) -> tuple:
    return event["node"], event["iteration"], event["item"]
