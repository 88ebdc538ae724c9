"""What people say to an item of the inbox: checked, kept, measured, and told where it comes too late."""

import html
import re

import pytest

from governance import approvals, ids, review
from governance.models import Approval, AuditEntry, Decision, Opening, User
from governance.privacy import vault
from runs.models import Run
from tests.runs.views.inbox import MINUTE, fields_of, place, say, waiting_item
from tests.runs.views.people import signed_in
from tests.runs.views.test_run_page import text_of


@pytest.fixture
def item(demo_with_flows) -> Approval:
    return waiting_item(demo_with_flows)


@pytest.fixture
def run(item) -> Run:
    return Run.objects.get(pk=item.run_id)


class TestDeciding:
    def test_a_reviewer_approves_what_stands_there_with_a_comment(self, item):
        rita = signed_in("rita")
        answer = say(rita, item, "approve", {**fields_of(rita, item), "reason": "Charged twice indeed."})
        assert (answer.status_code, answer["Location"]) == (302, place(item))
        item.refresh_from_db()
        assert (item.status, item.outcome["payload"], item.outcome["reason"]) == (
            "approved",
            {"charge": "ch_9002", "amount_usd": 49.0, "reason": "Order 1042 was charged twice."},
            "Charged twice indeed.",
        )

    def test_a_rejection_needs_its_reason(self, item):
        rita = signed_in("rita")
        fields = fields_of(rita, item, "reject")
        answer = say(rita, item, "reject", fields)
        assert answer.status_code == 422
        assert "Say why: whoever asked reads it." in text_of(answer)
        assert say(rita, item, "reject", {**fields, "reason": "Not ours."}).status_code == 302
        item.refresh_from_db()
        assert (item.status, item.outcome["reason"]) == ("rejected", "Not ours.")

    def test_what_is_changed_is_checked_and_both_versions_stay(self, item):
        rita = signed_in("rita")
        fields = fields_of(rita, item, "edit")
        name = next(key for key in fields if "amount" in key)
        wrong = say(rita, item, "approve", {**fields, name: "-3"})
        assert wrong.status_code == 422
        assert 'value="-3"' in wrong.content.decode()
        assert say(rita, item, "approve", {**fields, name: "20.125"}).status_code == 302
        item.refresh_from_db()
        assert item.payload["amount_usd"] == 49.0
        assert item.outcome["payload"]["amount_usd"] == 20.125
        page = rita.get(place(item)).content.decode()
        assert "As rita approved it" in page
        assert re.search(
            r'amount_usd</th><td class="old"><del>49.0</del></td><td class="new"><ins>20.125</ins>', page
        )
        assert "Both versions in full" in page

    def test_without_a_schema_the_payload_is_changed_as_json(self, item):
        Approval.objects.filter(pk=item.pk).update(schema=None)
        rita = signed_in("rita")
        fields = fields_of(rita, item, "edit")
        name = next(key for key in fields if key.endswith("~json"))
        assert say(rita, item, "approve", {**fields, name: '{"charge": '}).status_code == 422
        assert say(rita, item, "approve", {**fields, name: '{"charge": "ch_1"}'}).status_code == 302
        item.refresh_from_db()
        assert item.outcome["payload"] == {"charge": "ch_1"}

    def test_what_is_not_editable_offers_no_change(self, item):
        Approval.objects.filter(pk=item.pk).update(editable=False)
        page = signed_in("rita").get(place(item, "?do=edit")).content.decode()
        assert re.findall(r'data-shortcut="(\w)"', page) == ["a", "r"]

    def test_a_stale_item_is_shown_as_it_is_now_and_nothing_typed_is_lost(self, item):
        rita = signed_in("rita")
        fields = fields_of(rita, item, "edit")
        name = next(key for key in fields if "amount" in key)
        Approval.objects.filter(pk=item.pk).update(fingerprint="0" * 64)
        answer = say(rita, item, "approve", {**fields, name: "20", "reason": "Half of it."})
        assert answer.status_code == 409
        assert "What you saw is not what is asked now: read the item again, then decide." in text_of(answer)
        page = answer.content.decode()
        assert f'value="{"0" * 64}"' in page
        assert 'value="20"' in page
        assert "Half of it." in page
        assert not Decision.objects.exists()

    def test_who_comes_second_reads_what_the_first_one_said_and_keeps_the_words(self, item):
        rita, admin = signed_in("rita"), signed_in("ada")
        fields = fields_of(admin, item, "edit")
        name = next(key for key in fields if "amount" in key)
        say(rita, item, "reject", {**fields_of(rita, item, "reject"), "reason": "Too much."})
        answer = say(
            admin, item, "approve", {**fields, name: "21", "reason": "Half is fine."}, HX_Request="true"
        )
        assert answer.status_code == 409
        said = text_of(answer)
        for words in (
            "This approval is rejected already.",
            "rita rejected",
            "Too much.",
            "Half is fine.",
            "21",
        ):
            assert words in said, words

    def test_a_quorum_tells_how_far_it_is_and_later_ones_agree_to_the_change(self, item):
        Approval.objects.filter(pk=item.pk).update(quorum=2)
        rita, admin = signed_in("rita"), signed_in("ada")
        fields = fields_of(rita, item, "edit")
        name = next(key for key in fields if "amount" in key)
        answer = say(rita, item, "approve", {**fields, name: "20"}, HX_Request="true")
        assert "Recorded. Others have to agree." in text_of(answer)
        assert "You have decided this. Another reviewer has to agree." in text_of(answer)
        page = admin.get(place(item)).content.decode()
        assert "1 of 2" in page
        assert re.findall(r'data-shortcut="(\w)"', page) == ["a", "r"]
        assert say(admin, item, "approve", fields_of(admin, item)).status_code == 302
        item.refresh_from_db()
        assert (item.status, item.outcome["payload"]["amount_usd"]) == ("approved", 20)

    def test_a_question_is_a_form(self, item):
        schema = {
            "type": "object",
            "required": ["answer"],
            "properties": {"answer": {"type": "string", "minLength": 1}},
        }
        Approval.objects.filter(pk=item.pk).update(
            kind="question", schema=schema, payload={"text": item.title}
        )
        rita = signed_in("rita")
        fields = fields_of(rita, item)
        name = next(key for key in fields if key.endswith("answer"))
        assert say(rita, item, "answer", {**fields, name: ""}).status_code == 422
        assert say(rita, item, "answer", {**fields, name: "Write back."}).status_code == 302
        item.refresh_from_db()
        assert item.outcome["payload"] == {"answer": "Write back."}

    def test_an_escalation_tells_what_was_tried_and_is_answered_retried_or_left(self, item):
        payload = {
            "input": [{"who": "Ben"}],
            "failures": [{"code": "provider_error", "message": "The peer answered 500."}],
            "calls": [{"call": "billing.1/a1", "model": "openai/large", "status": "error"}],
        }
        Approval.objects.filter(pk=item.pk).update(kind="escalation", schema=None, payload=payload)
        rita = signed_in("rita")
        answer = rita.get(place(item))
        said = text_of(answer)
        for words in (
            "What was tried",
            "provider_error",
            "The peer answered 500.",
            "openai/large",
            "Try again",
        ):
            assert words in said, words
        assert re.findall(r'name="decision" value="(\w+)"', answer.content.decode()) == ["retry"]
        fields = fields_of(rita, item, "answer")
        name = next(key for key in fields if key.endswith("~json"))
        assert say(rita, item, "answer", {**fields, name: '{"text": "By hand"}'}).status_code == 302
        item.refresh_from_db()
        assert item.outcome["payload"] == {"text": "By hand"}

    @pytest.mark.parametrize("decision", ["done", "repeat", "reject"])
    def test_an_uncertain_outcome_was_done_or_is_repeated_or_left(self, item, decision):
        payload = {"tool": "create-refund", "arguments": {"charge": "ch_1"}}
        Approval.objects.filter(pk=item.pk).update(kind="uncertain", schema=None, payload=payload)
        rita = signed_in("rita")
        assert say(rita, item, decision, fields_of(rita, item)).status_code == 302
        item.refresh_from_db()
        assert item.outcome["decision"] == decision

    def test_done_needs_the_output_that_the_tool_promises(self, item):
        schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
        Approval.objects.filter(pk=item.pk).update(kind="uncertain", schema=schema, payload={"tool": "t"})
        rita = signed_in("rita")
        fields = fields_of(rita, item, "done")
        name = next(key for key in fields if key.endswith("id"))
        assert say(rita, item, "done", {**fields, name: "re_1"}).status_code == 302
        item.refresh_from_db()
        assert item.outcome["payload"] == {"id": "re_1"}

    def test_the_script_gets_the_item_alone(self, item):
        rita = signed_in("rita")
        answer = say(rita, item, "approve", fields_of(rita, item), HX_Request="true")
        assert answer.status_code == 200
        assert "<html" not in answer.content.decode()
        assert "Approved. The run goes on." in text_of(answer)

    def test_viewers_and_strangers_decide_nothing(self, item):
        fields = {"fingerprint": item.fingerprint}
        assert say(signed_in("ben"), item, "approve", fields).status_code == 403
        assert say(signed_in("sam"), item, "approve", fields).status_code == 404
        item.refresh_from_db()
        assert item.status == "pending"

    @pytest.mark.parametrize("decision", ["", "answer", "retry", "\0", "x" * 5000])
    def test_what_cannot_be_said_is_told(self, item, decision):
        rita = signed_in("rita")
        answer = say(rita, item, decision, fields_of(rita, item))
        assert answer.status_code == 422
        assert "Of this approval a person says approve or reject." in text_of(answer)


