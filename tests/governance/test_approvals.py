"""Who may decide what, how, and what becomes of it."""

import threading

import pytest
from django.db import connection, connections

from governance import approvals, clock, ids, inbox, people, seats
from governance.approvals import decide
from governance.ledger import run_sync
from governance.models import Approval, AuditEntry, Decision
from governance.port import ApprovalRequest, Facts
from governance.refusals import Conflict, Forbidden, NotFound, Refused
from tests.governance.conftest import member

pytestmark = pytest.mark.both_databases
RUN = 77
SCHEMA = {
    "type": "object",
    "required": ["amount"],
    "properties": {"amount": {"type": "number", "maximum": 100}},
}


def play(operation):
    with connection.cursor() as cursor:
        return run_sync(cursor, operation(connection.vendor), "postgresql")


def facts(project, node="refund", item=None) -> Facts:
    return Facts("support", project.pk, "triage", RUN, "x", "ada", "", "api", node, 1, item, 1)


def ask(project, launched_by=None, *, due_at=None, node="refund", item=None, **fields) -> Approval:
    named = {
        "kind": "approval",
        "call": "c1",
        "title": "Refund $80?",
        "payload": {"amount": 80.0},
        "fingerprint": "f1",
        "reviewers": ("role:reviewer",),
        **fields,
    }
    number = ids.new_id()
    user_id = launched_by.pk if launched_by else None
    request = ApprovalRequest(**named)
    play(inbox.opening(number, request, facts(project, node, item), user_id, clock.now(), due_at))
    return Approval.objects.get(run_id=RUN, node=node, item=-1 if item is None else item, kind=named["kind"])


def seat_item(project, item: int, seat: str, seats: list[str], **more) -> Approval:
    """What one turn of a team asks a person; here rita may answer for every seat."""
    subject = {"seat": seat, "seats": seats}
    return ask(project, kind="question", payload=None, item=item, subject=subject, **more)


def outcomes() -> dict[int, dict]:
    """What the run is told, by item."""
    return dict(Approval.objects.filter(run_id=RUN, outcome__isnull=False).values_list("id", "outcome"))


def said(approval, user, decision="approve", fingerprint="f1", **more) -> str:
    return decide(approval, user, decision, fingerprint=fingerprint, **more).status


