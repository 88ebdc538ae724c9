"""The gallery's pages: starters with their pictures, and using one."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import documents, people
from governance.models import Document, Membership, User
from runs.models import Run
from tests.runs.views.people import signed_in

GALLERY = "/projects/demo/gallery/"
SUPPORT = GALLERY + "customer-support/"


def html_of(answer) -> str:
    return answer.content.decode()


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def starters_on(page: str) -> list[str]:
    return re.findall(r'<h3><a href="/projects/demo/gallery/([a-z-]+)/"', page)


def author(project, name: str = "kim"):
    people.add_member(project, people.create_user(name, None), ["author"], None)
    return signed_in(name)


@pytest.mark.parametrize("address", [GALLERY, SUPPORT])
@pytest.mark.parametrize(("who", "status"), [("ada", 200), ("ben", 200), ("rita", 200), ("sam", 404)])
def test_members_see_it_and_strangers_nothing(demo, address, who, status):
    assert signed_in(who).get(address).status_code == status


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("", ["content-pipeline", "customer-support", "invoice-processing"]),
        ("?topic=Finance", ["invoice-processing"]),
        ("?q=REFUND", ["customer-support"]),
        ("?q=nothing+like+it", []),
        ("?q=%00", []),
    ],
)
def test_the_address_filters(demo, query, slugs):
    page = html_of(signed_in("ada").get(GALLERY + query))
    assert starters_on(page) == slugs
    assert slugs or "No starter matches" in page


def test_each_starter_has_a_picture_in_words_and_says_what_it_teaches(demo):
    page = html_of(signed_in("ada").get(GALLERY))
    assert page.count('role="img" aria-label="Picture of ') == 3
    assert "Picture of Content pipeline. 8 nodes: Start, Research" in page
    assert page.count("runs offline") >= 3
    assert "You learn How a router picks a specialist" in words(page)
    assert "style=" not in page.partition("<main")[2]


def test_one_starter_shows_its_inputs_and_what_it_adds(demo):
    page = html_of(signed_in("ada").get(SUPPORT))
    said = words(page)
    assert "I was charged twice for order 1042" in page
    assert "Customer support flow customer-support new" in said
    assert "Simulated model (scripted) provider simulated new" in said
    assert "Use this flow" in said


def test_what_is_here_already_is_said(demo_with_flows):
    said = words(html_of(signed_in("ada").get(SUPPORT)))
    assert "Customer support 2 flow customer-support-2 new, under a number" in said
    assert "Support router agent support-router is here already" in said


def test_using_a_starter_publishes_it_and_leads_to_its_launch(demo):
    ada = signed_in("ada")
    answer = ada.post(SUPPORT)
    assert answer["Location"] == "/projects/demo/flows/customer-support/launch/"
    page = html_of(ada.get(answer["Location"]))
    assert "Customer support is here and published: 10 documents are new, 0 were here already." in page
    assert ada.post(answer["Location"], {"input/message": "Hello"}).status_code == 302
    assert Run.objects.get().flow == "customer-support"


def test_a_numbered_copy_has_the_starters_samples_too(demo_with_flows):
    ada = signed_in("ada")
    answer = ada.post(SUPPORT)
    assert answer["Location"] == "/projects/demo/flows/customer-support-2/launch/"
    assert "?sample=refund" in html_of(ada.get(answer["Location"]))


@pytest.mark.parametrize(("who", "status"), [("ben", 403), ("rita", 403), ("sam", 404)])
def test_only_authors_use_a_starter(demo, who, status):
    assert signed_in(who).post(SUPPORT).status_code == status
    assert Document.objects.count() == 0


def test_an_author_cannot_add_a_provider_and_is_told_so(demo):
    kim = author(demo)
    page = html_of(kim.get(SUPPORT))
    sentence = "Using this starter adds the provider “simulated”, and that takes the role admin here."
    assert sentence in page
    assert "Use this flow" not in page
    answer = kim.post(SUPPORT)
    assert answer.status_code == 403
    assert sentence in html_of(answer)
    assert Document.objects.count() == 0


def test_an_author_uses_a_starter_whose_provider_is_there(demo_with_flows):
    assert author(demo_with_flows).post(SUPPORT).status_code == 302
    assert documents.find(demo_with_flows, "flow", "customer-support-2").number == 1


def test_an_unknown_starter_is_a_404(demo):
    ada = signed_in("ada")
    assert ada.get(GALLERY + "nothing/").status_code == 404
    assert ada.post(GALLERY + "nothing/").status_code == 404


def test_the_pages_ask_the_database_a_fixed_number_of_times(demo_with_flows):
    ada = signed_in("ada")
    counts = []
    for _ in range(2):
        for address in (GALLERY, SUPPORT):
            with CaptureQueriesContext(connection) as captured:
                assert ada.get(address).status_code == 200
            counts.append(len(captured))
        ada.post(SUPPORT)
        User.objects.create_user(f"more{len(counts)}")
        Membership.objects.count()
    assert counts[:2] == counts[2:]
    assert max(counts) <= 12
