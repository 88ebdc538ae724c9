"""What holds for every page: who may see it, what it may load, that it has a name. New addresses are walked too."""

import re
from collections import Counter

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from flows import gallery
from governance import clock, people, tokens
from governance.models import Approval, User
from runs import launch
from runs.models import Event, Step
from tests.left_alone import opening
from tests.runs.views.addresses import Address, addresses
from tests.runs.views.people import signed_in

OPEN = {"sign-in", "sign-in-link"}  # for everybody
OWN = {"home", "account", "account-profile", "account-password", "account-appearance", "account-tokens"}
READERS = {"welcome-dismissal", "project-tokens", "privacy-try"}  # their own, or nothing changes
SAME_RUN = {"run-step", "run-about"}  # the page of a run with something else selected
HARMLESS = {"privacy-try"}  # posted to keep a text out of addresses; changes nothing
MOST_QUERIES = 45
LINK = re.compile(r"""\s(?:src|href|action|hx-get|hx-post|data-[a-z-]*url)\s*=\s*["']([^"']*)["']""")
OUTWARD = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//|^(?!mailto:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@pytest.fixture
def pages(demo_with_flows) -> list[Address]:
    """Every address, with a run that waits for a decision."""
    ada = User.objects.get(username="ada")
    given = gallery.samples("customer-support")["refund"]
    run, _ = launch.launch(demo_with_flows, "customer-support", given, user=ada)
    approval = Approval.objects.create(
        project=demo_with_flows,
        kind="approval",
        run_id=run.id,
        node="start",
        title="Refund",
        reviewers=["role:reviewer"],
        fingerprint="f",
        requested_at=clock.now(),
    )
    at = clock.now()
    Step.objects.create(run=run, node="start", iteration=1, status="succeeded", started_seq=3, started_at=at)
    Event.objects.create(run=run, seq=3, at=at, type="step.started", node="start", iteration=1, data="{}")
    token, _ = tokens.create(ada, "t")
    people.put_group(demo_with_flows, "leads", ["rita"], None)
    return addresses(
        {
            "run_id": run.id,
            "approval_id": approval.id,
            "token": token.id,
            "iteration": 1,
            "item": 0,
            "number": 1,
            "member": demo_with_flows.memberships.get(user__username="rita").id,
            "kinds": "flows",
            "slug": "customer-support",
            "version": 1,
            "breaker": opening(demo_with_flows).id,
        }
    )


def closed(pages: list[Address]) -> list[Address]:
    return [page for page in pages if page.name not in OPEN]


def answers(client: Client, pages: list[Address], method: str) -> dict[str, int]:
    return {f"{page.name} {page.path}": getattr(client, method)(page.path).status_code for page in pages}


def test_nobody_sees_or_does_anything_without_signing_in(pages):
    client = Client()
    for page in closed(pages):
        for answer in (client.get(page.path), client.post(page.path)):
            place = (page.name, answer.status_code, answer.get("Location", ""))
            assert answer.status_code == 405 or answer.get("Location", "").startswith("/sign-in/"), place


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_finds_nothing(pages, method):
    mine = [page for page in closed(pages) if page.name not in OWN and page.name != "sign-out"]
    found = answers(signed_in("sam"), mine, method)
    assert {name: status for name, status in found.items() if status not in (404, 405)} == {}
    assert Counter(found.values())[404] > (15 if method == "get" else 8)


def test_a_reader_reads_and_changes_nothing(pages):
    ben = signed_in("ben")
    read = answers(ben, closed(pages), "get")
    assert {
        name: status for name, status in read.items() if status not in (200, 302, 403, 404, 405, 422)
    } == {}
    written = {
        page.name: ben.post(page.path).status_code
        for page in closed(pages)
        if page.name not in OWN | READERS | {"sign-out"}
    }
    assert {name: status for name, status in written.items() if status not in (403, 404, 405)} == {}
    assert Approval.objects.get().status == "pending"


@pytest.mark.parametrize("method", ["get", "post"])
def test_nothing_breaks_for_the_admin(pages, method):
    ada = signed_in("ada")
    found = answers(ada, [page for page in pages if page.name != "sign-out"], method)
    assert {name: status for name, status in found.items() if status >= 500} == {}


def documents_of(pages: list[Address]) -> dict[str, str]:
    """{path: HTML} of what Ada gets as whole pages."""
    ada = signed_in("ada")
    found = {page.path: ada.get(page.path) for page in pages if page.name != "sign-out"}
    shown = {
        path: answer.content.decode()
        for path, answer in found.items()
        if answer.status_code == 200 and answer.get("Content-Type", "").startswith("text/html")
    }
    return {path: page for path, page in shown.items() if "<html" in page}


def test_every_page_has_one_heading_a_name_of_its_own_and_a_way_past_the_navigation(pages):
    whole = documents_of([page for page in closed(pages) if page.name not in SAME_RUN])
    assert len(whole) > 12
    titles = Counter(
        re.search(r"<title>(.*?)</title>", page, re.DOTALL)[1].strip() for page in whole.values()
    )
    assert {title: count for title, count in titles.items() if count > 1} == {}
    assert {path: page.count("<h1") for path, page in whole.items() if page.count("<h1") != 1} == {}
    assert [
        path for path, page in whole.items() if 'href="#main"' not in page or 'id="main"' not in page
    ] == []


def test_no_page_loads_or_links_anything_elsewhere(pages):
    wrong = {
        path: [link for link in LINK.findall(page) if OUTWARD.search(link)]
        for path, page in documents_of(pages).items()
    }
    assert {path: links for path, links in wrong.items() if links} == {}


def test_every_answer_has_the_strict_policy(pages):
    ada = signed_in("ada")
    for page in pages:
        answer = ada.get(page.path)
        policy = answer.get("Content-Security-Policy", "")
        assert "default-src 'none'" in policy, page
        assert "unsafe" not in policy, page
        assert "http" not in policy, page
        assert answer["X-Frame-Options"] == "DENY", page


def test_every_page_asks_a_bounded_number_of_questions(pages):
    ada, many = signed_in("ada"), {}
    for page in closed(pages):
        if page.name != "sign-out":
            with CaptureQueriesContext(connection) as queries:
                ada.get(page.path)
            many[page.path] = len(queries)
    assert {path: count for path, count in many.items() if count > MOST_QUERIES} == {}
