"""What is due soon is marked and recorded once, by whoever looks first."""

import threading

import pytest
from django.db import connections

from governance import approvals, clock, ids
from governance.models import Approval, AuditEntry
from governance.reminders import remind_due
from tests.governance.test_approvals import ask

pytestmark = pytest.mark.both_databases
MINUTE = 60_000_000


def reminders() -> list[tuple[str, str]]:
    return list(AuditEntry.objects.filter(action="approval.remind").values_list("actor", "object"))


@pytest.mark.django_db
def test_an_item_is_due_soon_when_half_of_its_time_has_passed(project):
    now = clock.now()
    approval = ask(project, due_at=now + 60 * MINUTE)
    half = approval.requested_at + (approval.due_at - approval.requested_at) // 2
    assert approval.remind_at == half
    assert remind_due(half - 1) == 0
    assert remind_due(half) == 1
    assert remind_due(half + MINUTE) == 0
    approval.refresh_from_db()
    assert (approval.reminded_at, approval.remind_at, approval.status) == (half, None, "pending")
    assert reminders() == [("system", f"approval/{ids.encode(approval.pk)}")]
    assert AuditEntry.objects.get(action="approval.remind").data == {
        "due_at": clock.show(approval.due_at),
        "reviewers": ["role:reviewer"],
        "run": ids.encode(approval.run_id),
    }


@pytest.mark.django_db
def test_nobody_is_reminded_of_what_is_decided_or_never_due(project, rita):
    now = clock.now()
    ask(project, node="never")
    decided = ask(project, node="decided", due_at=now + 60 * MINUTE)
    approvals.decide(decided, rita, "approve", fingerprint="f1")
    assert remind_due(now + 59 * MINUTE) == 0
    assert reminders() == []
    assert not Approval.objects.filter(remind_at__isnull=False).exists()


@pytest.mark.django_db(transaction=True)
def test_several_that_look_at_once_remind_once(project):
    approval = ask(project, due_at=clock.now() + 60 * MINUTE)
    start, found = threading.Barrier(4), []

    def look() -> None:
        try:
            start.wait()
            found.append(remind_due(approval.due_at - MINUTE))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found) == [0, 0, 0, 1]
    assert len(reminders()) == 1
