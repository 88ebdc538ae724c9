"""The page of a run without script: who sees it, what it says, and what it costs to draw."""

import html
import json
import re

import pytest
from asgiref.sync import async_to_sync

from governance import documents
from runs.models import Event, Run, Step
from tests.runs.views.journals import lengthen, replay
from tests.runs.views.people import fragment, signed_in


@pytest.fixture
def run(demo_with_flows) -> Run:
    """Billing waits for a reviewer: may the refund be made?"""
    return replay(demo_with_flows, ada(demo_with_flows), "refund-waiting")


@pytest.fixture
def retried(demo_with_flows) -> Run:
    """The technical specialist's first call failed, the second one did not."""
    return replay(demo_with_flows, ada(demo_with_flows), "fault-retried")


def ada(project):
    return project.memberships.get(user__username="ada").user


def address(run: Run, path: str = "") -> str:
    return f"/runs/{run.public_id}/{path}"


def text_of(answer) -> str:
    """What a person reads, with spaces evened out."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def state_of(answer) -> dict:
    found = re.search(
        r'<script id="run-state" type="application/json">(.*?)</script>', answer.content.decode()
    )
    return json.loads(found[1])


def test_it_says_what_the_run_is_about_and_what_it_waits_for(run):
    said = text_of(signed_in("ada").get(address(run)))
    assert "I was charged twice for order 1042: ch_9001 and ch_9002. Waiting Customer support v1" in said
    assert "Cost of $0.50 cap $0.0023" in said
    nodes = documents.content(documents.find(run.project, "flow", "customer-support"))["nodes"]
    assert f"Steps 2 of {len(nodes) - 2} · 2 skipped" in said
    assert (
        "May create-refund be called? “Billing specialist” waits for a person. To decide: reviewer. Review it"
        in said
    )


def test_a_stranger_finds_nothing_at_any_of_its_addresses(run):
    sam = signed_in("sam")
    paths = (
        "",
        "about/",
        "head/",
        "steps/",
        "steps/billing/1/",
        "steps/billing/1/calls/",
        "events/?before=9",
    )
    paths += ("journal/", "cancellation/", "retries/", "forks/")
    assert {path: sam.get(address(run, path)).status_code for path in paths} == dict.fromkeys(paths, 404)


def test_somebody_who_is_not_signed_in_is_asked_to(run, client):
    answer = client.get(address(run))
    assert (answer.status_code, answer["Location"]) == (302, f"/sign-in/?next=%2Fruns%2F{run.public_id}%2F")


def test_a_viewer_sees_everything_but_no_form(run):
    page = signed_in("ben").get(address(run)).content.decode()
    main = page[page.index('<main id="main"') : page.index("</main>")]
    assert "Billing specialist" in main
    assert "<form" not in main
    assert "This is for role:reviewer to decide." in main
    assert 'data-act="cancel"' not in page


def test_the_steps_stand_there_without_script_each_with_a_link(run):
    page = signed_in("ada").get(address(run)).content.decode()
    links = re.findall(r'<tr data-status="(\w+)">.*?<a href="([^"]+)"', page)
    base = address(run)
    assert links == [
        ("succeeded", f"{base}steps/start/1/"),
        ("succeeded", f"{base}steps/classify/1/"),
        ("waiting", f"{base}steps/billing/1/"),
        ("skipped", f"{base}steps/sales/1/"),
        ("skipped", f"{base}steps/technical/1/"),
    ]


def test_what_the_run_itself_asked_for_is_no_step_anywhere_on_its_page(run):
    Step.objects.create(run=run, node="", iteration=1, status="waiting", started_seq=1, finished_seq=2)
    answer = signed_in("ada").get(address(run))
    page = answer.content.decode()
    assert " Steps 2 of 15 · 2 skipped " in text_of(answer)
    assert f"{address(run)}steps//1/" not in page and len(re.findall(r'<tr data-status="', page)) == 5
    assert [row["node"] for row in state_of(answer)["rows"]] == [
        "start",
        "classify",
        "billing",
        "sales",
        "technical",
    ]
    assert "Billing specialist" in re.search(r'id="run-detail".*', page, re.DOTALL)[0]
    Step.objects.filter(run=run, node="").update(status="succeeded")
    assert " Steps 2 of 15 · 2 skipped " in text_of(signed_in("ada").get(address(run)))


def test_a_link_to_a_step_opens_the_page_with_it(run):
    answer = signed_in("ada").get(address(run, "steps/classify/1/"))
    page = answer.content.decode()
    assert 'data-selected="classify/1/"' in page
    assert "<h2>Which specialist?</h2>" in page
    assert "<title>" in page


@pytest.mark.parametrize(
    "path", ["steps/nobody/1/", "steps/billing/2/", "steps/billing/1/0/", "steps/billing/999999999/"]
)
def test_a_step_that_never_was_is_not_found(run, path):
    assert signed_in("ada").get(address(run, path)).status_code == 404


def test_an_item_number_beyond_every_database_is_not_found(run):
    assert signed_in("ada").get(address(run, f"steps/billing/1/{10**30}/")).status_code == 404


def test_the_first_state_for_the_script_is_that_of_one_moment(run):
    state = state_of(signed_in("ada").get(address(run)))
    assert (state["seq"], state["status"], state["cursor"]) == (35, "waiting", None)
    assert [row["node"] for row in state["rows"]] == ["start", "classify", "billing", "sales", "technical"]
    billing = state["rows"][2]
    assert (billing["status"], billing["cost"], billing["input"], billing["output"]) == (
        "waiting",
        2235000,
        590,
        76,
    )
    calls = [(event["type"], event["data"]["call"]) for event in state["calls"] if event["node"] == "billing"]
    assert ("tool.called", "billing.1/a5") in calls
    assert [event["seq"] for event in state["log"]] == list(range(35, 0, -1))


def test_the_state_holds_no_prompt_no_argument_and_no_output(run):
    state = state_of(signed_in("ada").get(address(run)))
    held = {name for event in [*state["calls"], *state["log"]] for name in event["data"]}
    assert held & {"prompt", "response", "arguments", "output", "input", "fingerprint"} == set()


def test_hostile_text_is_shown_as_text(demo_with_flows):
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    run = replay(demo_with_flows, ada(demo_with_flows), "refund-waiting", environment=evil[:60])
    first = Event.objects.get(run=run, seq=1)
    Event.objects.filter(run=run, seq=1).update(
        data=first.data.replace("I was charged", json.dumps(evil)[1:-1])
    )
    finished = Event.objects.get(run=run, seq=13)
    data = json.loads(finished.data) | {"output": {evil: evil}}
    Event.objects.filter(run=run, seq=13).update(data=json.dumps(data))
    for path in ("", "about/", "steps/classify/1/?tab=data", "steps/classify/1/?tab=raw"):
        page = signed_in("ada").get(address(run, path)).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;img src=x onerror=alert(2)&gt;" in page


@pytest.mark.parametrize(("steps", "queries"), [(0, 29), (3000, 28), (6000, 28)])
def test_the_page_asks_the_same_number_of_questions_however_long_the_run(
    run, steps, queries, django_assert_num_queries
):
    lengthen(run, steps)
    client = signed_in("ada")
    with django_assert_num_queries(queries):
        answer = client.get(address(run))
    assert answer.status_code == 200
    assert len(state_of(answer)["rows"]) == min(100, 5 + steps)


def test_the_script_reads_the_other_steps_page_by_page_without_a_gap(run):
    lengthen(run, 1203)
    client = signed_in("ada")
    state = state_of(client.get(address(run)))
    rows, cursor = state["rows"], state["cursor"]
    while cursor:
        place, node, iteration, item = cursor
        query = f"steps/?place={place}&node={node}&iteration={iteration}&item={item}"
        found = client.get(address(run, query)).json()
        assert found["seq"] == run.seq
        rows, cursor = rows + found["rows"], found["cursor"]
    keys = [(row["node"], row["item"]) for row in rows]
    assert len(keys) == len(set(keys)) == 1208 == Step.objects.filter(run=run).count()
    assert state["calls"] is None


def test_without_script_later_steps_are_a_link_away(run):
    lengthen(run, 150)
    page = signed_in("ada").get(address(run)).content.decode()
    following = html.unescape(re.search(r'href="([^"]+)">Later steps', page)[1])
    later = signed_in("ada").get(following).content.decode()
    assert f"{address(run)}steps/reply/1/149/" in later
    assert f"{address(run)}steps/start/1/" not in later.partition("<tbody>")[2].partition("</tbody>")[0]


@pytest.mark.parametrize(
    "query", ["", "place=x&node=a&iteration=1&item=0", "place=1&node=a&iteration=&item=0"]
)
def test_a_wrong_cursor_is_not_found(run, query):
    assert signed_in("ada").get(address(run, f"steps/?{query}")).status_code == 404


def test_the_calls_of_a_step_come_alone(run):
    found = signed_in("ada").get(address(run, "steps/classify/1/calls/")).json()
    assert found["seq"] == 35
    assert [event["type"] for event in found["events"]] == [
        "policy.decided",
        "policy.decided",
        "model.called",
    ]


def test_the_log_goes_further_back(run):
    found = signed_in("ada").get(address(run, "events/?before=4")).json()
    assert [event["type"] for event in found["events"]] == ["run.started", "policy.decided", "run.created"]


def test_the_journal_is_a_file_of_json_lines(run):
    answer = signed_in("ben").get(address(run, "journal/"))
    lines = async_to_sync(read)(answer).decode().splitlines()
    assert answer["Content-Disposition"] == f'attachment; filename="run-{run.public_id}.jsonl"'
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, 36))
    assert json.loads(lines[12])["data"]["output"]["confidence"] == 0.94


async def read(answer) -> bytes:
    return b"".join([piece async for piece in answer.streaming_content])


def test_a_failed_run_names_the_cause_the_effect_and_the_way_out(retried):
    error = {
        "code": "budget_exceeded",
        "message": "The run's limit of $0.50 is used up.",
        "node": "technical",
        "iteration": 1,
    }
    Run.objects.filter(id=retried.id).update(status="failed", error=json.dumps(error), output=None)
    said = text_of(signed_in("ada").get(address(retried)))
    assert "The run's limit of $0.50 is used up. “Technical specialist” failed, so the run ended." in said
    assert "Raise the limit, then fork from this step" in said


def test_a_finished_run_opens_with_its_output_and_can_no_longer_be_cancelled(retried):
    answer = signed_in("ada").get(address(retried))
    said = text_of(answer)
    assert "The run Customer support v1 Succeeded Output" in said
    assert "Please try these in order: 1. Another socket." in said
    assert re.search(r'data-act="cancel"[^>]* hidden', answer.content.decode())


def test_the_script_asks_for_parts_of_the_page_and_gets_them_alone(run):
    ben = signed_in("ben")
    for path, start in (
        ("head/", "<header"),
        ("about/", '<div class="drawer__head"'),
        ("steps/start/1/", '<div class="drawer__head"'),
    ):
        part = fragment(ben, address(run, path)).content.decode().strip()
        assert part.startswith(start)
        assert "<html" not in part
