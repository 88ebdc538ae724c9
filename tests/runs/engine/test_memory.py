"""What a journal says of each step, read back."""

from governance import clock
from runs.engine.memory import Memory

AT = 1_800_000_000_000_000


def folded(*lines: tuple) -> Memory:
    """Lines as (type, data, seconds after the first), of the step a.1."""
    memory = Memory(1)
    for seq, (type, data, after) in enumerate(lines, start=1):
        node = None if type.startswith("run.") else "a"
        memory.apply(seq, AT + round(after * 1e6), type, node, node and 1, None, None, data)
    return memory


def test_retries_move_on_the_attempt_the_candidate_and_the_moment():
    error = {"code": "timeout", "message": "late"}
    step = folded(
        ("step.started", {}, 0),
        ("step.retrying", {"after_s": 2, "error": error, "tries": 2, "candidate": 0}, 1),
        ("step.retrying", {"after_s": 0, "error": error, "tries": 1, "candidate": 1}, 4),
    ).steps["a", 1, None]
    assert (step.attempt, step.tries, step.candidate, step.row.attempts) == (3, 1, 1, 3)
    assert step.not_before == AT + 4_000_000
    assert step.failures == [error, error]


def test_a_call_that_was_sent_and_not_answered_is_known_as_such():
    sent = ("note", {"kind": "sent", "call": "a.1/a2"}, 0)
    decided = ("policy.decided", {"call": "a.1/a2", "effect": "allow"}, 0)
    call = folded(decided, sent).steps["a", 1, None].call("a.1/a2")
    assert call.recorded().sent
    answered = ("tool.called", {"call": "a.1/a2", "status": "ok", "output": 1}, 0)
    call = folded(decided, sent, answered).steps["a", 1, None].call("a.1/a2")
    assert not call.recorded().sent
    assert call.ok


def test_tries_of_one_place_stand_side_by_side():
    step = folded(
        ("model.called", {"call": "a.1/a2", "status": "error"}, 0),
        (
            "model.called",
            {"call": "a.1/a2~2", "status": "ok", "cost_usd": 0.001, "tokens": {"input": 3, "output": 4}},
            0,
        ),
    ).steps["a", 1, None]
    assert [(call.name, call.ok) for call in step.calls["a.1/a2"]] == [("a.1/a2", False), ("a.1/a2~2", True)]
    assert (step.row.cost, step.row.input_tokens, step.row.output_tokens) == (1_000_000, 3, 4)


def test_the_time_spent_waiting_does_not_count():
    memory = folded(
        ("run.started", {}, 0), ("run.waiting", {}, 2), ("run.resumed", {}, 100), ("step.started", {}, 101)
    )
    assert memory.active_so_far(now=99_000_000) == 3_000_000


def test_an_item_is_found_by_what_it_is_about():
    due = clock.show(AT)
    step = folded(
        (
            "approval.requested",
            {"id": "0000000000001", "call": "a.1/a1", "kind": "approval", "due_at": due},
            0,
        ),
        (
            "approval.decided",
            {"id": "0000000000001", "call": "a.1/a1", "kind": "approval", "decision": "approve"},
            1,
        ),
    ).steps["a", 1, None]
    item = step.items["approval", "a.1/a1"]
    assert (item.id, item.due_at, item.decided["decision"]) == (1, AT, "approve")


def test_an_item_keeps_what_it_is_bound_to():
    asked = {"id": "0000000000001", "call": "a.1/a1", "kind": "approval", "fingerprint": "f1"}
    step = folded(("approval.requested", asked, 0)).steps["a", 1, None]
    assert step.items["approval", "a.1/a1"].fingerprint == "f1"


def test_what_agents_asked_of_people_is_counted_over_the_whole_run():
    said = [("help", "a1"), ("status", "a2"), ("escalate", "a3")]
    memory = folded(
        *(("note", {"kind": kind, "call": call, "agent": "a", "text": "?"}, 0) for kind, call in said)
    )
    memory.apply(
        9, AT, "note", "b", 1, 4, None, {"kind": "help", "call": "b.1.4/a1", "agent": "a", "text": "?"}
    )
    memory.forget(("a", 1, None))
    assert memory.asked == 3


def test_what_was_found_in_a_question_about_the_run_itself_is_known():
    memory = Memory(1)
    found = {"call": "release", "where": "approval", "action": "mask"}
    memory.apply(1, AT, "privacy.found", None, None, None, None, found)
    assert memory.whole.told == {"found release approval mask"}
    assert memory.steps == {}
