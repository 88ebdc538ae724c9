"""Pages of budgets: meters, what waits, the form, a limit that is set at once, and where the money went."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance import clock, documents, ids
from governance.models import Account, AuditEntry, Document, Project, Spend, User
from runs.models import Run
from tests.runs.views.people import fragment, signed_in
from tests.runs.views.registry_scene import sent_by

BUDGETS = "/projects/demo/budgets/"
TODAY = datetime.fromtimestamp(clock.now() / 1_000_000, UTC).date()
DOLLAR = 1_000_000_000


def publish(project: Project, slug: str = "day", **said) -> Document:
    body = {"kind": "budget", "slug": slug, "subject": "project", "limit_usd": 10, "period": "day", **said}
    documents.create_and_publish(project, "budget", slug, body, User.objects.get(username="ada"))
    return Document.objects.get(project=project, kind="budget", slug=slug)


def spent(project: Project, nanos: int, **said) -> None:
    row = {
        "flow": "essay",
        "agent": "writer",
        "user": "ada",
        "model": "simulated/large",
        "day": TODAY,
        **said,
    }
    Spend.objects.create(project=project, cost=nanos, input_tokens=900, output_tokens=100, calls=3, **row)


def waits(project: Project, slug: str) -> Run:
    number = ids.new_id()
    wait = {"kind": "budget", "node": "draft", "iteration": 1, "item": None, "until": None}
    wait["id"] = f"budget:{slug}:project/:{TODAY}"
    return Run.objects.create(
        id=number,
        project=project,
        flow="essay",
        version=1,
        status="waiting",
        waiting=json.dumps([wait], separators=(",", ":")),
        trace_id="0" * 32,
        root_id=number,
        created_at=clock.now(),
    )


def page(username: str, address: str = BUDGETS) -> str:
    answer = signed_in(username).get(address)
    assert answer.status_code == 200
    return answer.content.decode().partition("<main")[2].partition("</main>")[0]


def words(html: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", html).split())


def body_of(slug: str = "day") -> dict:
    return documents.content(Document.objects.select_related("active").get(kind="budget", slug=slug).active)


def test_a_meter_says_what_was_spent_of_what_and_what_happens_at_the_limit(demo):
    publish(demo, name="A day of it", warn_at=0.75, on_exceed="pause")
    spent(demo, 4 * DOLLAR)
    html = page("ben")
    assert '<rect width="40.00%" rx="3"/>' in html
    assert '<rect class="meter__tick" x="75.00%" width="1.5"/>' in html
    assert 'aria-label="Demo: 40% spent"' in html
    assert "$4.00 of $10.00 40%" in words(html)
    assert "at the limit: the run waits · warns at 75%" in words(html)
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    assert f'datetime="{tomorrow}T00:00:00.000Z"' in html


def test_what_calls_under_way_hold_is_drawn_beside_what_was_spent(demo):
    publish(demo)
    Account.objects.create(
        key=f"budget:{demo.pk}/day:project/:{TODAY}", limit=10 * DOLLAR, spent=2 * DOLLAR, reserved=3 * DOLLAR
    )
    html = page("ben")
    assert '<rect class="meter__fc" width="50.00%"/><rect width="20.00%" rx="3"/>' in html
    assert "$2.00 of $10.00 $3.00 held" in words(html)


@pytest.mark.parametrize(
    ("nanos", "status", "said"),
    [
        (1, "accent", "&lt;1%"),
        (7_999_999_999, "accent", "79%"),
        (8_000_000_000, "waiting", "80% over the warning"),
        (9_999_999_999, "waiting", "99% over the warning"),
        (10_000_000_000, "failed", "Used up"),
        (12_000_000_000, "failed", "Used up"),
    ],
)
def test_the_state_is_told_by_words_and_never_rounded_up(demo, nanos, status, said):
    publish(demo, warn_at=0.8)
    spent(demo, nanos)
    html = page("ben")
    assert f'<svg class="meter meter--lg" data-status="{status}"' in html
    assert said in words(html)


def test_each_agent_flow_and_person_has_a_row_of_its_own_the_fullest_first(demo):
    for subject in ("agent", "flow", "user"):
        publish(demo, f"{subject}s", subject=subject, limit_usd=5)
    spent(demo, DOLLAR, agent="writer", user="ben", flow="essay")
    spent(demo, 3 * DOLLAR, agent="editor", user="rita", flow="review")
    said = words(page("ben")).partition("All budgets")[0]
    assert "Agents agents $5.00 a day" in said
    assert said.index("editor a day $3.00 of $5.00 60%") < said.index("writer a day $1.00 of $5.00 20%")
    assert "rita a day $3.00 of $5.00 60%" in said
    assert "review a day $3.00 of $5.00 60%" in said


def test_the_page_of_a_budget_shows_the_accounts_that_the_list_leaves_out(demo):
    publish(demo, "agents", subject="agent")
    for number in range(9):
        spent(demo, (number + 1) * DOLLAR, agent=f"agent-{number}")
    assert "and 4 more" in words(page("ben"))
    assert "agent-0 a day" not in words(page("ben")).partition("All budgets")[0]
    assert "agent-0 a day $1.00 of $10.00 10%" in words(page("ben", f"{BUDGETS}agents/"))


def test_runs_that_wait_are_named_with_a_link(demo):
    publish(demo, name="Daily", on_exceed="pause")
    spent(demo, 10 * DOLLAR)
    run = waits(demo, "day")
    html = page("ben")
    assert f'href="/runs/{run.public_id}/"' in html
    assert "Daily: nothing is left of $10.00 for Demo. 1 run waits:" in words(html)
    assert f'href="/runs/{run.public_id}/"' in page("ben", f"{BUDGETS}day/")
    assert "Runs that wait for it 1" in words(page("ben", f"{BUDGETS}day/"))


def test_runs_of_other_projects_and_other_waits_are_not_shown(demo):
    publish(demo, on_exceed="pause")
    elsewhere = waits(Project.objects.get(slug="elsewhere"), "day")
    other = waits(demo, "another-budget")
    html = page("ben") + page("ben", f"{BUDGETS}day/")
    assert elsewhere.public_id not in html
    assert other.public_id not in html


def test_a_limit_is_raised_at_once_and_says_who_goes_on(demo):
    publish(demo, on_exceed="pause", warn_at=0.5)
    waits(demo, "day")
    ada = signed_in("ada")
    answer = ada.post(f"{BUDGETS}day/limit/", {"raise-limit_usd": "12.5", "live": "1"})
    assert answer["Location"] == f"{BUDGETS}day/"
    assert body_of() == {
        "kind": "budget",
        "slug": "day",
        "subject": "project",
        "limit_usd": 12.5,
        "period": "day",
        "on_exceed": "pause",
        "warn_at": 0.5,
    }
    told = words(ada.get(f"{BUDGETS}day/").content.decode())
    assert "The limit is $12.50 from now on." in told
    assert "1 run that waited for it goes on within 5 seconds, where it fits now." in told
    assert AuditEntry.objects.get(
        action="budget.publish", object="budget/day", actor="ada", data__contains='"after": 2'
    )


def test_a_lowered_limit_promises_nothing_to_who_waits(demo):
    publish(demo)
    waits(demo, "day")
    ada = signed_in("ada")
    ada.post(f"{BUDGETS}day/limit/", {"raise-limit_usd": "2", "live": "1"})
    told = words(ada.get(f"{BUDGETS}day/").content.decode())
    assert "The limit is $2.00 from now on." in told
    assert "goes on within" not in told.partition("Where it stands")[0]


def test_a_limit_set_at_once_leaves_a_draft_with_other_changes_as_it_is(demo):
    document = publish(demo)
    documents.save_working_draft(demo, "budget", "day", {**body_of(), "period": "month"}, None)
    signed_in("ada").post(f"{BUDGETS}day/limit/", {"raise-limit_usd": "20", "live": "1"})
    document.refresh_from_db()
    assert (body_of()["limit_usd"], body_of()["period"]) == (20, "day")
    assert documents.draft(document)["period"] == "month"


def test_a_limit_is_not_set_on_a_version_that_was_not_seen(demo):
    publish(demo)
    publish(demo, limit_usd=30)
    answer = signed_in("ada").post(f"{BUDGETS}day/limit/", {"raise-limit_usd": "12", "live": "1"})
    assert answer.status_code == 409
    assert body_of()["limit_usd"] == 30


@pytest.mark.parametrize(
    "amount", ["-1", "", "NaN", "Infinity", "a lot", "1000001", "0.0000000001", "1" * 400]
)
def test_a_limit_that_cannot_be_is_refused_at_its_field(demo, amount):
    publish(demo)
    answer = signed_in("ada").post(f"{BUDGETS}day/limit/", {"raise-limit_usd": amount, "live": "1"})
    assert answer.status_code == 422
    assert 'id="id_raise-limit_usd_error"' in answer.content.decode()
    assert body_of()["limit_usd"] == 10


@pytest.mark.parametrize(("username", "status"), [("ben", 403), ("rita", 403), ("sam", 404)])
def test_only_admins_change_budgets(demo, username, status):
    publish(demo)
    client = signed_in(username)
    for address in ("day/", "day/limit/", "day/archival/", "day/restoration/", "new/"):
        sent = {"raise-limit_usd": "99", "live": "1", "document/limit_usd": "99"}
        assert client.post(BUDGETS + address, sent).status_code == status, address
    assert body_of()["limit_usd"] == 10
    assert Document.objects.get(kind="budget").archived_at is None


def test_a_reader_sees_no_form_and_a_stranger_nothing(demo):
    publish(demo)
    assert "<form" not in page("ben", f"{BUDGETS}day/")
    for address in (BUDGETS, f"{BUDGETS}day/", f"{BUDGETS}new/"):
        assert signed_in("sam").get(address).status_code == 404


def test_a_budget_is_made_edited_published_archived_and_brought_back(demo):
    ada = signed_in("ada")
    sent = {
        "new/name": "Project a day",
        "new/subject": "project",
        "new/limit_usd": "25",
        "new/period": "day",
        "new/on_exceed": "pause",
    }
    answer = ada.post(f"{BUDGETS}new/", sent)
    assert answer["Location"] == f"{BUDGETS}project-a-day/", words(answer.content.decode())
    at = answer["Location"]
    html = ada.get(at).content.decode()
    assert "It limits nothing yet: publish it first." in html
    form = sent_by(html)
    form["document/warn_at"] = ["0.9"]
    assert ada.post(at, form)["Location"] == at
    shown = ada.get(f"{at}publication/").content.decode()
    assert ada.post(f"{at}publication/", sent_by(shown, f'action="{at}publication/"')).status_code == 302
    assert body_of("project-a-day")["warn_at"] == 0.9
    assert body_of("project-a-day")["limit_usd"] == 25
    assert ada.post(f"{at}archival/")["Location"] == BUDGETS
    assert ada.get(at).status_code == 404
    assert ada.post(f"{at}restoration/")["Location"] == at
    assert ada.get(at).status_code == 200


def test_saving_a_draft_says_that_runs_wait_for_its_publication(demo):
    publish(demo, on_exceed="pause")
    waits(demo, "day")
    ada = signed_in("ada")
    form = sent_by(ada.get(f"{BUDGETS}day/").content.decode())
    form["document/limit_usd"] = ["40"]
    ada.post(f"{BUDGETS}day/", form)
    told = words(ada.get(f"{BUDGETS}day/").content.decode())
    assert (
        "1 run waits for this budget; it goes on within 5 seconds once a higher limit is published." in told
    )
    assert body_of()["limit_usd"] == 10


def test_no_field_of_a_form_changes_what_it_does_not_show(demo):
    publish(demo)
    ada = signed_in("ada")
    form = sent_by(ada.get(f"{BUDGETS}day/").content.decode())
    form |= {
        "document/kind": ["policy"],
        "document/slug": ["other"],
        "slug": ["other"],
        "document/spent": ["0"],
    }
    ada.post(f"{BUDGETS}day/", form)
    assert [(one.kind, one.slug) for one in Document.objects.filter(project=demo)] == [("budget", "day")]
    draft = documents.draft(Document.objects.get(project=demo))
    assert (draft["kind"], draft["slug"], "spent" in draft) == ("budget", "day", False)


def test_a_document_that_leaves_out_what_happens_shows_what_that_means(demo):
    publish(demo)
    assert sent_by(signed_in("ada").get(f"{BUDGETS}day/").content.decode())["document/on_exceed"] == ["block"]


def test_a_draft_in_the_making_breaks_no_page(demo):
    body = {
        "kind": "budget",
        "slug": "odd",
        "subject": ["x"],
        "limit_usd": "many",
        "period": {},
        "on_exceed": 5,
    }
    documents.save_working_draft(demo, "budget", "odd", {**body, "of": 7, "name": 3}, None)
    for address in (BUDGETS, f"{BUDGETS}odd/"):
        assert signed_in("ada").get(address).status_code == 200


def test_hostile_names_are_text(demo):
    publish(demo, "agents", subject="agent", name="<script>a()</script>", description="<img src=x>")
    spent(demo, DOLLAR, agent="<script>b()</script>", model="<b>m</b>")
    ada = signed_in("ada")
    for address in (BUDGETS, f"{BUDGETS}agents/", f"{BUDGETS}?by=model", f"{BUDGETS}?q=<script>c()"):
        html = ada.get(address).content.decode()
        assert [
            one for one in ("<script>a", "<script>b", "<script>c", "<img src", "<b>m") if one in html
        ] == []
    assert "&lt;script&gt;b()" in ada.get(BUDGETS).content.decode()


@pytest.mark.parametrize("by", ["agent", "flow", "user", "model"])
def test_the_sums_shown_are_the_ledgers_to_the_last_digit(demo, by):
    for number in range(40):
        said = {
            "agent": f"a{number}",
            "flow": f"f{number % 30}",
            "user": f"u{number}",
            "model": f"m/{number}",
        }
        spent(demo, 1_000_000_007 * number + 1, **said)
    spent(demo, 333, agent="", user="", model="")
    spent(demo, 5 * DOLLAR, day=TODAY - timedelta(days=1))
    table = page("ben", f"{BUDGETS}?by={by}").partition('id="spend"')[2]
    shown = [nanos(text) for text in re.findall(r'title="\$([\d,.]+)"', table)]
    assert sum(shown[:-1]) == shown[-1] == sum(1_000_000_007 * number + 1 for number in range(40)) + 333
    assert "Everything else" in table
    calls = [int(text.replace(",", "")) for text in re.findall(r'data-l="Calls">([\d,]+)<', table)]
    assert sum(calls[:-1]) == calls[-1] == 41 * 3


def nanos(text: str) -> int:
    whole, _, part = text.replace(",", "").partition(".")
    return int(whole) * DOLLAR + int(part)


def test_spend_is_shown_for_the_chosen_period_and_by_what_was_chosen(demo):
    spent(demo, DOLLAR, user="rita")
    spent(demo, 2 * DOLLAR, user="ben", day=TODAY - timedelta(days=6))
    spent(demo, 4 * DOLLAR, user="ada", day=TODAY - timedelta(days=29))
    totals = {
        period: words(page("ben", f"{BUDGETS}?by=user&period={period}").rpartition("Total")[2]).split()[-1]
        for period in ("today", "7d", "30d", "nonsense")
    }
    assert totals == {"today": "$1.00", "7d": "$3.00", "30d": "$7.00", "nonsense": "$1.00"}


def test_the_list_is_searched_also_by_htmx(demo):
    publish(demo, "first", name="Alpha")
    publish(demo, "second", name="Beta")
    part = fragment(signed_in("ben"), f"{BUDGETS}?q=alp").content.decode()
    assert part.lstrip().startswith("<section")
    assert ("Alpha" in part, "Beta" in part) == (True, False)
    assert "Nothing matches" in fragment(signed_in("ben"), f"{BUDGETS}?q=zeta").content.decode()


def test_more_budgets_accounts_and_waiting_runs_ask_no_more_questions(demo):
    ada = signed_in("ada")
    publish(demo, "agents", subject="agent")
    publish(demo, "project")
    spent(demo, DOLLAR)
    waits(demo, "project")
    before = [questions(ada, address) for address in (BUDGETS, f"{BUDGETS}agents/")]
    for number in range(12):
        publish(demo, f"b{number}", subject="agent" if number % 2 else "project")
        spent(demo, DOLLAR, agent=f"agent-{number}")
        waits(demo, f"b{number}")
    assert [questions(ada, address) for address in (BUDGETS, f"{BUDGETS}agents/")] == before


def questions(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)
