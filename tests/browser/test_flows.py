"""Flows in a browser: the list, the gallery, and making new ones."""

from playwright.sync_api import expect

from tests.browser.audit import audit_page
from tests.flows.imported import ARTICLE

FLOWS = "/projects/demo/flows/"


def test_the_list_filters_as_one_types_and_keeps_it_in_the_address(ada):
    ada.goto(FLOWS)
    rows = ada.locator("#flows tbody tr")
    assert rows.count() >= 3
    ada.get_by_label("Search flows").fill("invoice")
    expect(rows).to_have_count(1)
    ada.wait_for_url("**/flows/?q=invoice*")
    ada.reload()
    expect(rows).to_have_count(1)
    ada.get_by_label("Search flows").fill("no such flow")
    ada.get_by_role("link", name="Clear filters").click()
    expect(rows.nth(2)).to_be_visible()
    audit_page(ada)


def test_the_gallery_shows_a_starter_and_its_copy_is_launched(ada, server):
    ada.goto("/projects/demo/gallery/")
    ada.get_by_text("Content", exact=True).click()
    expect(ada.locator("#starters article")).to_have_count(1)
    audit_page(ada)
    ada.get_by_role("link", name="Content pipeline", exact=True).click()
    expect(ada.get_by_role("img", name="Picture of Content pipeline")).to_be_visible()
    audit_page(ada)
    ada.get_by_role("button", name="Use another copy").click()
    ada.wait_for_url("**/flows/content-pipeline-2/launch/")
    ada.get_by_role("link", name="Passed at once").click()
    ada.locator("#main").get_by_role("button", name="Launch run").click()
    ada.wait_for_url("**/runs/*/")
    run = server.api("ada").finished(ada.url.rstrip("/").rpartition("/")[2])
    assert (run["flow"], run["status"]) == ("content-pipeline-2", "succeeded")


def test_new_flows_are_made_from_a_name_and_from_a_document(ada, server):
    ada.context.watch.expect("status of 422")
    ada.goto(FLOWS + "new/")
    audit_page(ada)
    ada.get_by_label("Name", exact=True).fill("Weekly digest")
    ada.get_by_role("button", name="Create blank flow").click()
    ada.wait_for_url("**/flows/weekly-digest/**")
    draft = server.api("ada").read("projects/demo/flows/weekly-digest/")["draft"]
    assert [node["type"] for node in draft["nodes"]] == ["start", "end"]
    ada.goto(FLOWS + "new/")
    ada.get_by_label("YAML or JSON").fill("kind: flow\nslug: pasted\nnodes: 3\nedges: []\n")
    ada.get_by_role("button", name="Create from the document").click()
    expect(ada.get_by_text("Line 3", exact=True)).to_be_visible()
    audit_page(ada)
    document = "kind: flow\nslug: pasted\nnodes: [{id: start, type: start}]\nedges: []\n"
    ada.get_by_label("YAML or JSON").fill(document)
    ada.get_by_role("button", name="Create from the document").click()
    ada.wait_for_url("**/flows/pasted/**")
    assert server.api("ada").read("projects/demo/flows/pasted/")["draft"]["slug"] == "pasted"


def test_a_langgraph_graph_is_shown_made_and_runs(ada, server):
    """X19: four steps in, four steps out."""
    ada.goto(FLOWS + "new/")
    ada.get_by_label("YAML or JSON").fill(ARTICLE)
    ada.get_by_role("button", name="Create from the document").click()
    expect(ada.get_by_role("heading", name="Import from LangGraph")).to_be_visible()
    expect(ada.get_by_role("img", name="Picture of Article")).to_be_visible()
    audit_page(ada)
    ada.get_by_role("button", name="Make this flow").click()
    ada.wait_for_url("**/flows/article/**")
    api = server.api("ada")
    assert api.post("projects/demo/flows/article/versions/").status_code == 201
    run = api.finished(api.launch("article", input={"message": "Tidal power"})["id"])
    assert run["status"] == "succeeded"
    steps = sorted(api.steps(run["id"]), key=lambda step: step["started_at"])
    assert [step["node"] for step in steps][1:-1] == ["research", "outline", "write", "edit"]


def test_a_flow_is_archived_and_restored(ada, publish):
    slug = publish(
        {
            "kind": "flow",
            "slug": "old",
            "name": "Old one",
            "nodes": [{"id": "start", "type": "start"}, {"id": "done", "type": "end"}],
            "edges": [{"from": "start", "to": "done"}],
        }
    )
    ada.goto(FLOWS)
    row = ada.locator(f"#flow-{slug}")
    row.get_by_role("link", name="Archive Old one").click()
    audit_page(ada)
    ada.get_by_role("button", name="Archive Old one").click()
    expect(row).to_have_count(0)
    ada.get_by_role("link", name="Archived").click()
    audit_page(ada)
    row.get_by_role("button", name="Restore Old one").click()
    ada.wait_for_url("**/projects/demo/flows/")
    expect(row).to_contain_text("Draft")
