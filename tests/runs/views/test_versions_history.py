"""The history page: who changed what and when, any two states compared, and what was live at a moment."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance import documents
from governance.models import Activation, User
from tests.runs.views.people import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

AGENT = "/projects/demo/agents/billing-specialist/versions/"


def text_of(response) -> str:
    """What a person reads, without markup."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def agent(project, **changes) -> dict:
    return {**documents.content(documents.find(project, "agent", "billing-specialist@1")), **changes}


def publish(project, by="ada", activate=True, **changes) -> None:
    by, body = User.objects.get(username=by), agent(project, **changes)
    documents.create_and_publish(project, "agent", "billing-specialist", body, by, activate)


@pytest.fixture
def project(demo_with_flows):
    return demo_with_flows


@pytest.mark.parametrize(
    "path",
    [
        "flows/customer-support",
        "agents/billing-specialist",
        "tools/create-refund",
        "providers/simulated",
    ],
)
def test_every_kind_has_a_history_that_readers_see(project, path):
    shown = signed_in("ben").get(f"/projects/demo/{path}/versions/")
    assert shown.status_code == 200
    assert "First version: " in text_of(shown)
    assert "Roll back" not in text_of(shown).replace("Rolling back", "")


@pytest.mark.parametrize("path", ["versions/", "publication/", "activations/?version=1"])
def test_a_stranger_finds_nothing_and_who_is_not_signed_in_signs_in(project, client, path):
    address = f"/projects/demo/agents/billing-specialist/{path}"
    assert signed_in("sam").get(address).status_code == 404
    assert client.get(address).headers["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize(
    "path",
    [
        "/projects/demo/agents/nobody/versions/",
        "/projects/demo/policies/refunds/versions/",
        f"{AGENT}?from=1&to=9",
        f"{AGENT}?from=draft&to=1",
        f"{AGENT}?to=%00",
        f"{AGENT}?from=-1&to=1",
        f"{AGENT}?v=1&v=99999999999999999999",
    ],
)
def test_what_is_not_there_is_not_found(project, path):
    assert signed_in("ada").get(path).status_code == 404


def test_the_list_says_who_changed_what_and_what_is_live(project):
    publish(project, limits={"max_tool_calls": 5})
    publish(project, by="rita", activate=False, limits={"max_tool_calls": 6})
    shown = text_of(signed_in("ada").get(AGENT))
    assert "v3" in shown and "Limits › Max tool calls 5 → 6 rita, never live" in shown
    assert "v2 Live" in shown and "limits › Max tool calls 8 → 5 ada, live since" in shown
    assert "First version: 12 fields ada, live until" in shown


def test_a_version_that_an_older_one_replaced_is_marked(project):
    publish(project, purpose="Other.")
    documents.activate(
        documents.load(project, "agent", "billing-specialist"), 1, User.objects.get(username="rita")
    )
    shown = text_of(signed_in("ada").get(AGENT))
    assert "v2 Rolled back" in shown and "v1 Live" in shown
    assert "Rolled back from v2 to v1 rita," in shown
    publish(project, purpose="Other.")
    assert "v2 Rolled back" not in text_of(signed_in("ada").get(AGENT))


def test_a_flow_is_compared_by_the_names_of_its_nodes(project):
    body = documents.content(documents.find(project, "flow", "customer-support"))
    nodes = [
        {**node, "config": {**node["config"], "min_confidence": 0.9}} if node["id"] == "classify" else node
        for node in reversed(body["nodes"])
    ]
    edges = [*body["edges"], {"from": "apology", "port": "error", "to": "reply"}]
    ada = User.objects.get(username="ada")
    draft = {**body, "nodes": nodes, "edges": edges}
    documents.save_working_draft(project, "flow", "customer-support", draft, ada)
    shown = text_of(signed_in("ben").get("/projects/demo/flows/customer-support/versions/"))
    assert "v1 to Draft" in shown
    assert "Which specialist? classify Which specialist? Field v1 Draft Min confidence 0.6 0.9" in shown
    assert "apology.error → reply not there added" in shown


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("", "v2 to Draft"),
        ("?from=1&to=2", "v1 to v2"),
        ("?from=2&to=1", "v2 to v1"),
        ("?to=2", "v1 to v2"),
        ("?to=1", "v1"),
        ("?from=1&to=draft", "v1 to Draft"),
        ("?v=draft&v=1", "v1 to Draft"),
        ("?v=2&v=1", "v1 to v2"),
        ("?v=2", "v1 to v2"),
        ("?v=1&v=2&v=3", "v2 to Draft"),
    ],
)
def test_any_two_states_are_compared(project, query, title):
    publish(project, purpose="Two.")
    documents.save_draft(project, "agent", "billing-specialist", agent(project, purpose="Three."), None)
    page = signed_in("ben").get(AGENT + query).content.decode()
    assert re.search(r'id="comparison-title">([^<]*)<', page)[1] == title
    assert ("Choose two states" in page) == (
        len(set(re.findall(r"v=", query))) == 1 and query.count("v=") != 2
    )


