"""The page of the adviser: it works without script, its address holds the answers, and its links lead somewhere."""

import re

import pytest

from flows import gallery
from flows.patterns import PATTERNS
from governance import documents, people
from governance.models import Document
from tests.runs.views.people import signed_in

PAGE = "/projects/demo/adviser/"
ROUTER = "?work=kinds&order=known&depend=apart&agree=nobody&pace=many"
ALIKE = "?work=alike&order=known&depend=apart&agree=nobody&pace=many"


def text(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def ada(demo):
    return signed_in("ada")


def test_five_questions_are_asked_and_nothing_is_advised_yet(ada):
    page = text(ada.get(PAGE))
    assert page.count("<legend>") == 5
    assert len(re.findall(r'type="radio"[^>]*required', page)) == 15
    assert 'id="advice"' not in page


def test_the_address_gives_the_advice_with_its_costs_its_runner_up_and_its_links(ada):
    page = text(ada.get(PAGE + ROUTER))
    assert "Router with specialists</h2>" in page
    for respect in (
        "Finding out what went wrong",
        "Meeting cases nobody foresaw",
        "Time until",
        "Building and keeping",
    ):
        assert respect in page
    assert page.count("checked>") == 5
    assert re.search(
        r"Runner-up:</b> <a [^>]*>One agent is enough</a>, if only a handful of cases came a day\.", page
    )
    assert 'href="/projects/demo/gallery/customer-support/"' in page
    assert 'href="/projects/demo/flows/new/"' in page
    assert 'action="/projects/demo/adviser/router/"' in page


def test_one_agent_is_enough_where_all_is_alike(ada):
    page = text(ada.get(PAGE + ALIKE))
    assert "One agent is enough</h2>" in page
    assert 'href="/projects/demo/gallery/invoice-processing/"' in page


@pytest.mark.parametrize("query", [ROUTER, ALIKE, ALIKE.replace("pace=many", "pace=instant")])
def test_every_link_of_the_advice_leads_to_what_it_names(ada, query):
    page = text(ada.get(PAGE + query))
    ways = re.findall(r'href="(\?work=[^"#]*)#advice">([^<]*)</a>', page)
    assert ways
    for address, title in ways:
        assert f"{title}</h2>" in text(ada.get(PAGE + address.replace("&amp;", "&")))
    for slug in re.findall(r"/gallery/([a-z-]+)/", page):
        assert slug in gallery.starters()


def test_missing_and_foreign_answers_are_asked_for_again(ada):
    page = text(ada.get(PAGE + "?work=kinds&order=sometimes&pace=<script>"))
    assert "Some answers are missing." in page
    assert page.count("Choose the answer that comes nearest.") == 4
    assert "<script>" not in page.partition("<main")[2].partition("</main>")[0]
    assert page.count("checked>") == 1


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_is_created_in_one_step_and_opens_in_the_builder(ada, demo, pattern):
    answer = ada.post(f"{PAGE}{pattern}/")
    assert answer.status_code == 302
    made = Document.objects.get(project=demo, kind="flow")
    assert answer["Location"] == f"/projects/demo/flows/{made.slug}/"
    assert made.active is not None
    page = text(ada.get(answer["Location"]))
    assert "is here and published, with the agents" in page
    assert "No problems: this can be published." in page


def test_a_pattern_that_is_created_twice_shares_its_agents(ada, demo):
    for slug in ("worker-and-controller", "worker-and-controller-2"):
        assert ada.post(f"{PAGE}controller/")["Location"].endswith(f"/flows/{slug}/")
    assert Document.objects.filter(project=demo, kind="agent").count() == 2
    assert ada.post(f"{PAGE}supervisor/").status_code == 302
    assert [provider.slug for provider in Document.objects.filter(project=demo, kind="provider")] == [
        "simulated"
    ]


@pytest.mark.parametrize(
    ("who", "pattern", "status"),
    [("ben", "controller", 403), ("sam", "controller", 404), ("ada", "none", 404)],
)
def test_only_authors_create_a_pattern_that_there_is(demo, who, pattern, status):
    assert signed_in(who).post(f"{PAGE}{pattern}/").status_code == status
    assert not Document.objects.filter(project=demo, kind="flow").exists()


def test_an_author_who_may_not_change_providers_uses_the_one_that_is_there(ada, demo):
    ada.post(f"{PAGE}single/")
    people.add_member(demo, people.create_user("kim", None), ["author"], None)
    assert signed_in("kim").post(f"{PAGE}controller/").status_code == 302
    script = documents.content(documents.find(demo, "provider", "simulated"))["script"]
    assert [entry["when"]["agent"] for entry in script] == ["assistant"]


def test_members_read_it_strangers_do_not(demo):
    page = text(signed_in("ben").get(PAGE + ROUTER))
    assert "Router with specialists</h2>" in page
    assert "/flows/new/" not in page.partition("<main")[2]
    assert signed_in("sam").get(PAGE).status_code == 404


@pytest.mark.parametrize("path", ["flows/", "gallery/", "flows/new/"])
def test_it_is_offered_where_flows_begin(ada, path):
    assert f'href="{PAGE}"' in text(ada.get(f"/projects/demo/{path}"))
