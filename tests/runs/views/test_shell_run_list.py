"""The list of runs: filters in the address, pages by key, rows that say how it goes."""

import re

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from governance import clock
from governance.models import User
from runs.models import Run
from runs.views.shell.run_filters import RunFilters, with_status
from tests.runs.views.history import MICROS, store_history, store_run
from tests.runs.views.people import fragment, signed_in

pytestmark = pytest.mark.both_databases

RUNS = "/projects/demo/runs/"


def person(name: str) -> User:
    return User.objects.get(username=name)


def titles(answer) -> list[str]:
    return re.findall(r'<th scope="row" class="c-main"><a href="[^"]+">([^<]*)</a>', answer.content.decode())


def stored(project, title: str, **fields) -> Run:
    at = fields.pop("at", clock.now())
    return store_run(project, fields.pop("user", person("ada")), at, input={"message": title}, **fields)


@pytest.fixture
def four(demo):
    now = clock.now()
    stored(demo, "old", at=now - 3 * 86_400 * MICROS, environment="test")
    stored(
        demo, "failed", at=now - 3000 * MICROS, status="failed", flow="other", labels='{"ticket": "88214"}'
    )
    stored(demo, "waiting", at=now - 2000 * MICROS, status="waiting", user=person("rita"), finished_at=None)
    stored(demo, "queued", at=now - 1000 * MICROS, status="queued", environment="production")
    return demo


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["queued", "waiting", "failed", "old"]),
        ("status=failed", ["failed"]),
        ("status=failed,queued", ["queued", "failed"]),
        ("status=failed&status=waiting", ["waiting", "failed"]),
        ("status=nonsense", ["queued", "waiting", "failed", "old"]),
        ("flow=other", ["failed"]),
        ("user=rita", ["waiting"]),
        ("environment=production", ["queued"]),
        ("since=24h", ["queued", "waiting", "failed"]),
        ("q=88214", ["failed"]),
        ("since=24h&user=ada&status=queued,failed", ["queued", "failed"]),
        ("flow=nobody", []),
        ("q=%00", ["queued", "waiting", "failed", "old"]),
        ("before=nonsense", ["queued", "waiting", "failed", "old"]),
    ],
)
def test_the_address_says_which_runs_are_shown(four, query, expected):
    assert titles(signed_in("ben").get(f"{RUNS}?{query}")) == expected


def test_a_run_is_found_by_its_identifier(four):
    wanted = Run.objects.get(status="waiting")
    assert titles(signed_in("ben").get(f"{RUNS}?q={wanted.public_id.upper()}")) == ["waiting"]


def test_runs_below_runs_are_shown_on_request_alone(demo):
    above = stored(demo, "above")
    stored(demo, "below", at=clock.now() + 1000, parent_id=above.id, parent_node="each")
    assert titles(signed_in("ben").get(RUNS)) == ["above"]
    assert titles(signed_in("ben").get(f"{RUNS}?below=1")) == ["below", "above"]


def test_pages_go_older_and_newer_and_lose_nothing(demo):
    store_history(demo, person("ada"), 120, clock.now())
    ben, seen, address = signed_in("ben"), [], RUNS
    while address:
        answer = ben.get(address)
        seen.append(titles(answer))
        older = re.search(r'rel="next" href="([^"]+)"', answer.content.decode())
        last, address = address, older and RUNS + older[1].replace("&amp;", "&")
    assert [len(page) for page in seen] == [50, 50, 20]
    assert len({title for page in seen for title in page}) == 120
    newer = re.search(r'rel="prev" href="([^"]+)"', ben.get(last).content.decode())
    assert titles(ben.get(RUNS + newer[1])) == seen[1]


def test_pages_keep_the_filters(demo):
    store_history(demo, person("ada"), 120, clock.now())
    page = signed_in("ben").get(f"{RUNS}?flow=customer-support").content.decode()
    assert re.search(r'rel="next" href="\?flow=customer-support&amp;before=[0-9a-z]{13}"', page)