@pytest.mark.django_db
class TestDeciding:
    def test_an_approval_goes_on_with_what_was_proposed(self, project, rita):
        approval = ask(project)
        assert said(approval, rita, reason="fine") == "approved"
        outcome = outcomes()[approval.pk]
        at = outcome.pop("at")
        assert outcome == {
            "decision": "approve",
            "payload": {"amount": 80.0},
            "by": ["rita"],
            "reason": "fine",
            "changed": False,
        }
        assert clock.parse(at) <= clock.now()

    @pytest.mark.parametrize(
        ("kind", "decision", "payload", "status"),
        [
            ("approval", "approve", approvals.UNCHANGED, "approved"),
            ("approval", "reject", approvals.UNCHANGED, "rejected"),
            ("question", "answer", {"amount": 1}, "answered"),
            ("escalation", "answer", {"amount": 1}, "answered"),
            ("escalation", "retry", approvals.UNCHANGED, "answered"),
            ("escalation", "reject", approvals.UNCHANGED, "rejected"),
            ("uncertain", "done", {"amount": 1}, "answered"),
            ("uncertain", "repeat", approvals.UNCHANGED, "answered"),
            ("uncertain", "reject", approvals.UNCHANGED, "rejected"),
        ],
    )
    def test_each_kind_has_its_decisions(self, project, rita, kind, decision, payload, status):
        approval = ask(project, kind=kind, schema=SCHEMA)
        assert said(approval, rita, decision, payload=payload) == status
        assert outcomes()[approval.pk]["decision"] == decision

    @pytest.mark.parametrize("schema", [None, {}, {"type": ["object", "null"]}])
    def test_what_was_done_needs_no_output_where_none_is_promised(self, project, rita, schema):
        approval = ask(project, kind="uncertain", schema=schema)
        assert said(approval, rita, "done") == "answered"
        assert outcomes()[approval.pk]["payload"] is None

    def test_what_was_done_needs_the_output_that_its_tool_promises(self, project, rita):
        approval = ask(project, kind="uncertain", schema=SCHEMA)
        with pytest.raises(Refused) as refused:
            said(approval, rita, "done")
        (problem,) = refused.value.problems
        assert (problem.pointer, problem.code) == ("/payload", "missing_field")
        assert said(approval, rita, "done", payload={"amount": 1}) == "answered"

    @pytest.mark.parametrize(
        ("kind", "decision"),
        [("approval", "answer"), ("approval", "retry"), ("question", "approve"), ("question", "reject"),
         ("escalation", "approve"), ("escalation", "done"), ("uncertain", "approve"), ("uncertain", "answer"),
         ("approval", ""), ("approval", "APPROVE")],
    )  # fmt: skip
    def test_no_other_decision_is_taken(self, project, rita, kind, decision):
        with pytest.raises(Refused) as refused:
            said(ask(project, kind=kind), rita, decision)
        assert [problem.pointer for problem in refused.value.problems] == ["/decision"]

    @pytest.mark.parametrize("fingerprint", [None, ""])
    def test_a_missing_fingerprint_is_refused(self, project, rita, fingerprint):
        with pytest.raises(Refused) as refused:
            said(ask(project), rita, fingerprint=fingerprint)
        assert [problem.pointer for problem in refused.value.problems] == ["/fingerprint"]

    def test_a_stale_fingerprint_is_a_conflict(self, project, rita):
        approval = ask(project)
        with pytest.raises(Conflict, match="read the item again"):
            said(approval, rita, fingerprint="f0")
        assert not Decision.objects.exists()

    def test_what_is_decided_stays_decided(self, project, ada, rita):
        approval = ask(project)
        said(approval, rita, "reject")
        with pytest.raises(Conflict, match="rejected already"):
            said(approval, ada, "approve")
        assert Approval.objects.get().status == "rejected"

    def test_an_answer_needs_its_payload_and_the_payload_its_schema(self, project, rita):
        approval = ask(project, kind="question", payload=None, schema=SCHEMA)
        for payload, pointer in (
            (approvals.UNCHANGED, "/payload"),
            (None, "/payload"),
            ({}, "/payload/amount"),
            ({"amount": 101}, "/payload/amount"),
            ({"amount": "\0"}, "/payload/amount"),
        ):
            with pytest.raises(Refused) as refused:
                said(approval, rita, "answer", payload=payload)
            assert refused.value.problems[0].pointer in (pointer, "/payload")
        assert said(approval, rita, "answer", payload={"amount": 5}) == "answered"

    def test_a_changed_payload_needs_an_editable_item_and_its_schema(self, project, rita):
        approval = ask(project, schema=SCHEMA)
        with pytest.raises(Conflict, match="cannot be changed"):
            said(approval, rita, payload={"amount": 81})
        editable = ask(project, schema=SCHEMA, editable=True, node="other")
        with pytest.raises(Refused):
            said(editable, rita, payload={"amount": 101})
        assert said(editable, rita, payload={"amount": 50}) == "approved"
        assert outcomes()[editable.pk]["payload"] == {"amount": 50}

    def test_a_browser_that_sends_80_for_80_point_0_changes_nothing(self, project, rita):
        approval = ask(project)
        assert said(approval, rita, payload={"amount": 80}) == "approved"
        assert repr(outcomes()[approval.pk]["payload"]) == "{'amount': 80.0}"

    @pytest.mark.parametrize(
        "payload", [{"amount": True}, {"amount": "80"}, None, {"amount": 80.0, "more": None}]
    )
    def test_what_only_looks_alike_is_a_change(self, project, rita, payload):
        with pytest.raises(Conflict, match="cannot be changed"):
            said(ask(project, payload={"amount": 1}), rita, payload=payload)

    def test_hostile_text_is_kept_or_refused_but_never_breaks(self, project, rita):
        payload = {"text": "a\0b\ud800", "n": 10**30, "f": 1e20}
        approval = ask(project, payload=payload, title="T\0" * 900, reason="\ud800")
        assert Approval.objects.get().payload == payload
        assert len(Approval.objects.get().title) == 500
        with pytest.raises(Refused):
            said(approval, rita, reason="\0")
        assert said(approval, rita) == "approved"

    def test_the_due_time_has_passed(self, project, rita):
        with pytest.raises(Conflict, match="time for this has passed"):
            said(ask(project, due_at=clock.now() - 1), rita)


