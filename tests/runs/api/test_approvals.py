"""The inbox as the API shows it."""

import pytest

from governance import ids
from governance.models import Decision, User

pytestmark = pytest.mark.both_databases


def test_an_item_is_shown_as_the_contract_says(ben, make_run, make_approval):
    run = make_run(status="waiting")
    item = make_approval(run=run, due_at=1_500_000, requested_at=1_000_000, reason="Over $50.")
    shown = ben.get(f"approvals/{ids.encode(item.id)}/").json()
    assert shown == {
        "id": ids.encode(item.id),
        "kind": "approval",
        "project": "demo",
        "run": run.public_id,
        "node": "check",
        "iteration": 1,
        "item": None,
        "title": "Refund?",
        "payload": {"amount": 60},
        "schema": None,
        "editable": False,
        "reviewers": ["role:reviewer"],
        "quorum": 1,
        "four_eyes": False,
        "decisions": [],
        "status": "pending",
        "fingerprint": "f" * 64,
        "requested_at": "1970-01-01T00:00:01.000Z",
        "due_at": "1970-01-01T00:00:01.500Z",
        "reason": "Over $50.",
    }


def test_decisions_are_shown_in_their_order(ben, make_approval):
    item = make_approval(status="approved", quorum=2)
    for username in ("rita", "ada"):
        user = User.objects.get(username=username)
        Decision.objects.create(approval=item, by=user, decision="approve", payload=None, at=1_000_000)
    said = ben.get(f"approvals/{ids.encode(item.id)}/").json()["decisions"]
    assert [decision["by"] for decision in said] == ["rita", "ada"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["timed_out", "approved", "pending"]),
        ("status=pending", ["pending"]),
        ("status=pending,approved", ["approved", "pending"]),
        ("limit=1", ["timed_out"]),
    ],
)
def test_the_inbox_is_filtered_newest_first(ben, make_approval, query, expected):
    for status in ("pending", "approved", "timed_out"):
        make_approval(status=status)
    results = ben.get(f"projects/demo/approvals/?{query}").json()["results"]
    assert [item["status"] for item in results] == expected


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"decision": "approve"}, ""),
        ({"decision": "maybe", "fingerprint": "f"}, "/decision"),
        ({"decision": "approve", "fingerprint": 7}, "/fingerprint"),
    ],
)
def test_a_decision_without_its_fingerprint_is_refused(caller, make_approval, body, pointer):
    item = make_approval()
    answer = caller("rita").post(f"approvals/{ids.encode(item.id)}/decision/", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
