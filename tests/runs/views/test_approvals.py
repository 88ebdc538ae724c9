"""The inbox without script: what waits for whom, and one item in full."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import clock, ids
from governance.models import Approval, Decision, Opening, User
from runs.engine.rows import dumps
from runs.models import Run
from runs.views.approvals.summary import summary
from tests.runs.views.inbox import LIST, MINUTE, another, fields_of, place, say, titles, waiting_item
from tests.runs.views.people import fragment, signed_in
from tests.runs.views.test_run_page import ada, text_of


@pytest.fixture
def item(demo_with_flows) -> Approval:
    return waiting_item(demo_with_flows)


@pytest.fixture
def run(item) -> Run:
    return Run.objects.get(pk=item.run_id)


class TestTheList:
    def test_it_shows_what_waits_for_who_asks(self, item):
        another(item, title="For the author", reviewers=["user:nobody"])
        rita = signed_in("rita")
        assert titles(rita.get(LIST)) == ["May create-refund be called?"]
        assert set(titles(rita.get(f"{LIST}?show=pending"))) == {
            "May create-refund be called?",
            "For the author",
        }
        said = text_of(signed_in("ben").get(LIST))
        assert "Nothing waits for you" in said
        assert "See the 2 that wait for others" in said

    def test_its_line_says_what_each_value_is(self, item):
        another(
            item, title="Pay", payload={"number": "INV-7", "currency": "EUR", "total": 1240.5, "lines": [1]}
        )
        said = text_of(signed_in("rita").get(LIST))
        assert "amount $49.00, charge ch_9002, reason “Order 1042 was charged twice.” Approval" in said
        assert "total 1,240.50 EUR, number INV-7, 1 more field Approval" in said

    def test_who_answers_for_one_participant_is_not_offered_the_others(self, item):
        seats = ["role:reviewer", "role:operator"]
        mine, other = (
            another(
                item,
                title=seat,
                kind="question",
                reviewers=["role:reviewer"],
                subject={"seat": seat, "seats": seats},
            )
            for seat in seats
        )
        rita = signed_in("rita")
        assert len(titles(rita.get(LIST))) == 3
        user = User.objects.get(username="rita")
        Decision.objects.create(approval=mine, by=user, decision="answer", at=clock.now())
        Approval.objects.filter(pk=mine.pk).update(status="answered", decided_at=clock.now())
        page = rita.get(LIST)
        assert titles(page) == ["May create-refund be called?"]
        assert "Waiting for me 1 All pending 2 Decided" in text_of(page)
        assert "leave role:operator to another" in text_of(rita.get(place(other)))
        assert "Waiting for you 1 " in text_of(rita.get("/projects/demo/"))

    def test_how_many_wait_is_said_with_each_part_that_is_drawn_anew(self, item, run):
        rita = signed_in("rita")
        for path in (LIST, "/projects/demo/", f"/runs/{run.public_id}/head/"):
            assert 'data-waiting-now="1"' in fragment(rita, path).content.decode()
        assert len(re.findall(r"data-waiting-count>1<", rita.get(LIST).content.decode())) == 3
        say(rita, item, "approve", fields_of(rita, item))
        assert 'data-waiting-now="0"' in fragment(rita, LIST).content.decode()
        assert len(re.findall(r"data-waiting-count hidden>0<", rita.get(LIST).content.decode())) == 3

    def test_what_is_due_first_comes_first_and_says_how_urgent_it_is(self, item):
        now = clock.now()
        another(item, title="Late", requested_at=now - 10 * MINUTE, due_at=now - MINUTE)
        another(item, title="Soon", requested_at=now - 10 * MINUTE, due_at=now + 5 * MINUTE)
        another(item, title="Later", requested_at=now - MINUTE, due_at=now + 50 * MINUTE)
        answer = signed_in("rita").get(LIST)
        assert titles(answer) == ["Late", "Soon", "Later", "May create-refund be called?"]
        said = re.findall(
            r'class="sla" data-status="(\w+)">.*?</svg>([A-Z][a-z ]+)', answer.content.decode(), re.DOTALL
        )
        assert [(status, word.strip()) for status, word in said] == [
            ("failed", "Overdue"),
            ("waiting", "Due soon"),
            ("queued", "Due"),
            ("queued", "No deadline"),
        ]

    def test_pages_go_on_where_the_last_one_ended(self, item):
        now = clock.now()
        for number in range(35):
            another(item, title=f"Item {number}", due_at=now + (number // 2) * MINUTE + MINUTE)
        rita = signed_in("rita")
        first = rita.get(LIST)
        assert len(titles(first)) == 30
        beyond = re.search(r'rel="next" href="([^"]+)"', first.content.decode())[1].replace("&amp;", "&")
        second = rita.get(beyond)
        assert len(titles(second)) == 6
        assert sorted(titles(first) + titles(second)) == sorted(
            [f"Item {number}" for number in range(35)] + ["May create-refund be called?"]
        )

    @pytest.mark.parametrize(
        "query", ["after=x", "after=9-9", f"after={10**30}-{'0' * 13}", "show=all&after=%00"]
    )
    def test_an_address_that_makes_no_sense_shows_the_first_page(self, item, query):
        assert titles(signed_in("rita").get(f"{LIST}?{query}")) == ["May create-refund be called?"]

    def test_what_is_decided_is_kept_with_who_and_how_long(self, item):
        rita = signed_in("rita")
        say(rita, item, "approve", fields_of(rita, item))
        Decision.objects.update(opened_at=clock.now() - 2 * MINUTE, at=clock.now() - MINUTE)
        assert titles(rita.get(LIST)) == []
        answer = rita.get(f"{LIST}?show=decided")
        assert titles(answer) == ["May create-refund be called?"]
        said = text_of(answer)
        assert "Approved" in said
        assert "1m 00s of review" in said
        assert "Review effort, 30 days" in said

    def test_a_run_that_waits_for_its_budget_stands_there_for_who_can_raise_it(self, item, run):
        account = "budget:flow-a:flow/customer-support:2026-11-21"
        wait = {
            "kind": "budget",
            "node": "billing",
            "iteration": 1,
            "item": None,
            "id": account,
            "until": None,
        }
        waiting = dumps([wait])
        Run.objects.filter(pk=run.pk).update(waiting=waiting)
        said = text_of(signed_in("rita").get(LIST))
        assert f"Run {run.public_id} waits for its budget" in said
        assert "Budget flow-a is used up" in said
        assert "An admin can raise it" in said
        assert 'href="/projects/demo/budgets/flow-a/"' in signed_in("ada").get(LIST).content.decode()

    def test_its_queries_do_not_grow_with_it(self, item):
        rita = signed_in("rita")
        rita.get(LIST)

        def count() -> int:
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert rita.get(f"{LIST}?show=pending").status_code == 200
            return len(queries)

        before = count()
        for number in range(12):
            made = another(item, title=f"Item {number}")
            Decision.objects.create(approval=made, by=ada(made.project), decision="approve", at=clock.now())
        assert count() == before <= 20

    def test_the_script_gets_the_list_alone(self, item):
        answer = fragment(signed_in("rita"), LIST)
        assert "<html" not in answer.content.decode()
        assert titles(answer) == ["May create-refund be called?"]


class TestOneItem:
    def test_it_says_everything_that_a_decision_needs(self, item, run):
        Approval.objects.filter(pk=item.pk).update(
            subject={
                "action": "tool.call",
                "policies": ["refunds-over-50@3", "built-in/irreversible"],
                "tool": {"slug": "create-refund", "version": 1, "type": "http", "risk": "irreversible"},
                "agent": {"slug": "billing-specialist", "version": 2},
            }
        )
        answer = signed_in("rita").get(place(item))
        said = text_of(answer)
        for words in (
            "May create-refund be called?",
            "What create-refund v1 is called with",
            "ch_9002",
            "49.0",
            "Irreversible",
            "asked by Billing specialist v2",
            "refunds-over-50@3",
            "built-in/irreversible",
            "What led to it",
            "Launched by Ada",
            "Cost so far $0.0023",
            "Waiting for reviewer",
        ):
            assert words in said, words
        page = answer.content.decode()
        assert f'href="/runs/{run.public_id}/"' in page
        assert f'href="/runs/{run.public_id}/steps/billing/1/"' in page
        assert 'href="/projects/demo/policies/refunds-over-50/versions/?to=3"' in page
        assert re.findall(r'name="decision" value="(\w+)"', page) == ["approve"]
        assert re.findall(r'data-shortcut="(\w)"', page) == ["a", "e", "r"]

    def test_an_item_of_before_is_explained_from_the_journal(self, item):
        assert "built-in/irreversible" in text_of(signed_in("rita").get(place(item)))

    def test_what_models_and_people_wrote_stays_text(self, item):
        hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
        Approval.objects.filter(pk=item.pk).update(
            title=hostile, reason=hostile, payload={hostile: hostile, "long": hostile * 40}
        )
        page = signed_in("rita").get(place(item)).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert page.count("&lt;script&gt;alert(1)") > 4

    def test_who_may_not_decide_reads_why(self, item):
        assert "This is for role:reviewer to decide." in text_of(signed_in("ben").get(place(item)))
        Approval.objects.filter(pk=item.pk).update(four_eyes=True)
        launcher = signed_in("ada").get(place(item))
        assert "Four eyes: whoever launched the run cannot decide this." in text_of(launcher)
        assert 'name="decision"' not in launcher.content.decode()

    def test_strangers_and_other_projects_do_not_find_it(self, item):
        assert signed_in("sam").get(place(item)).status_code == 404
        assert (
            signed_in("sam").get(f"/projects/elsewhere/approvals/{ids.encode(item.pk)}/").status_code == 404
        )
        answer = signed_in("sam").post(f"/projects/elsewhere/approvals/{ids.encode(item.pk)}/decision/", {})
        assert answer.status_code == 404

    def test_its_queries_do_not_grow_with_what_was_said(self, item):
        rita = signed_in("rita")
        Approval.objects.filter(pk=item.pk).update(quorum=9)

        def said_by(name: str) -> None:
            user = User.objects.create(username=name)
            agreed = {"decision": "approve", "payload": item.payload, "at": clock.now()}
            Decision.objects.create(approval=item, by=user, **agreed)
            Opening.objects.create(approval=item, by=user, at=clock.now())

        def count() -> int:
            with CaptureQueriesContext(connection) as queries:
                assert rita.get(place(item)).status_code == 200
            return len(queries)

        said_by("first")
        rita.get(place(item))
        before = count()
        for number in range(5):
            said_by(f"u{number}")
        assert count() == before <= 28


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        ({"amount_usd": 79, "charge": "ch_1"}, "amount $79.00, charge ch_1"),
        ({"note": "x", "refund_usd": -0.005}, "refund -$0.005, note x"),
        ({"total": 12, "currency": "EUR"}, "total 12.00 EUR"),
        ({"total": 12, "currency": "euros"}, "total 12, currency euros"),
        ({"amount": 12.5}, "amount 12.5"),
        ({"amount_usd": "79"}, "amount 79"),
        ({"amount_usd": True, "done": False}, "amount true, done false"),
        ({"amount_usd": 1e300}, "amount $1e+300"),
        ({"charge": "ch_1, amount $1.00"}, "charge “ch_1, amount $1.00”"),
        ({"a": "one” two", "b": "\u202eevil\n\x07line"}, 'a “one" two”, b “evil line”'),
        ({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": [1], "g": None}, "a 1, b 2, c 3, d 4, 2 more fields"),
        ({"text": "w" * 90}, f"text “{'w' * 80}…”"),
        ("Publish it?", "“Publish it?”"),
        ([1, 2], ""),
        (None, ""),
    ],
)
def test_a_payload_in_a_line(payload, line):
    assert summary(payload) == line
