"""The list of flows: what it shows of each, its filters and pages, archiving and restoring, and making new ones."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import clock, documents
from governance.models import Document, User
from runs.views.flows.lines import lines_of
from runs.views.flows.numbers import DAY_US, numbers_of
from tests.runs.views.history import store_run
from tests.runs.views.people import signed_in

FLOWS = "/projects/demo/flows/"
NEW = "/projects/demo/flows/new/"


def html_of(answer) -> str:
    return answer.content.decode()


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def flow(slug: str, **more) -> dict:
    return {
        "kind": "flow",
        "slug": slug,
        "nodes": [{"id": "start", "type": "start"}, {"id": "done", "type": "end"}],
        "edges": [{"from": "start", "to": "done"}],
        **more,
    }


def published(project, slug: str, **more) -> None:
    documents.create_and_publish(project, "flow", slug, flow(slug, **more), None)


def drafted(project, slug: str, **more) -> None:
    documents.save_draft(project, "flow", slug, flow(slug, **more), None)


def listed(page: str) -> list[str]:
    return re.findall(r'<tr id="flow-([a-z0-9-]+)"', page)


def row(page: str, slug: str) -> str:
    return words(page[page.index(f'<tr id="flow-{slug}"') :].partition("</tr>")[0])


@pytest.mark.parametrize(("who", "status"), [("ada", 200), ("ben", 200), ("rita", 200), ("sam", 404)])
def test_members_see_the_list_and_strangers_nothing(demo_with_flows, who, status):
    assert signed_in(who).get(FLOWS).status_code == status


def test_a_reader_sees_no_way_to_change_anything(demo_with_flows):
    page = html_of(signed_in("ben").get(FLOWS))
    assert listed(page) == ["content-pipeline", "customer-support", "invoice-processing"]
    assert "New flow" not in page
    assert "Archive" not in page
    assert "/launch/" not in page


def test_each_flow_shows_its_state(demo):
    published(demo, "live", name="Live one")
    published(demo, "changed", description="Before")
    drafted(demo, "changed", description="After")
    drafted(demo, "draft", name="<b>Draft</b>")
    page = html_of(signed_in("ada").get(FLOWS))
    assert listed(page) == ["changed", "draft", "live"]
    assert "Live v1" in row(page, "live") and "Draft" not in row(page, "live")
    assert "Live v1 Draft" in row(page, "changed")
    assert "&lt;b&gt;Draft&lt;/b&gt;" in page and "Not published yet" in row(page, "draft")


def test_saving_the_live_version_again_is_no_change(demo):
    published(demo, "live")
    drafted(demo, "live")
    assert "Draft" not in row(html_of(signed_in("ada").get(FLOWS)), "live")


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("?state=live", ["changed", "live"]),
        ("?state=changed", ["changed"]),
        ("?state=draft", ["draft"]),
        ("?q=LIV", ["live"]),
        ("?q=sunny", ["draft"]),
        ("?q=nothing", []),
        ("?q=%00&state=%00", ["changed", "draft", "live"]),
        ("?archived=1", ["gone"]),
    ],
)
def test_the_address_filters(demo, query, slugs):
    published(demo, "live")
    published(demo, "changed", description="Before")
    drafted(demo, "changed", description="After")
    drafted(demo, "draft", name="Sunny")
    published(demo, "gone")
    documents.archive(documents.load(demo, "flow", "gone"), None)
    page = html_of(signed_in("ada").get(FLOWS + query))
    assert listed(page) == slugs
    assert slugs or "No flow matches" in page


def test_pages_go_on_by_slug_both_ways(demo):
    for number in range(65):
        drafted(demo, f"flow-{number:02}")
    ada = signed_in("ada")
    first = html_of(ada.get(FLOWS))
    assert (listed(first)[0], listed(first)[-1], len(listed(first))) == ("flow-00", "flow-29", 30)
    assert "?before=" not in first
    second = html_of(ada.get(FLOWS + "?after=flow-29"))
    assert (listed(second)[0], listed(second)[-1]) == ("flow-30", "flow-59")
    assert 'href="?before=flow-30"' in second and 'href="?after=flow-59"' in second
    assert listed(html_of(ada.get(FLOWS + "?before=flow-30"))) == listed(first)
    assert "?after=" not in html_of(ada.get(FLOWS + "?after=flow-59"))


def test_the_numbers_are_of_seven_days_and_the_bars_of_fourteen(demo):
    user, now = User.objects.get(username="ada"), clock.now()
    for age, status in [
        (0, "succeeded"),
        (0, "failed"),
        (1, "succeeded"),
        (2, "cancelled"),
        (3, "running"),
        (8, "succeeded"),
    ]:
        store_run(demo, user, now - age * DAY_US, flow="a", status=status, cost=2_000_000)
    store_run(demo, user, now - 20 * DAY_US, flow="a")
    newest = store_run(demo, user, now + 1000, flow="b", status="waiting")
    found = numbers_of(demo, ["a", "b", "c"])
    assert (found["a"].runs, found["a"].cost_per_run) == (5, 2_000_000)
    assert found["a"].success == pytest.approx(200 / 3)
    assert found["a"].days == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 2]
    assert (found["b"].last, found["b"].success) == (newest, None)
    assert (found["c"].runs, found["c"].last, found["c"].bars) == (0, None, [])


def test_a_row_shows_last_run_success_and_cost(demo):
    published(demo, "a")
    user = User.objects.get(username="ada")
    store_run(demo, user, clock.now() - 1000, flow="a", status="failed", cost=0)
    run = store_run(demo, user, clock.now(), flow="a", cost=9_000_000)
    page = html_of(signed_in("ada").get(FLOWS))
    assert "Succeeded" in row(page, "a")
    assert "2 50% $0.0045" in row(page, "a")
    assert f'href="/runs/{run.public_id}/"' in page
    assert 'aria-label="Runs a day, 14 days: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2"' in page


def test_the_list_asks_the_database_a_fixed_number_of_times(demo):
    user, ada = User.objects.get(username="ada"), signed_in("ada")
    counts = []
    for first in (0, 10):
        for number in range(first, first + 10):
            published(demo, f"flow-{number}")
            store_run(demo, user, clock.now() - number, flow=f"flow-{number}")
        with CaptureQueriesContext(connection) as captured:
            assert len(listed(html_of(ada.get(FLOWS)))) == first + 10
        counts.append(len(captured))
    assert counts == [12, 12]


def test_an_empty_project_is_led_to_the_gallery(demo):
    page = html_of(signed_in("ada").get(FLOWS))
    assert "No flows yet" in page
    assert 'href="/projects/demo/gallery/"' in page


def test_archiving_asks_first_and_takes_the_flow_out_of_the_list(demo):
    published(demo, "old", name="Old one")
    ada = signed_in("ada")
    asked = html_of(ada.get(FLOWS + "old/archival/"))
    assert "Archive Old one?" in asked
    assert ada.post(FLOWS + "old/archival/")["Location"] == FLOWS
    page = html_of(ada.get(FLOWS))
    assert listed(page) == []
    assert "Old one is archived." in page
    assert ada.get(FLOWS + "old/archival/").status_code == 404


def test_a_flow_that_another_runs_is_not_archived(demo):
    published(demo, "inner")
    nodes = [
        {"id": "start", "type": "start"},
        {"id": "call", "type": "subflow", "config": {"flow": "inner"}},
        {"id": "done", "type": "end"},
    ]
    edges = [{"from": "start", "to": "call"}, {"from": "call", "to": "done"}]
    published(demo, "outer", nodes=nodes, edges=edges)
    ada = signed_in("ada")
    answer = ada.post(FLOWS + "inner/archival/")
    assert answer.status_code == 409
    assert "These active flows run it as one of their steps: outer." in words(html_of(answer))
    assert Document.objects.get(slug="inner").archived_at is None


def test_an_archived_flow_comes_back_as_a_draft(demo):
    published(demo, "old")
    documents.archive(documents.load(demo, "flow", "old"), None)
    ada = signed_in("ada")
    assert "Restore" in row(html_of(ada.get(FLOWS + "?archived=1")), "old")
    assert ada.post(FLOWS + "old/restoration/")["Location"] == FLOWS
    page = html_of(ada.get(FLOWS))
    assert "Draft" in row(page, "old") and "Live" not in row(page, "old")
    assert ada.post(FLOWS + "old/restoration/").status_code == 409


@pytest.mark.parametrize("path", ["new/", "customer-support/archival/"])
@pytest.mark.parametrize(("who", "status"), [("ben", 403), ("rita", 403), ("sam", 404)])
def test_only_authors_make_and_archive(demo_with_flows, path, who, status):
    client = signed_in(who)
    assert client.get(FLOWS + path).status_code == status
    assert client.post(FLOWS + path, {"name": "Mine"}).status_code == status
    assert Document.objects.filter(kind="flow", archived_at=None).count() == 3


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Refunds  over $50", "refunds-over-50"),
        ("Tägliche Prüfung", "tagliche-prufung"),
        ("Straße", "strasse"),
        ("東京", "flow"),
        ("new", "new-2"),
        ("Customer support", "customer-support-2"),
        ("x" * 200, "x" * 59),
    ],
)
def test_a_blank_flow_has_a_slug_from_its_name_and_a_start_and_an_end(demo_with_flows, name, slug):
    answer = signed_in("ada").post(NEW, {"how": "blank", "name": name})
    assert answer.status_code == 302
    assert slug in answer["Location"] or answer["Location"] == FLOWS
    body = documents.draft(documents.load(demo_with_flows, "flow", slug))
    assert body["name"] == " ".join(name.split())
    assert [node["type"] for node in body["nodes"]] == ["start", "end"]
    assert documents.problems_of(demo_with_flows, "flow", body) == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("  ", "Give the flow a name."),
        ("x" * 201, "A name has at most 200 characters."),
        ("a\0b", "This name holds characters that cannot be shown."),
        ("a\u202eb", "This name holds characters that cannot be shown."),
    ],
)
def test_a_name_that_is_none_is_refused(demo, name, sentence):
    answer = signed_in("ada").post(NEW, {"how": "blank", "name": name})
    assert answer.status_code == 422
    assert sentence in html_of(answer)
    assert Document.objects.count() == 0


YAML = """kind: flow
slug: pasted
name: Pasted
nodes:
  - {id: start, type: start}
  - {id: done, type: end}