@pytest.mark.django_db
class TestReviewers:
    @pytest.mark.parametrize(
        ("reviewers", "who"),
        [
            (("role:reviewer",), {"ada", "rita"}),
            (("role:viewer",), {"ada", "ben"}),
            (("role:admin",), {"ada"}),
            (("user:ben",), {"ben"}),
            (("group:leads",), {"olga"}),
            (("user:ben", "group:leads"), {"ben", "olga"}),
            (("role:boss",), set()),
            (("user:sam",), set()),
            ((), {"ada", "rita"}),
        ],
    )
    def test_reviewers_are_named_by_role_user_and_group(self, project, ada, ben, rita, sam, reviewers, who):
        olga = member(project, "olga", "operator")
        people.put_group(project, "leads", ["olga"], ada)
        approval = ask(project, reviewers=reviewers)
        for person in (ada, ben, rita, sam, olga):
            assert approvals.may_decide(approval, person) is (person.username in who)
            assert bool(approvals.pending_for(person, project)) is (person.username in who)
            if person.username not in who:
                with pytest.raises(Forbidden):
                    said(approval, person)

    def test_a_group_of_another_project_does_not_count(self, project, ada, ben, sam):
        other = people.create_project("sales", "Sales", sam)
        people.add_member(other, ben, ["viewer"], sam)
        people.put_group(other, "leads", ["ben"], sam)
        with pytest.raises(Forbidden):
            said(ask(project, reviewers=("group:leads",)), ben)

    def test_four_eyes_bar_whoever_launched(self, project, ada, rita):
        approval = ask(project, rita, four_eyes=True)
        with pytest.raises(Forbidden, match="Four eyes"):
            said(approval, rita)
        assert approvals.pending_for(rita, project) == []
        assert said(approval, ada) == "approved"

    def test_a_person_answers_for_one_participant_of_a_team(self, project, ada, rita, ben):
        three = ["role:reviewer", "role:operator", "user:ada"]
        first, second, third = (
            seat_item(project, at, seat, three)
            for at, seat in enumerate(["role:reviewer", "role:operator", "role:reviewer"])
        )
        elsewhere = seat_item(project, 0, "role:operator", ["role:operator"], node="other")
        assert said(first, rita, "answer", payload=1) == "answered"
        with pytest.raises(Conflict) as refused:
            said(second, rita, "answer", payload=1)
        assert str(refused.value) == (
            "You have answered for role:reviewer in this team already: leave role:operator to another."
        )
        assert {item.pk for item in approvals.pending_for(rita, project)} == {third.pk, elsewhere.pk}
        waiting = Approval.objects.filter(status="pending")
        assert set(seats.free(waiting, rita)) == {third, elsewhere}
        assert set(seats.free(waiting, ada)) == {elsewhere}
        assert set(seats.free(waiting, ben)) == {second, third, elsewhere}
        assert said(third, rita, "answer", payload=2) == "answered"
        assert said(elsewhere, rita, "answer", payload=1) == "answered"
        with pytest.raises(Conflict) as refused:
            said(second, ada, "answer", payload=1)
        assert str(refused.value) == (
            "You take part in this team as user:ada: answer for that only, and leave role:operator to another."
        )
        assert second.decisions.count() == 0

    def test_a_quorum_counts_people_and_one_reject_decides(self, project, ada, rita):
        approval = ask(project, quorum=2)
        assert said(approval, rita, reason="first") == "pending"
        assert outcomes() == {}
        assert approvals.pending_for(rita, project) == []
        with pytest.raises(Conflict, match="decided this already"):
            said(approval, rita)
        assert said(approval, ada, reason="second") == "approved"
        assert outcomes()[approval.pk]["by"] == ["rita", "ada"]
        other = ask(project, quorum=2, node="other")
        said(other, rita)
        assert said(other, ada, "reject", reason="no") == "rejected"
        assert outcomes()[other.pk]["by"] == ["ada"]

    def test_later_approvers_agree_to_what_the_first_made_of_it(self, project, ada, rita):
        approval = ask(project, quorum=2, editable=True)
        said(approval, rita, payload={"amount": 50})
        with pytest.raises(Conflict, match="What you saw"):
            said(approval, ada)  # what she has read is not what is asked now
        approval.refresh_from_db()
        with pytest.raises(Conflict, match="Others have approved"):
            said(approval, ada, fingerprint=approval.fingerprint, payload={"amount": 80})
        assert said(approval, ada, fingerprint=approval.fingerprint) == "approved"
        assert outcomes()[approval.pk]["payload"] == {"amount": 50}

    def test_every_decision_is_on_the_record(self, project, ada, rita):
        AuditEntry.objects.all().delete()
        approval = ask(project, quorum=2)
        said(approval, rita)
        said(approval, ada)
        named = f"approval/{ids.encode(approval.pk)}"
        lines = AuditEntry.objects.order_by("id").values_list("action", "object", "actor", "data")
        run = ids.encode(RUN)
        assert list(lines) == [
            (
                "approval.decide",
                named,
                "rita",
                {"decision": "approve", "before": "pending", "after": "pending", "run": run},
            ),
            (
                "approval.decide",
                named,
                "ada",
                {"decision": "approve", "before": "pending", "after": "approved", "run": run},
            ),
        ]


