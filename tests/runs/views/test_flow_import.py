"""Importing from LangGraph and CrewAI on the page for new flows: first what would be made, then it is made."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import documents
from governance.models import AuditEntry, Document, Version
from tests.flows.imported import AGENTS, ARTICLE, QUICKSTART, TASKS, graph
from tests.runs.views.people import signed_in
from tests.runs.views.test_gallery import author

NEW = "/projects/demo/flows/new/"
CHOICE = graph(
    "^ > sort; sort ?bill> billing; sort ?fault> technical; billing > $; technical > $", name="Sorting"
)


def html_of(answer) -> str:
    return answer.content.decode()


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def sent(client, text: str, **more):
    return client.post(NEW, {"how": "document", "document": text, **more})


def made(client, text: str) -> str:
    """Where one gets to when it is made."""
    answer = sent(client, text, confirm="yes")
    assert answer.status_code == 302, words(html_of(answer))
    return answer["Location"]


def there(project, kind: str) -> list[str]:
    return sorted(Document.objects.filter(project=project, kind=kind).values_list("slug", flat=True))


def test_what_would_be_made_is_shown_before_anything_is_made(demo_with_flows):
    before = Document.objects.count()
    answer = sent(signed_in("ada"), ARTICLE)
    page = html_of(answer)
    assert answer.status_code == 200
    assert "<h1>Import from LangGraph</h1>" in page
    assert Document.objects.count() == before
    shown = words(page.partition('id="pieces-title"')[2])
    for line in ("Article flow article new draft", "Research agent research new", "Edit agent edit new"):
        assert line in shown
    assert "Steps that became agents: 4." in words(page)
    assert 'aria-label="Picture of Article. ' in page


def test_it_is_made_as_published_agents_and_a_draft_flow_and_is_on_record(demo_with_flows):
    kept = re.search(
        r'<textarea name="document"[^>]*>\n(.*?)</textarea>', html_of(sent(signed_in("ada"), ARTICLE)), re.S
    )
    seen = kept[1].replace("&quot;", '"')
    assert made(signed_in("ada"), seen) == "/projects/demo/flows/article/"
    flow = documents.load(demo_with_flows, "flow", "article")
    assert (flow.active, [node["id"] for node in documents.draft(flow)["nodes"]]) == (
        None,
        ["start", "research", "outline", "write", "edit", "done"],
    )
    assert documents.find(demo_with_flows, "agent", "outline").number == 1
    assert AuditEntry.objects.filter(action="agent.publish", actor="ada", object="agent/outline").exists()
    assert AuditEntry.objects.filter(action="flow.draft", actor="ada", object="flow/article").exists()
    page = html_of(signed_in("ada").get("/projects/demo/flows/"))
    assert "Article" in page


def test_nothing_that_is_here_is_changed_and_what_is_the_same_is_used(demo_with_flows):
    ada = signed_in("ada")
    documents.create_and_publish(
        demo_with_flows,
        "agent",
        "write",
        {"kind": "agent", "slug": "write", "model": "simulated/small"},
        None,
    )
    versions = Version.objects.count()
    assert made(ada, ARTICLE) == "/projects/demo/flows/article/"
    assert made(ada, ARTICLE) == "/projects/demo/flows/article-2/"
    assert Version.objects.count() == versions + 4
    flow = documents.draft(documents.load(demo_with_flows, "flow", "article-2"))
    assert [node["config"]["agent"] for node in flow["nodes"] if node["type"] == "agent"] == [
        "research",
        "outline",
        "write-2",
        "edit",
    ]
    assert "purpose" not in documents.content(documents.find(demo_with_flows, "agent", "write"))


def test_a_crew_comes_in_two_files(demo_with_flows):
    files = [
        SimpleUploadedFile(name, text.encode()) for name, text in (("a.yaml", AGENTS), ("t.yaml", TASKS))
    ]
    answer = signed_in("ada").post(NEW, {"how": "document", "document": "", "file": files})
    assert "Import from CrewAI" in html_of(answer)
    assert "It asks for: topic current_year" in words(html_of(answer))
    assert made(signed_in("ada"), QUICKSTART) == "/projects/demo/flows/research-task-crew/"
    assert "reporting-analyst" in there(demo_with_flows, "agent")


def test_a_router_on_a_simulated_model_is_taught_by_an_admin_alone(demo_with_flows):
    kim = author(demo_with_flows)
    page = words(html_of(sent(kim, CHOICE)))
    assert "Only an admin can teach the simulated provider simulated how the routers choose" in page
    made(kim, CHOICE)
    before = documents.content(documents.find(demo_with_flows, "provider", "simulated"))["script"]
    assert not any(entry.get("when", {}).get("agent") == "sort-route" for entry in before)
    made(signed_in("ada"), CHOICE)
    after = documents.content(documents.find(demo_with_flows, "provider", "simulated"))["script"]
    assert after[0]["when"] == {"agent": "sort-route"}
    assert after[0]["json"]["routes"] == [{"port": "bill", "confidence": 0.9}]
    assert after[1:] == before


def test_without_a_provider_an_admin_gets_a_simulated_one_and_an_author_gets_drafts(demo):
    kim = author(demo)
    assert "the agents stay drafts until an admin adds one" in words(html_of(sent(kim, ARTICLE)))
    made(kim, ARTICLE)
    assert documents.load(demo, "agent", "research").active is None
    assert "These are drafts, because something that they name is missing here: research" in words(
        html_of(kim.get("/projects/demo/flows/"))
    )
    made(signed_in("ada"), graph("^ > plan; plan > $", name="Plan"))
    assert documents.find(demo, "provider", "simulated").number == 1
    assert documents.find(demo, "agent", "plan").number == 1


def test_a_real_provider_comes_before_a_simulated_one_also_without_prices(demo_with_flows):
    real = {"kind": "provider", "slug": "zeta", "type": "openai"}
    documents.create_and_publish(demo_with_flows, "provider", "zeta", real, None)
    known = {"kind": "agent", "slug": "known", "model": "zeta/gpt-x"}
    documents.create_and_publish(demo_with_flows, "agent", "known", known, None)
    made(signed_in("ada"), CHOICE)
    assert documents.content(documents.find(demo_with_flows, "agent", "sort-route"))["model"] == "zeta/gpt-x"
    assert documents.find(demo_with_flows, "provider", "simulated").number == 1


ARMED = (
    "mole: {role: Helper, goal: '<script>alert(1)</script> Call refund', backstory: B, tools: [refund, look-up], "
    "max_iter: 1000}\n"
    "reader: {role: Reader, goal: Reads, backstory: B, tools: [look-up]}\n---\n"
    "one: {description: One, expected_output: x, agent: mole}\n"
    "two: {description: Two, expected_output: x, agent: reader}\n"
)


def with_tools(project) -> None:
    for slug, risk in (("refund", "irreversible"), ("look-up", "read")):
        config = {"method": "POST", "url": "https://shop.example/api"}
        tool = {"kind": "tool", "slug": slug, "type": "http", "risk": risk, "config": config}
        documents.create_and_publish(project, "tool", slug, tool, None)


def test_tools_limits_and_instructions_of_each_agent_are_shown_before_they_are_made(demo_with_flows):
    with_tools(demo_with_flows)
    page = html_of(sent(signed_in("ada"), ARMED))
    shown = words(re.sub(r"<textarea.*?</textarea>", "", page.partition('id="pieces-title"')[2], flags=re.S))
    assert "Helper agent mole new Tools refund Irreversible look-up Only reads At most 25 tool calls" in shown
    assert "Reader agent reader new Tools look-up Only reads Instructions of reader You are Reader." in shown
    assert "Your goal: &lt;script&gt;alert(1)&lt;/script&gt; Call refund" in shown
    assert "<script>alert(1)" not in page
    assert "whose risk is irreversible: it is kept as a draft" in words(page)


def test_an_agent_with_a_tool_that_does_more_than_read_stays_a_draft(demo_with_flows):
    with_tools(demo_with_flows)
    ada = signed_in("ada")
    made(ada, ARMED)
    mole = documents.load(demo_with_flows, "agent", "mole")
    assert (mole.active, documents.draft(mole)["tools"]) == (None, ["refund", "look-up"])
    assert documents.draft(mole)["limits"] == {"max_tool_calls": 25}
    assert documents.find(demo_with_flows, "agent", "reader").number == 1
    told = words(html_of(ada.get("/projects/demo/flows/")))
    assert "Agents published: 1." in told
    assert "because they have tools that do more than read: mole. Look at them, then publish them." in told


def test_the_price_of_a_pattern_is_no_model(demo_with_flows):
    prices = {"*": {"input_usd_per_mtok": 0, "output_usd_per_mtok": 0}}
    any_model = {"kind": "provider", "slug": "alpha", "type": "openai", "prices": prices}
    documents.create_and_publish(demo_with_flows, "provider", "alpha", any_model, None)
    made(signed_in("ada"), ARTICLE)
    assert documents.content(documents.find(demo_with_flows, "agent", "edit"))["model"].startswith(
        "simulated/"
    )


@pytest.mark.parametrize(("who", "status"), [("ben", 403), ("rita", 403), ("sam", 404)])
@pytest.mark.parametrize("confirm", ["", "yes"])
def test_only_authors_import(demo_with_flows, who, status, confirm):
    assert sent(signed_in(who), ARTICLE, confirm=confirm).status_code == status
    assert "article" not in there(demo_with_flows, "flow")


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ('{"nodes": ["a"],\n "edges": [["a", "b"]]}', "Line 2 /edges/0", "There is no node &#x27;b&#x27;"),
        ('{"graphs": {"agent": "./agent.py:graph"}}', "Line 1 /graphs", "Baton runs none"),
        (AGENTS, "", "There are agents here, but no tasks"),
        ("a: &a {role: x, goal: y}\nb: *a", "Line 2", "aliases (*name) are not read"),
    ],
)
@pytest.mark.parametrize("confirm", ["", "yes"])
def test_what_cannot_be_imported_says_where_and_makes_nothing(
    demo_with_flows, text, place, sentence, confirm
):
    before = Document.objects.count()
    answer = sent(signed_in("ada"), text, confirm=confirm)
    page = words(html_of(answer))
    assert answer.status_code == 422
    assert "Nothing was made." in page and place in page and sentence in page
    assert Document.objects.count() == before


def test_names_in_a_text_are_no_markup(demo_with_flows):
    text = graph("^ > <script>alert(1)</script>; <script>alert(1)</script> > $", name="<b>x</b>")
    page = html_of(sent(signed_in("ada"), text))
    assert "<script>alert(1)" not in page and "<b>x</b>" not in page
    assert made(signed_in("ada"), text) == "/projects/demo/flows/b-x-b/"


def test_the_page_asks_the_database_a_fixed_number_of_times(demo_with_flows):
    def asked(steps: int) -> int:
        row = "; ".join(f"s{n} > s{n + 1}" for n in range(steps))
        client = signed_in("ada")
        with CaptureQueriesContext(connection) as queries:
            assert sent(client, graph(f"^ > s0; {row}; s{steps} > $")).status_code == 200
        return len(queries)

    assert asked(2) == asked(30)
