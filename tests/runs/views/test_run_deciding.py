"""Deciding a waiting step on its run's page: by plain forms, each bound to what the person saw."""

import re

import pytest

from governance.models import Approval, Decision
from tests.runs.views.journals import replay
from tests.runs.views.people import signed_in
from tests.runs.views.test_run_page import ada, address, text_of


@pytest.fixture
def run(demo_with_flows):
    return replay(demo_with_flows, ada(demo_with_flows), "refund-waiting")


@pytest.fixture
def item(run) -> Approval:
    return Approval.objects.get(run_id=run.id)


def form_of(client, run) -> dict[str, str]:
    """The fields of the decision's form as a browser would send them untouched."""
    page = client.get(address(run, "steps/billing/1/")).content.decode()
    form = re.search(r"<form[^>]*data-deciding.*?</form>", page, re.DOTALL)[0]
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form))
    fields |= dict(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\s*([^<]*)</textarea>', form))
    return fields


def decide(client, run, item, decision: str, fields: dict, **headers):
    from governance import ids

    path = address(run, f"approvals/{ids.encode(item.pk)}/decision/")
    return client.post(path, {**fields, "decision": decision}, headers=headers)


def test_a_reviewer_approves_what_stands_there(run, item):
    rita = signed_in("rita")
    answer = decide(rita, run, item, "approve", form_of(rita, run))
    assert (answer.status_code, answer["Location"]) == (302, address(run, "steps/billing/1/"))
    item.refresh_from_db()
    assert (item.status, item.outcome["by"]) == ("approved", ["rita"])
    assert item.outcome["payload"] == {
        "charge": "ch_9002",
        "amount_usd": 49.0,
        "reason": "Order 1042 was charged twice.",
    }


def test_what_cannot_be_undone_is_asked_once_more_in_its_own_words(run, item):
    path, tool = address(run, "steps/billing/1/"), {"slug": "create-refund", "risk": "irreversible"}
    Approval.objects.filter(pk=item.pk).update(subject={"tool": tool})
    page = signed_in("rita").get(path).content.decode()
    approve = re.search(r'<button[^>]*value="approve"[^>]*>', page)[0]
    assert 'data-confirm="Call create-refund now?"' in approve
    assert 'data-confirm-look="btn--primary"' in approve
    assert 'data-confirm-typed="create-refund"' in approve
    assert (
        "create-refund: amount $49.00, charge ch_9002, reason “Order 1042 was charged twice.” This" in approve
    )
    assert "data-confirm" not in re.search(r'<button[^>]*value="reject"[^>]*>', page)[0]
    Approval.objects.filter(pk=item.pk).update(subject={"tool": {**tool, "risk": "write"}})
    assert "data-confirm=" not in signed_in("rita").get(path).content.decode()


def test_an_editable_payload_is_changed_and_then_approved(run, item):
    rita = signed_in("rita")
    fields = form_of(rita, run)
    name = next(key for key in fields if "amount" in key)
    decide(rita, run, item, "approve", {**fields, name: "20"})
    item.refresh_from_db()
    assert item.outcome["payload"]["amount_usd"] == 20


def test_a_payload_that_does_not_fit_is_shown_again_with_what_is_wrong(run, item):
    rita = signed_in("rita")
    fields = form_of(rita, run)
    name = next(key for key in fields if "amount" in key)
    answer = decide(rita, run, item, "approve", {**fields, name: "a lot"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "a lot" in page
    assert 'aria-invalid="true"' in page
    item.refresh_from_db()
    assert item.status == "pending"


def test_a_rejection_needs_its_reason(run, item):
    rita = signed_in("rita")
    fields = form_of(rita, run)
    answer = decide(rita, run, item, "reject", fields)
    assert answer.status_code == 422
    assert "Say why: whoever asked reads it." in text_of(answer)
    assert decide(rita, run, item, "reject", {**fields, "reason": "Not this one."}).status_code == 302
    item.refresh_from_db()
    assert (item.status, item.outcome["reason"]) == ("rejected", "Not this one.")


def test_what_changed_meanwhile_is_said_and_nothing_is_decided(run, item):
    rita = signed_in("rita")
    fields = form_of(rita, run)
    Approval.objects.filter(pk=item.pk).update(fingerprint="0" * 64)
    answer = decide(rita, run, item, "approve", {**fields, "reason": "Fine."})
    assert answer.status_code == 409
    said = text_of(answer)
    assert "Not decided. What you saw is not what is asked now: read the item again, then decide." in said
    assert 'value="' + "0" * 64 in answer.content.decode()
    assert not Decision.objects.exists()


def test_who_comes_second_reads_what_the_first_one_said(run, item):
    rita, admin = signed_in("rita"), signed_in("ada")
    fields = form_of(admin, run)
    decide(rita, run, item, "reject", {**form_of(rita, run), "reason": "Too much."})
    answer = decide(admin, run, item, "approve", fields)
    assert answer.status_code == 409
    said = text_of(answer)
    assert "This approval is rejected already." in said
    assert "rita" in said
    assert "Too much." in said


def test_the_script_gets_the_detail_alone(run, item):
    rita = signed_in("rita")
    answer = decide(rita, run, item, "approve", form_of(rita, run), HX_Request="true")
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert "This is decided." in text_of(answer)


def test_a_viewer_may_not_decide(run, item):
    fields = {"fingerprint": item.fingerprint}
    assert decide(signed_in("ben"), run, item, "approve", fields).status_code == 403
    assert decide(signed_in("sam"), run, item, "approve", fields).status_code == 404
    item.refresh_from_db()
    assert item.status == "pending"


def test_an_item_of_another_run_is_not_found(run, item, demo_with_flows):
    other = replay(demo_with_flows, ada(demo_with_flows), "fault-retried")
    assert decide(signed_in("rita"), other, item, "approve", {}).status_code == 404


def test_a_question_is_answered_by_its_form(run, item):
    schema = {
        "type": "object",
        "required": ["answer"],
        "properties": {"answer": {"type": "string", "minLength": 1}},
    }
    Approval.objects.filter(pk=item.pk).update(kind="question", schema=schema, payload=None)
    rita = signed_in("rita")
    fields = form_of(rita, run)
    name = next(key for key in fields if key.endswith("answer"))
    assert decide(rita, run, item, "answer", {**fields, name: ""}).status_code == 422
    assert decide(rita, run, item, "answer", {**fields, name: "Write back."}).status_code == 302
    item.refresh_from_db()
    assert item.outcome["payload"] == {"answer": "Write back."}


@pytest.mark.parametrize(
    ("kind", "decisions"),
    [("escalation", ["answer", "retry", "reject"]), ("uncertain", ["done", "repeat", "reject"])],
)
def test_other_items_offer_what_can_be_said_of_them(run, item, kind, decisions):
    Approval.objects.filter(pk=item.pk).update(kind=kind)
    page = signed_in("rita").get(address(run, "steps/billing/1/")).content.decode()
    assert re.findall(r'name="decision" value="(\w+)"', page) == decisions


def test_four_eyes_keep_the_launcher_from_deciding(run, item):
    Approval.objects.filter(pk=item.pk).update(four_eyes=True)
    said = text_of(signed_in("ada").get(address(run, "steps/billing/1/")))
    assert "Four eyes: whoever launched the run cannot decide this." in said


def test_a_form_without_its_token_is_refused(run, item):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada(run.project))
    assert decide(strict, run, item, "approve", {"fingerprint": item.fingerprint}).status_code == 403


def test_an_escalation_without_a_schema_is_answered_in_json(run, item):
    Approval.objects.filter(pk=item.pk).update(kind="escalation", schema=None)
    rita = signed_in("rita")
    fields = form_of(rita, run)
    name = next(key for key in fields if key.startswith("payload") and key.endswith("~json"))
    wrong = decide(rita, run, item, "answer", {**fields, name: '{"answer": '})
    assert wrong.status_code == 422
    assert "Line 1, column 12" in text_of(wrong)
    assert decide(rita, run, item, "answer", {**fields, name: '{"answer": "By hand"}'}).status_code == 302
    item.refresh_from_db()
    assert item.outcome["payload"] == {"answer": "By hand"}