@pytest.mark.django_db
class TestTheRunsSide:
    def test_asking_twice_keeps_the_first(self, project):
        first = ask(project, title="First")
        second = ask(project, title="Second")
        assert (first.pk, second.title) == (second.pk, "First")
        assert ask(project, item=0).pk != ask(project, item=1).pk

    def test_what_is_due_times_out_once_and_a_decision_stands(self, project, rita):
        now = clock.now()
        due = ask(project, due_at=now - 5)
        question = ask(project, kind="question", due_at=now - 5)
        later = ask(project, node="later", due_at=now + 60_000_000)
        decided = ask(project, node="decided", due_at=now + 60_000_000)
        said(decided, rita)
        assert play(inbox.expiring(78, now)) == {}
        assert set(play(inbox.expiring(RUN, now))) == {due.pk, question.pk}
        assert play(inbox.expiring(RUN, now)) == {}
        assert set(play(inbox.expiring(RUN, now + 120_000_000))) == {later.pk}
        answers = outcomes()
        shown = {
            "decision": "timed_out",
            "payload": {"amount": 80.0},
            "by": [],
            "reason": "",
            "at": clock.show(now),
        }
        assert answers[due.pk] == shown
        assert answers[question.pk]["payload"] is None
        assert answers[decided.pk]["decision"] == "approve"

    def test_a_run_that_ends_withdraws_what_it_asked(self, project, rita):
        one, other = ask(project), ask(project, node="other")
        play(inbox.cancelling(RUN, clock.now(), "other", 1))
        other.refresh_from_db()
        one.refresh_from_db()
        assert (one.status, other.status) == ("pending", "cancelled")
        with pytest.raises(Conflict, match="cancelled already"):
            said(other, rita)
        play(inbox.cancelling(RUN, clock.now()))
        assert Approval.objects.get(pk=one.pk).status == "cancelled"
        assert outcomes() == {}

    def test_an_item_that_is_gone_is_not_found(self, project, rita):
        approval = ask(project)
        Approval.objects.all().delete()
        with pytest.raises(NotFound):
            said(approval, rita)


@pytest.fixture
def heard():
    told: list[tuple[int, int]] = []

    def receiver(sender, approval_id, run_id, **_):
        told.append((approval_id, run_id))

    approvals.decided.connect(receiver)
    yield told
    approvals.decided.disconnect(receiver)


@pytest.mark.django_db
def test_the_run_is_told_in_the_same_transaction_and_only_at_the_end(project, ada, rita, heard):
    """The run must not sleep on because its bell could not be rung after the commit."""
    approval = ask(project, quorum=2)
    said(approval, rita)
    assert heard == []
    said(approval, ada)
    assert heard == [(approval.pk, RUN)]


@pytest.mark.django_db(transaction=True)
def test_what_is_said_is_looked_through_before_anything_is_locked(project, rita):
    approval, heard = ask(project, editable=True), []

    def looked_through(sender, *, said, at, **_):
        heard.append((at, said, connection.in_atomic_block))
        return {"amount": 70} if at == "/payload" else "[hidden]", {"amount": 70}

    approvals.saying.connect(looked_through, dispatch_uid="a test")
    try:
        said(approval, rita, payload={"amount": 71}, reason="why")
    finally:
        approvals.saying.disconnect(dispatch_uid="a test")
    assert heard == [("/payload", {"amount": 71}, False), ("/reason", "why", False)]
    outcome = outcomes()[approval.pk]
    assert (outcome["payload"], outcome["reason"], outcome["changed"]) == ({"amount": 70}, "[hidden]", True)


@pytest.mark.django_db
def test_one_item_is_withdrawn_and_the_others_stay(project):
    one, other = ask(project, node="refund"), ask(project, node="charge")
    play(inbox.withdrawing(one.pk, 1_800_000_000_000_000))
    statuses = Approval.objects.order_by("pk").values_list("pk", "status")
    assert dict(statuses) == {one.pk: "cancelled", other.pk: "pending"}


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_wins_and_the_other_is_told(project, ada, rita, heard):
    people_ = [ada, rita, *(member(project, f"reviewer{number}", "reviewer") for number in range(4))]
    approval = ask(project)
    results: list[str] = []
    start = threading.Barrier(len(people_))

    def body(person) -> None:
        try:
            start.wait()
            results.append(said(approval, person))
        except Conflict:
            results.append("conflict")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=body, args=(person,)) for person in people_]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == ["approved"] + ["conflict"] * 5
    assert (Decision.objects.count(), heard) == (1, [(approval.pk, RUN)])