edges:
  - {from: start, to: done}
"""
JSON = """{"name": "From JSON",
 "nodes": [{"id": "start", "type": "start"}, {"id": "done", "type": "end"}],
 "edges": [{"from": "start", "to": "done"}]}"""


@pytest.mark.parametrize(("text", "slug"), [(YAML, "pasted"), (JSON, "from-json")])
def test_a_document_becomes_a_draft(demo, text, slug):
    assert signed_in("ada").post(NEW, {"how": "document", "document": text}).status_code == 302
    found = documents.load(demo, "flow", slug)
    assert (found.active, documents.draft(found)["slug"]) == (None, slug)


def test_a_taken_slug_gets_a_number_and_nothing_is_overwritten(demo):
    published(demo, "pasted", name="Mine")
    ada = signed_in("ada")
    ada.post(NEW, {"how": "document", "document": YAML})
    assert documents.content(documents.find(demo, "flow", "pasted"))["name"] == "Mine"
    assert documents.load(demo, "flow", "pasted").draft is None
    assert documents.draft(documents.load(demo, "flow", "pasted-2"))["slug"] == "pasted-2"
    assert "The slug pasted is taken here: this flow is pasted-2." in html_of(ada.get(FLOWS))


def test_an_uploaded_file_wins(demo):
    file = SimpleUploadedFile("flow.yaml", YAML.replace("pasted", "uploaded").encode())
    signed_in("ada").post(NEW, {"how": "document", "document": "", "file": file})
    assert documents.load(demo, "flow", "uploaded").name == "Pasted"


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        (YAML.replace("type: end", "type: [end]"), "Line 6", "This must be text."),
        (YAML.replace("name: Pasted", "name: Pasted\nodd: 1"), "Line 4", "Unknown field"),
        (YAML.replace("nodes:", "nodes: ["), "Line 5", ""),
        (YAML.replace("kind: flow", "kind: agent"), "Line 1", "here only flows can be made"),
        (YAML.replace("slug: pasted", "slug: No Slug"), "Line 2", "A slug has 1 to 64"),
        (YAML.replace("slug: pasted", "slug: pasted\nslug: again"), "Line 3", "given twice"),
        ("", "", "Paste one flow"),
        ("- 1", "", "Paste one flow"),
        (f"{YAML}---\n{YAML}", "", "Paste one flow"),
        ("a: &x [*x]", "", ""),
        ("\0", "", ""),
        ("[" * 10_000, "", ""),
    ],
)
def test_a_wrong_document_says_where_and_is_shown_again(demo, text, line, sentence):
    answer = signed_in("ada").post(NEW, {"how": "document", "document": text})
    page = html_of(answer)
    assert answer.status_code == 422
    assert "Nothing was made." in page
    assert line in words(page) and sentence in words(page)
    assert Document.objects.count() == 0


def test_a_file_that_is_no_text_is_refused(demo):
    file = SimpleUploadedFile("flow.yaml", b"\xff\xfe\x00")
    answer = signed_in("ada").post(NEW, {"how": "document", "file": file})
    assert answer.status_code == 422
    assert "is not text in UTF-8" in html_of(answer)


def test_every_place_of_a_text_has_its_line():
    found = lines_of('a: 1\nb:\n  - x: 2\n    "y/z": [3,\n      4]\n')
    assert found == {
        "": 1,
        "/a": 1,
        "/b": 2,
        "/b/0": 3,
        "/b/0/x": 3,
        "/b/0/y~1z": 4,
        "/b/0/y~1z/0": 4,
        "/b/0/y~1z/1": 5,
    }
    assert lines_of("a: [") == {}