class TestProtectedValues:
    @pytest.fixture
    def token(self, item, run) -> str:
        """What stands in the item for a customer's address."""
        value = ("EMAIL_ADDRESS", "lena@example.org")
        ((token, _value),) = vault.allocate(run.root_id, [value]).items()
        Approval.objects.filter(pk=item.pk).update(payload={"to": token})
        return token

    def test_a_reviewer_sees_them_when_asked_for_and_that_is_on_record(self, item, token):
        rita = signed_in("rita")
        before = rita.get(place(item))
        assert token in html.unescape(before.content.decode())
        assert "lena@example.org" not in before.content.decode()
        answer = rita.post(place(item, "reveal/"))
        assert "lena@example.org" in text_of(answer)
        assert "no-store" in answer["Cache-Control"]
        (line,) = AuditEntry.objects.filter(action="run.reveal")
        assert (line.actor, line.data["what"], line.data["values"]) == (
            "rita",
            f"approval/{ids.encode(item.pk)}",
            {"EMAIL_ADDRESS": 1},
        )
        item.refresh_from_db()
        assert item.payload == {"to": token}

    def test_a_viewer_is_not_offered_them_and_does_not_get_them(self, item, token):
        ben = signed_in("ben")
        assert "Show protected values" not in text_of(ben.get(place(item)))
        assert ben.post(place(item, "reveal/")).status_code == 403
        assert signed_in("sam").post(place(item, "reveal/")).status_code == 404
        assert not AuditEntry.objects.filter(action="run.reveal").exists()

    def test_nothing_is_offered_where_nothing_is_protected(self, item):
        assert "Show protected values" not in text_of(signed_in("rita").get(place(item)))


class TestEffort:
    def test_the_first_opening_of_a_reviewer_starts_the_clock(self, item):
        rita = signed_in("rita")
        rita.get(place(item))
        rita.get(place(item))
        signed_in("ben").get(place(item))
        (opening,) = Opening.objects.all()
        assert opening.by.username == "rita"
        Opening.objects.update(at=opening.at - 3 * MINUTE)
        say(rita, item, "approve", fields_of(rita, item))
        decision = Decision.objects.get()
        assert decision.opened_at == opening.at - 3 * MINUTE
        (effort,) = review.effort_by_flow(item.project)
        assert (effort.flow, effort.decisions) == ("customer-support", 1)
        assert 3 * MINUTE <= effort.spent == effort.each < 4 * MINUTE
        assert "3m 0" in text_of(rita.get(place(item)))

    def test_a_decision_of_a_program_is_not_measured(self, item):
        approvals.decide(item, User.objects.get(username="rita"), "approve", fingerprint=item.fingerprint)
        assert review.effort_by_flow(item.project) == []