def test_changed_words_are_marked_and_hostile_text_stays_text(project):
    before = agent(project)["instructions"]
    publish(
        project, instructions=before.replace("friendly", "<script>alert(1)</script>"), purpose="</td><b>x"
    )
    page = signed_in("ben").get(f"{AGENT}?to=2").content.decode()
    assert "<del>friendly</del>" in page
    assert "&lt;script&gt;" in page and "<script>alert" not in page
    assert "<ins>&lt;/td&gt;&lt;b&gt;x</ins>" in page


def test_what_was_live_at_a_moment_is_told(project):
    document = documents.load(project, "agent", "billing-specialist")
    publish(project, by="rita", purpose="Two.")
    now = timezone.now()
    Activation.objects.filter(document=document).update(at=datetime(2026, 3, 1, 12, tzinfo=UTC))
    Activation.objects.filter(document=document, version__number=2).update(
        at=datetime(2026, 3, 2, 12, tzinfo=UTC)
    )
    ada = signed_in("ada")

    def told(at: str) -> str:
        return text_of(ada.get(AGENT, {"at": at}))

    first = told("2026-03-01T13:00")
    assert (
        "On 2026-03-01 13:00:00 UTC version 1 was live. ada made it so on 2026-03-01 12:00:00 UTC." in first
    )
    assert "Compare it with v2, which is live now" in first
    assert "version 2 was live. rita made it so" in told("2026-03-02T12:00:00")
    assert "version 1 was live" in told("2026-03-02T14:00:00+03:00")
    assert "nothing was live" in told("2026-02-28T00:00:00Z")
    assert "It is live now, too." in told((now + timedelta(days=1)).isoformat())


@pytest.mark.parametrize(
    "at", ["yesterday", "2026-13-01T00:00", "0001-01-01T00:00:00+10:00", "9" * 300, "\0"]
)
def test_what_is_no_moment_is_told_at_its_field(project, at):
    shown = signed_in("ada").get(AGENT, {"at": at})
    assert shown.status_code == 200
    assert "This is no moment: write it as 2026-01-31T12:00, in UTC." in text_of(shown)


def test_a_long_history_comes_in_pages(project):
    for number in range(2, 46):
        publish(project, limits={"max_tool_calls": number})
    ada = signed_in("ada")
    address, seen = AGENT, []
    while address:
        page = ada.get(address).content.decode()
        seen += [int(number) for number in re.findall(r'<li class="is-top" id="v(\d+)"', page)]
        found = re.search(r'href="([^"]*)">Older', page)
        address = found and html.unescape(found[1])
    assert seen == list(range(45, 0, -1))
    assert "First version" not in text_of(ada.get(f"{AGENT}?before=26"))


def test_a_page_asks_as_often_with_many_versions_as_with_few(project):
    ada = signed_in("ada")

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert ada.get(f"{AGENT}?from=1&to=2").status_code == 200
        return len(queries)

    publish(project, purpose="Two.")
    few = asked()
    for number in range(15):
        publish(project, by="rita" if number % 2 else "ada", limits={"max_tool_calls": number})
    assert asked() == few


def test_a_document_that_was_never_published_has_its_draft_alone(project):
    body = {"kind": "agent", "slug": "fresh", "model": "simulated/small"}
    documents.save_draft(project, "agent", "fresh", body, User.objects.get(username="ada"))
    shown = signed_in("ada").get("/projects/demo/agents/fresh/versions/")
    assert shown.status_code == 200
    assert "ada, revision 1" in text_of(shown) and "nothing to compare it with" in text_of(shown)