def test_rows_say_the_place_in_the_queue_the_fault_and_who_stopped_it(four):
    stored(four, "stopped", status="failed", error='{"code":"denied","message":"Card numbers stay here."}')
    page = signed_in("ben").get(RUNS).content.decode()
    assert "place 1" in page
    assert "The provider did not answer." in page
    assert 'data-status="blocked"' in page
    assert "Card numbers stay here." in page


def test_a_run_that_waits_for_its_time_does_not_ask_for_a_person(demo):
    stored(demo, "later", status="waiting", waiting='[{"kind":"timer"}]')
    stored(demo, "poor", status="waiting", waiting='[{"kind":"budget"}]', at=clock.now() + 1000)
    page = signed_in("ben").get(RUNS).content.decode()
    assert "Waiting for its time" in page
    assert "Waiting for budget" in page
    assert "Waiting for a person" not in page


def test_a_test_run_of_a_draft_says_so(demo):
    stored(demo, "tried", trigger="test", version=0, environment="test")
    page = signed_in("ben").get(RUNS).content.decode()
    assert '<span class="badge badge--mono">draft</span>' in page
    assert ">v0<" not in page


def test_a_run_of_somebody_who_is_gone_is_shown(demo):
    stored(demo, "orphan", user=None)
    assert titles(signed_in("ben").get(RUNS)) == ["orphan"]


def test_nothing_yet_and_nothing_that_fits_are_told_apart(demo):
    ben = signed_in("ben")
    assert "No runs yet" in ben.get(RUNS).content.decode()
    assert "No run fits these filters" in ben.get(f"{RUNS}?status=failed").content.decode()


def test_htmx_gets_the_table_alone_and_asks_again_while_something_goes_on(demo):
    stored(demo, "one")
    part = fragment(signed_in("ben"), f"{RUNS}?flow=customer-support").content.decode()
    assert part.lstrip().startswith("<section")
    assert 'hx-get="/projects/demo/runs/?flow=customer-support"' in part
    store_history(demo, person("ada"), 60, clock.now() - MICROS)
    last = Run.objects.order_by("-id")[5].public_id
    assert "data-poll" not in signed_in("ben").get(f"{RUNS}?before={last}").content.decode()


def test_a_filter_menu_leads_to_the_address_with_it(four):
    page = signed_in("ben").get(f"{RUNS}?flow=other").content.decode()
    assert 'href="?status=failed&amp;flow=other"' in page
    assert 'href="?flow=other&amp;user=rita"' in page
    assert "Flow: <b" in page


@pytest.mark.parametrize(
    "query", ["", "status=queued,failed", "flow=a&user=b&environment=c&since=7d&q=d+e&below=1"]
)
def test_filters_are_read_back_as_they_were_written(query):
    filters = RunFilters.of(QueryDict(query))
    assert filters.query == query
    assert RunFilters.of(QueryDict(filters.query)) == filters


def test_a_status_is_added_and_taken_away():
    one = with_status(RunFilters(), "failed")
    assert one.statuses == ("failed",)
    assert with_status(one, "queued").statuses == ("queued", "failed")
    assert with_status(one, "failed").statuses == ()


def test_a_hostile_filter_is_text(demo):
    page = signed_in("ben").get(f'{RUNS}?flow="><script>x</script>&q="><b>').content.decode()
    assert "<script>x" not in page
    assert 'value=""><b>' not in page


def test_the_list_asks_as_many_questions_for_fifty_rows_as_for_two(demo):
    stored(demo, "queued", status="queued")
    stored(demo, "running", status="running", finished_at=None)
    few = questions()
    store_history(demo, person("ada"), 200, clock.now() - MICROS)
    for place in range(20):
        stored(demo, "queued", status="queued", at=clock.now() + place * 1000)
    assert questions() == few <= 18


def questions() -> int:
    ben = signed_in("ben")
    with CaptureQueriesContext(connection) as queries:
        assert ben.get(RUNS).status_code == 200
    return len(queries)
