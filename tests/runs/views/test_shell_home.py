"""A project's home: what ran, waits and costs, counted in a fixed number of queries."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import clock, ids, people
from governance.models import Approval, Decision, Spend, User
from runs import insights_today
from runs.insights_today import MICROS, Period
from runs.models import Run
from tests.runs.views.history import store_history, store_run
from tests.runs.views.people import fragment, signed_in

pytestmark = pytest.mark.both_databases

HOUR = 3600 * MICROS
NOON = round(datetime(2026, 11, 20, 12, 30, tzinfo=UTC).timestamp() * MICROS)


def person(name: str) -> User:
    return User.objects.get(username=name)


def asked(project, number: int, reviewers: list[str], **fields) -> Approval:
    known = {
        "kind": "approval",
        "node": "check",
        "title": f"Refund {number}",
        "fingerprint": "f",
        "run_id": number,
    }
    at = clock.now()
    return Approval.objects.create(
        project=project, reviewers=reviewers, requested_at=at, **{**known, **fields}
    )


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_start_leads_to_the_project_that_was_shown_last(demo):
    ada = signed_in("ada")
    people.create_project("zoo", "Zoo", person("ada"))
    assert ada.get("/")["Location"] == "/projects/demo/"
    ada.get("/projects/zoo/")
    assert ada.get("/")["Location"] == "/projects/zoo/"


def test_who_is_in_no_project_is_told_whom_to_ask(demo):
    User.objects.create_user("nina")
    page = signed_in("nina").get("/").content.decode()
    assert "No project yet" in page
    assert "nina" in page


def test_an_empty_project_shows_the_first_steps(demo_with_flows):
    page = signed_in("ada").get("/projects/demo/").content.decode()
    assert "No runs yet" in page
    assert "/projects/demo/flows/customer-support/launch/" in page


def test_the_first_steps_offer_a_waiting_run_only_while_it_waits(demo_with_flows):
    ada = signed_in("ada")
    run = store_run(demo_with_flows, person("ada"), clock.now(), flow="customer-support", status="waiting")
    item = asked(demo_with_flows, run.id, ["role:reviewer"])
    waiting = f'href="/runs/{run.public_id}/">Open the waiting run'
    assert waiting in ada.get("/projects/demo/").content.decode()
    Decision.objects.create(approval=item, by=person("ada"), decision="approve", at=0)
    Run.objects.filter(pk=run.pk).update(status="succeeded")
    for address in ("/projects/demo/", "/projects/demo/welcome/"):
        page = ada.get(address).content.decode()
        assert "Open the waiting run" not in page
        assert 'href="/projects/demo/approvals/?show=decided">See what was decided' in page


def test_a_course_counts_by_hour_and_says_what_governance_stopped(demo):
    period = Period.named("today", NOON)
    for hour, status, more in (
        (0, "succeeded", {}),
        (0, "failed", {}),
        (11, "failed", {"error": '{"code":"denied","message":"No."}'}),
        (12, "running", {}),
    ):
        store_run(demo, None, period.start + hour * HOUR + MICROS, status=status, **more)
    store_run(demo, None, period.start - MICROS, status="failed")
    found = insights_today.course(demo, period)
    assert found.launched == (2, *[0] * 10, 1, 1, *[0] * 11)
    assert found.failed == (1, *[0] * 10, 1, *[0] * 12)
    assert (found.total, found.succeeded, found.blocked) == (4, 1, 1)
    assert found.success_rate == pytest.approx(1 / 3, abs=1e-4)


def test_runs_below_runs_are_not_counted_twice(demo):
    period = Period.named("7d", NOON)
    above = store_run(demo, None, NOON - HOUR)
    store_run(demo, None, NOON - HOUR + 1000, parent_id=above.id, parent_node="each", environment="x")
    assert insights_today.course(demo, period).launched == (0, 0, 0, 0, 0, 0, 1)


def test_test_runs_say_nothing_of_what_is_live(demo):
    store_run(demo, None, NOON - HOUR, trigger="test", version=0, status="failed")
    assert insights_today.course(demo, Period.named("today", NOON)).total == 0


def test_a_typical_day_is_the_mean_of_the_seven_before(demo):
    period = Period.named("today", NOON)
    for days in range(1, 8):
        store_run(demo, None, period.start - days * 24 * HOUR + 9 * HOUR)
    store_run(demo, None, period.start + 9 * HOUR)
    typical = insights_today.typical_day(demo, period)
    assert typical[9] == 1
    assert sum(typical) == 1
    assert insights_today.typical_day(demo, Period.named("today", NOON - 30 * 24 * HOUR)) == ()


def test_spend_is_that_of_the_days_and_goes_on_at_its_pace(demo):
    today = datetime.fromtimestamp(NOON / MICROS, UTC).date()
    for days, cost in ((0, 25_000_000_000), (6, 4_000_000_000), (7, 1_000_000_000)):
        Spend.objects.create(project=demo, day=today - timedelta(days=days), flow="f", cost=cost)
    day, week = Period.named("today", NOON), Period.named("7d", NOON)
    assert insights_today.spent(demo, day) == 25_000_000_000
    assert insights_today.spent(demo, week) == 29_000_000_000
    assert insights_today.forecast(25_000_000_000, day) == 48_000_000_000
    assert insights_today.forecast(25_000_000_000, week) is None
    assert insights_today.forecast(0, day) is None


def test_the_slowest_of_twenty_is_the_p95(demo):
    period = Period.named("today", NOON)
    for seconds in range(1, 21):
        at = period.start + seconds * MICROS
        store_run(demo, None, at, started_at=at, finished_at=at + seconds * MICROS)
    assert insights_today.p95_s(demo, period) == 19


def test_only_what_one_can_decide_waits_for_one(demo):
    rita, names = person("rita"), frozenset({"role:reviewer", "user:rita"})
    late = asked(demo, 1, ["role:reviewer"], due_at=2_000)
    soon = asked(demo, 2, ["user:rita"], due_at=1_000)
    asked(demo, 3, ["role:admin"])
    asked(demo, 4, ["user:rita"], four_eyes=True, launched_by=rita)
    said = asked(demo, 5, ["user:rita"], quorum=2)
    Decision.objects.create(approval=said, by=rita, decision="approve", at=0)
    asked(demo, 6, ["user:rita"], status="approved")
    whenever = asked(demo, 7, ["user:rita"])
    assert insights_today.waiting_for(demo, rita, names) == [soon, late, whenever]


def test_the_home_says_what_waits_and_what_is_past_its_time(demo):
    store_run(demo, person("ada"), clock.now())
    asked(demo, 1, ["role:reviewer"], due_at=1_000, title="Refund $129.00")
    assert "1 past its time" in words(signed_in("rita").get("/projects/demo/").content.decode())
    page = words(signed_in("ben").get("/projects/demo/").content.decode())
    assert "Nothing waits for you." in page
    assert "Refund $129.00" not in page


def test_hostile_titles_and_inputs_are_text(demo):
    store_run(demo, person("ada"), clock.now(), input={"m": "<img src=x onerror=alert(1)>"})
    asked(demo, 1, ["role:admin"], title="<script>alert(2)</script>")
    page = signed_in("ada").get("/projects/demo/").content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<script>alert(2)" not in page


@pytest.mark.parametrize(
    ("period", "heading"), [("today", "Runs per hour"), ("7d", "Runs per day"), ("x", "Runs per hour")]
)
def test_the_period_stands_in_the_address(demo, period, heading):
    store_run(demo, person("ada"), clock.now())
    assert heading in signed_in("ada").get(f"/projects/demo/?period={period}").content.decode()


def test_the_chart_says_what_it_shows(demo):
    store_run(demo, person("ada"), clock.now(), status="failed")
    page = signed_in("ada").get("/projects/demo/").content.decode()
    assert re.search(
        r'role="img" aria-label="Runs per hour today: 1 runs, 1 failed, at most 1 at \d\d:00"', page
    )


def test_htmx_gets_the_live_part_alone(demo):
    store_run(demo, person("ada"), clock.now())
    part = fragment(signed_in("ada"), "/projects/demo/?period=7d").content.decode()
    assert part.lstrip().startswith('<div id="home-live"')
    assert 'hx-get="/projects/demo/?period=7d"' in part
    assert "<html" not in part


def test_the_home_asks_as_many_questions_for_many_runs_as_for_one(demo):
    ada = signed_in("ada")
    store_run(demo, person("ada"), clock.now())
    asked(demo, 1, ["role:admin"])
    few = questions(ada)
    store_history(demo, person("ada"), 300, clock.now() - HOUR)
    for number in range(30):
        asked(demo, ids.new_id(), ["role:reviewer"], title=f"More {number}")
    assert questions(ada) == few <= 24


def questions(client) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/projects/demo/").status_code == 200
    return len(queries)
