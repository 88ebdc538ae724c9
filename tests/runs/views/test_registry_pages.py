"""The lists and pages of agents, tools and providers: who sees what, what they add up, and in how many queries."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import clock, documents
from governance.models import Project, Spend, User
from runs.models import Event, Step
from tests.runs.views.history import store_run
from tests.runs.views.registry_scene import client_of, document, house

LISTS = ("/projects/demo/agents/", "/projects/demo/tools/", "/projects/demo/providers/")
PAGES = (
    "/projects/demo/agents/billing-specialist/",
    "/projects/demo/agents/billing-specialist/trial/",
    "/projects/demo/tools/create-refund/",
    "/projects/demo/tools/create-refund/test/",
    "/projects/demo/providers/simulated/",
)
NEW = ("/projects/demo/agents/new/", "/projects/demo/tools/new/", "/projects/demo/providers/new/")


@pytest.fixture
def project(db) -> Project:
    return house()


def page_of(username: str, path: str) -> str:
    return client_of(username).get(path).content.decode()


@pytest.mark.parametrize("path", [*LISTS, *PAGES, *NEW])
def test_a_stranger_finds_nothing(project, path):
    assert client_of("sam").get(path).status_code == 404
    assert client_of("sam").post(path).status_code in (404, 405)


@pytest.mark.parametrize("path", [*LISTS, *PAGES, *NEW])
def test_who_is_not_signed_in_signs_in_first(project, client, path):
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize("path", [*LISTS, *PAGES])
def test_a_reader_sees_everything_and_no_form_that_changes_something(project, path):
    answer = client_of("ben").get(path)
    page = answer.content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    assert answer.status_code == 200
    assert 'method="post"' not in main
    assert "<button" not in main.replace('<button class="btn btn--sm only-noscript" type="submit">', "")
    assert "/new/" not in page


@pytest.mark.parametrize("path", [*PAGES, *NEW])
def test_a_reader_changes_nothing(project, path):
    assert client_of("ben").post(path, {}).status_code == 403


@pytest.mark.parametrize(
    ("username", "path", "status"),
    [
        ("kim", "/projects/demo/agents/new/", 200),
        ("kim", "/projects/demo/tools/new/", 200),
        ("kim", "/projects/demo/providers/new/", 403),
        ("olu", "/projects/demo/agents/new/", 403),
        ("ben", "/projects/demo/tools/new/", 403),
        ("ada", "/projects/demo/providers/new/", 200),
    ],
)
def test_authors_make_agents_and_tools_and_admins_providers(project, username, path, status):
    assert client_of(username).get(path).status_code == status


def test_an_author_sees_a_provider_without_a_form_or_its_test(project):
    page = page_of("kim", "/projects/demo/providers/simulated/")
    assert 'method="post"' not in page[page.index("<main") : page.index("</main>")]
    kim = client_of("kim")
    assert kim.post("/projects/demo/providers/simulated/", {}).status_code == 403
    assert kim.post("/projects/demo/providers/simulated/test/", {"model": "small"}).status_code == 403
    assert kim.post("/projects/demo/providers/simulated/archival/").status_code == 403


def test_the_list_of_agents_says_what_each_is_for_and_runs_on(project):
    page = page_of("ben", "/projects/demo/agents/")
    row = page[page.index('href="/projects/demo/agents/billing-specialist/"') :].partition("</tr>")[0]
    assert "Answers questions on payments and makes refunds that are due." in row
    assert ">large</span>" in row
    assert "simulated</em>" in row
    assert "v1 live" in row
    assert 'data-l="Flows">1<' in row
    assert 'data-l="Calls">0<' in row
    assert 'data-l="Success">—<' in row


def test_the_list_adds_up_calls_cost_and_success_of_thirty_days(project):
    ada, now = User.objects.get(username="ada"), clock.now()
    today = clock.day(now)
    for agent, day, cost, calls in (
        ("billing-specialist", today, 30_000_000, 3),
        ("billing-specialist", "2020-01-01", 9_000_000_000, 900),
        ("writer", today, 500_000_000, 1),
    ):
        Spend.objects.create(project=project, day=day, flow="f", agent=agent, cost=cost, calls=calls)
    run = store_run(project, ada, now)
    old = store_run(project, ada, now - 40 * 86_400_000_000)
    tried = store_run(project, ada, now - 1_000_000, trigger="test")
    for number, (of, agent, status) in enumerate(
        [
            (run, "billing-specialist@1", "succeeded"),
            (run, "billing-specialist@2", "succeeded"),
            (run, "billing-specialist@1", "failed"),
            (run, "billing-specialist@1", "running"),
            (old, "billing-specialist@1", "failed"),
            (tried, "billing-specialist@1", "failed"),
        ]
    ):
        Step.objects.create(run=of, node=f"n{number}", iteration=1, agent=agent, status=status)
    page = page_of("ben", "/projects/demo/agents/")
    row = page[page.index('href="/projects/demo/agents/billing-specialist/"') :].partition("</tr>")[0]
    assert 'data-l="Calls">3<' in row
    assert 'data-l="Success">66.7%<' in row
    assert 'data-l="Cost per call">$0.01<' in row
    assert 'data-l="Cost">$0.03<' in row


def test_the_list_of_tools_counts_their_calls(project):
    run = store_run(project, User.objects.get(username="ada"), clock.now())
    for seq, (tool, status) in enumerate(
        [("create-refund", "ok"), ("create-refund", "error"), ("quote-total", "ok")], 2
    ):
        data = f'{{"tool": "{tool}", "status": "{status}", "call": "c{seq}"}}'
        Event.objects.create(run=run, seq=seq, at=clock.now(), type="tool.called", data=data)
    page = page_of("ben", "/projects/demo/tools/")
    row = page[page.index('href="/projects/demo/tools/create-refund/"') :].partition("</tr>")[0]
    assert "Irreversible" in row
    assert "idempotent" in row
    assert "1 agent" in row
    assert 'data-l="Calls">2<' in row
    assert 'data-l="Success">50.0%<' in row


def test_a_draft_that_differs_is_marked_and_one_that_does_not_is_not(project):
    body = documents.content(document(project, "agent", "editor").active)
    documents.save_draft(project, "agent", "editor", body, None)
    assert "Draft</span>" not in page_of("ben", "/projects/demo/agents/")
    documents.save_draft(project, "agent", "editor", {**body, "purpose": "Else."}, None)
    assert page_of("ben", "/projects/demo/agents/").count("Draft</span>") == 1
    documents.save_draft(project, "agent", "fresh", {**body, "slug": "fresh", "name": "Fresh"}, None)
    assert "Not published" in page_of("ben", "/projects/demo/agents/")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=BILL", ["billing-specialist"]),
        ("q=refunds", ["billing-specialist"]),
        ("q=maximum", []),
        ("q=%22%5C%25_", []),
        ("q=%00", ["billing-specialist", "editor", "fact-checker"]),
        ("model=simulated/large", ["billing-specialist", "writer"]),
        ("model=nobody/", []),
        ("after=technical-specialist", ["writer"]),
    ],
)
def test_the_address_filters_the_list(project, query, names):
    page = page_of("ben", f"/projects/demo/agents/?{query}")
    found = [
        slug
        for slug in ("billing-specialist", "editor", "fact-checker", "writer")
        if f"agents/{slug}/" in page
    ]
    assert found == (names if query != "q=%00" else [*names, "writer"])
    assert ("Nothing matches" in page) == (names == [])


def test_tools_are_filtered_by_type(project):
    page = page_of("ben", "/projects/demo/tools/?type=calculator")
    assert "tools/quote-total/" in page
    assert "tools/create-refund/" not in page


def make_agents(project: Project, count: int) -> None:
    for number in range(count):
        slug = f"zz-{number:03}"
        body = {"kind": "agent", "slug": slug, "model": "simulated/small", "tools": ["quote-total"]}
        documents.create_and_publish(project, "agent", slug, body, None)


def test_long_lists_come_in_pages_that_lead_both_ways(project):
    make_agents(project, 60)
    ben = client_of("ben")
    seen, path = [], "/projects/demo/agents/"
    pages = []
    while path:
        page = ben.get(path).content.decode()
        pages.append(path)
        seen += [
            part.partition("/")[0]
            for part in page.split('<th scope="row" class="c-main"><a href="/projects/demo/agents/')[1:]
        ]
        following = page.partition('">Next')[0].rpartition('href="')[2] if ">Next<" in page else ""
        path = f"/projects/demo/agents/{following}" if following else ""
    assert len(seen) == 74
    assert seen == sorted(seen)
    last = ben.get(pages[-1]).content.decode()
    (back,) = re.findall(r'href="([^"]*before[^"]*)"', last)
    assert len(pages) == 3
    assert 'agents/zz-021/"' in ben.get(f"/projects/demo/agents/{back}").content.decode()


def queries_of(client, path: str, **headers) -> int:
    client.get(path, **headers)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path, **headers).status_code == 200
    return len(captured)


@pytest.mark.parametrize("path", [*LISTS, *PAGES])
def test_a_page_asks_as_often_with_thirty_documents_as_with_few(project, path):
    ada = client_of("ada")
    before = queries_of(ada, path)
    make_agents(project, 30)
    for number in range(30):
        tool = {"kind": "tool", "slug": f"t-{number}", "type": "calculator"}
        documents.create_and_publish(project, "tool", tool["slug"], tool, None)
        provider = {"kind": "provider", "slug": f"p-{number}", "type": "scripted", "script": []}
        documents.create_and_publish(project, "provider", provider["slug"], provider, None)
    assert queries_of(ada, path) == before
    assert before <= 20


def test_htmx_gets_the_list_alone(project):
    ben = client_of("ben")
    part = ben.get("/projects/demo/agents/?q=writer", headers={"HX-Request": "true"})
    assert part.content.decode().lstrip().startswith('<section class="card card--flush" id="agents"')
    assert "HX-Request" in part["Vary"]
    again = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<!doctype html>" in ben.get("/projects/demo/agents/", headers=again).content.decode()


@pytest.mark.parametrize(
    ("path", "sent", "lands"),
    [
        ("agents", {"new/name": "Über Writer", "new/model": "simulated/small"}, "agents/uber-writer"),
        ("agents", {"new/name": "X", "new/slug": "mine", "new/model": "a/b"}, "agents/mine"),
        ("tools", {"new/name": "Post it", "new/type": "http"}, "tools/post-it"),
        ("providers", {"new/name": "Local", "new/type": "ollama"}, "providers/local"),
    ],
)
def test_something_new_begins_as_a_draft(project, path, sent, lands):
    ada = client_of("ada")
    answer = ada.post(f"/projects/demo/{path}/new/", sent)
    assert answer["Location"] == f"/projects/demo/{lands}/"
    page = ada.get(answer["Location"]).content.decode()
    assert "Not published" in page
    made = document(project, path[:-1], lands.partition("/")[2])
    assert documents.draft(made)["name"] == sent["new/name"]
    assert made.active is None


@pytest.mark.parametrize(
    ("path", "sent", "message"),
    [
        ("agents", {"new/name": "", "new/model": "a/b"}, "Fill this in."),
        ("agents", {"new/name": "Editor", "new/model": "a/b"}, "“editor” is taken: choose another slug."),
        ("agents", {"new/name": "New", "new/model": "a/b"}, "“new” is taken: choose another slug."),
        ("agents", {"new/name": "日本", "new/model": "a/b"}, "Choose a slug"),
        ("agents", {"new/name": "A", "new/model": "gpt"}, "such as openai/gpt-5-mini"),
        ("agents", {"new/name": "A", "new/slug": "No Way", "new/model": "a/b"}, "up to 64 of the characters"),
        ("agents", {"new/name": "Scan", "new/model": "a/b"}, "is reserved"),
        ("tools", {"new/name": "A"}, "Fill this in."),
        ("providers", {"new/name": "A", "new/type": "Open AI"}, "a LiteLLM provider"),
    ],
)
def test_what_cannot_begin_is_told_and_kept_on_the_page(project, path, sent, message):
    answer = client_of("ada").post(f"/projects/demo/{path}/new/", sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert message in page
    assert f'value="{sent["new/name"]}"' in page
    assert not project.documents.filter(active=None).exists()


def test_what_flows_use_is_not_archived_and_says_who_uses_it(project):
    page = (
        client_of("ada")
        .post("/projects/demo/agents/billing-specialist/archival/", follow=True)
        .content.decode()
    )
    assert "Active flows refer to this agent: &#x27;customer-support&#x27;" in page
    assert document(project, "agent", "billing-specialist").active is not None


def test_what_nobody_uses_can_be_archived_and_its_slug_used_again(project):
    make_agents(project, 1)
    kim = client_of("kim")
    page = kim.post("/projects/demo/agents/zz-000/archival/", follow=True).content.decode()
    assert "“zz-000” is archived." in page
    assert kim.get("/projects/demo/agents/zz-000/").status_code == 404
    again = kim.post("/projects/demo/agents/new/", {"new/name": "zz-000", "new/model": "simulated/small"})
    assert again["Location"] == "/projects/demo/agents/zz-000/"
    assert document(project, "agent", "zz-000").versions.count() == 1


def test_a_page_names_where_the_thing_is_used(project):
    agent = page_of("ben", "/projects/demo/agents/billing-specialist/")
    tool = page_of("ben", "/projects/demo/tools/create-refund/")
    assert "Customer support" in agent[agent.index('id="uses-title"') :]
    uses = tool[tool.index('id="uses-title"') :]
    assert 'href="/projects/demo/agents/billing-specialist/"' in uses
    assert "through others" in uses.partition("</section>")[0]
