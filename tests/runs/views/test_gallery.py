"""The gallery's pages: starters with their pictures, and using one."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from flows import gallery
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


def test_who_looks_for_it_among_the_flows_finds_it(demo):
    sought = "/projects/demo/flows/gallery/"
    assert signed_in("ben").get(sought)["Location"] == GALLERY
    assert signed_in("sam").get(sought).status_code == 404
    Document.objects.create(project=demo, kind="flow", slug="gallery")
    assert signed_in("ben").get(sought).status_code == 200


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("", list(gallery.starters())),
        ("?topic=Finance", ["invoice-processing", "monthly-close", "financial-analysis"]),
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
    assert page.count('role="img" aria-label="Picture of ') == len(gallery.starters()) >= 10
    assert "Picture of Content pipeline. 10 nodes: Start, Research, Outline" in page
    assert page.count("runs offline") >= 10
    assert "You learn How a router picks a specialist" in words(page)
    assert "style=" not in page.partition("<main")[2]


def test_the_starters_stand_in_groups_by_level(demo):
    page = html_of(signed_in("ada").get(GALLERY))
    heads = re.findall(r'<h2 id="level-\d">(Level \d: [^<]+)</h2>', page)
    assert heads == [
        "Level 1: One step at a time",
        "Level 2: Rules and people decide",
        "Level 3: Side by side",
        "Level 4: A supervisor leads",
        "Level 5: Equals at a table",
    ]
    assert page.index("Level 1:") < page.index("gallery/content-pipeline/") < page.index("Level 2:")


def test_a_viewer_reads_what_a_starter_teaches_and_who_takes_part(demo):
    page = html_of(signed_in("ben").get(GALLERY + "code-review/"))
    said = words(page)
    assert "Level 3: Side by side" in said
    assert "the first look is 0.97 sure that it is trivial" in said
    assert "Security reviewer agent Looks for what an attacker could use in a change." in said
    assert "Post a review tool Posts a review with its verdict as one comment on a change." in said
    assert "Using a starter takes the role author or admin here." in said
    assert "Use this flow" not in said


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
    assert "In this project: Customer support . Another copy gets a number." in said
    assert "Use another copy" in said
    gallery = html_of(signed_in("ada").get(GALLERY))
    open_links = re.findall(r'href="([^"]+)" aria-label="Open ([^"]+)"', gallery)
    assert sorted(open_links) == [
        ("/projects/demo/flows/content-pipeline/", "Content pipeline"),
        ("/projects/demo/flows/customer-support/", "Customer support"),
        ("/projects/demo/flows/invoice-processing/", "Invoice processing"),
    ]


def test_using_a_starter_publishes_it_and_leads_to_its_launch(demo):
    ada = signed_in("ada")
    answer = ada.post(SUPPORT)
    assert answer["Location"] == "/projects/demo/flows/customer-support/launch/"
    page = html_of(ada.get(answer["Location"]))
    made = Document.objects.filter(project=demo).count()
    assert (
        f"Customer support is here and published. New documents: {made}. Used as they were here: 0." in page
    )
    assert "Billing: the charge was refunded before, so nothing is done." in page
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


def test_an_author_cannot_make_the_provider_play_more_and_is_told_so(demo_with_flows):
    kim = author(demo_with_flows)
    page = html_of(kim.get(GALLERY + "competitive-analysis/"))
    assert "adds to the provider “simulated”, and that takes the role admin here." in page
    assert "Simulated model (scripted) provider simulated plays more" in words(page)
    assert kim.post(GALLERY + "competitive-analysis/").status_code == 403


def test_an_author_cannot_add_a_policy_and_is_told_so(demo):
    hosted = {"kind": "provider", "slug": "simulated", "type": "openai", "api_key": "sk-test"}
    documents.create_and_publish(demo, "provider", "simulated", hosted, None)
    kim = author(demo)
    page = html_of(kim.get(GALLERY + "code-review/"))
    assert "adds the policy “reviews-by-the-flow”, and that takes the role admin here." in page
    assert kim.post(GALLERY + "code-review/").status_code == 403
    assert signed_in("ada").post(GALLERY + "code-review/").status_code == 302


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
