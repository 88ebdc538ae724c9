"""The builder around the canvas: palette, inspector, problems, estimates, test runs, and people who only read."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.audit import audit_page
from tests.browser.drawing import CANVAS, Drawing, edge, flow, node

INPUT = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
DOUBLES = {
    **flow(
        [
            node("start", "start", 0, 120),
            node("twice", "transform", 240, 120, "Twice", output={"n": "= input.n * 2"}),
            node("done", "end", 480, 120, output="= steps.twice.output"),
        ],
        [edge("start", "twice"), edge("twice", "done")],
    ),
    "input_schema": INPUT,
}


@pytest.fixture
def drawing(ada, server) -> Drawing:
    return Drawing(ada, server, DOUBLES)


def kept(drawing: Drawing) -> dict:
    return drawing.server.api("ada").get(drawing.api_path).json()["draft"]


def until(condition, within_s: float = 15) -> None:
    """The page's CSP forbids what Playwright's own waiting for a condition needs."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)


def test_the_page_passes_the_audit(drawing):
    drawing.page.locator("[data-select-node=twice]").first.click()
    drawing.page.get_by_role("heading", name="Twice").wait_for()
    audit_page(drawing.page)


def test_the_palette_is_searched_and_adds_by_enter(drawing):
    page = drawing.page
    page.get_by_role("searchbox", name="Find a node type").fill("rests for a while")
    assert page.locator("[data-add-type]:visible").all_inner_texts() == ["Wait"]
    page.get_by_role("searchbox", name="Find a node type").press("Enter")
    page.locator("flow-canvas [data-node-id=wait]").wait_for()
    drawing.wait_until_saved()
    assert [item["id"] for item in kept(drawing)["nodes"]] == ["start", "twice", "done", "wait"]
    assert "Nothing follows wait" in page.locator("#problems").inner_text()


def test_a_problem_is_mended_by_its_button_and_the_mending_undone(drawing):
    page = drawing.page
    page.locator("[data-add-type=wait]").click()
    drawing.wait_until_saved()
    page.locator("#problems").get_by_role("button", name="Wait for a minute").click()
    # The canvas knows it after the server does; what is pressed before that would be about an older draft.
    drawing.wait_until(f"{CANVAS}.model.node('wait').config?.seconds === 60")
    assert kept(drawing)["nodes"][3].get("config") == {"seconds": 60}
    page.locator("#problems").get_by_role("button", name="Connect it to the end").click()
    drawing.wait_until(f"{CANVAS}.model.edges.size === 3")
    assert kept(drawing)["edges"][2:] == [{"from": "wait", "to": "done"}]
    drawing.page.evaluate(f"{CANVAS}.focus()")
    page.keyboard.press("Control+z")
    drawing.wait_until_saved()
    until(lambda: len(kept(drawing)["edges"]) == 2)


def test_what_is_typed_is_kept_checked_and_completed(drawing):
    page = drawing.page
    page.locator("[data-select-node=done]").first.click()
    area = page.locator("#node-form expression-field textarea")
    area.fill("= steps.twice.output.")
    listbox = page.get_by_role("listbox", name="Names")
    listbox.get_by_role("option", name="n").wait_for()
    area.press("ArrowDown")
    area.press("Enter")
    assert area.input_value() == "= steps.twice.output.n"
    until(lambda: kept(drawing)["nodes"][2]["config"] == {"output": "= steps.twice.output.n"})
    until(lambda: page.locator("#node-form .error").count() == 0)
    assert area.evaluate("area => area === document.activeElement")


def test_a_wrong_value_is_told_at_its_field_and_counted(drawing):
    page = drawing.page
    page.locator("[data-select-node=twice]").first.click()
    page.locator("[name='node/timeout_s']").fill("100000")
    page.locator("#node-form .error").get_by_text("This must be 86400 or less.").wait_for()
    until(lambda: page.locator("[data-count=errors]").inner_text().startswith("1"))
    assert page.locator("[name='node/timeout_s']").input_value() == "100000"
    page.locator("[name='node/timeout_s']").fill("30")
    page.locator("[data-count=errors]").wait_for(state="hidden")
    assert kept(drawing)["nodes"][1]["timeout_s"] == 30


def test_a_case_that_is_called_otherwise_keeps_its_edge(ada, server):
    document = flow(
        [
            node("start", "start", 0, 0),
            node("which", "condition", 240, 0, "Which?", cases=[{"port": "yes", "when": "true"}]),
            node("done", "end", 480, 0),
        ],
        [edge("start", "which"), edge("which", "done", "yes"), edge("which", "done", "else")],
    )
    drawing = Drawing(ada, server, document)
    ada.locator("[data-select-node=which]").first.click()
    ada.locator("[name='config/cases/0/port']").fill("of_course")
    ada.locator("flow-canvas [data-node-id=which] [data-port=of_course]").wait_for()
    assert kept(drawing)["edges"][1] == {"from": "which", "port": "of_course", "to": "done"}


def test_a_draft_is_tested_without_being_published(drawing):
    page = drawing.page
    page.get_by_role("link", name="Test run").first.click()
    page.locator("[name='input/n']").fill("21")
    page.get_by_role("button", name="Start test run").click()
    page.locator("#trial-run [data-status=succeeded]").wait_for()
    assert re.sub(r"\s", "", page.locator("#trial-run pre").inner_text()) == '{"n":42}'
    run = page.get_by_role("link", name="Open the run").get_attribute("href").strip("/").split("/")[-1]
    shown = drawing.server.api("ada").get(f"runs/{run}/").json()
    assert (shown["version"], shown["environment"], shown["status"]) == (0, "test", "succeeded")
    assert drawing.server.api("ada").get(f"{drawing.api_path}versions/").json()["results"] == []


def test_one_node_is_tried_with_given_outputs(drawing):
    page = drawing.page
    page.locator("[data-select-node=done]").first.click()
    page.get_by_role("link", name="Try this node").click()
    given = page.locator("#trial textarea, #trial input[name^='input/steps']").first
    given.fill("7") if "steps/twice/n" in given.get_attribute("name") else given.fill('{"n": 7}')
    page.get_by_role("button", name="Start test run").click()
    page.locator("#trial-run [data-status=succeeded]").wait_for()
    assert re.sub(r"\s", "", page.locator("#trial-run pre").inner_text()) == '{"n":7}'


def test_the_estimate_follows_the_drawing(drawing):
    page = drawing.page
    page.get_by_role("tab", name="Cost estimate").click()
    page.locator("#costs").get_by_text("No node costs money or time.").wait_for()
    page.locator("[data-add-type=approval]").click()
    drawing.wait_until_saved()
    page.locator("#costs").get_by_text("Nothing bounds the time.").wait_for()
    assert "About $0 a run" in page.locator("#estimate").inner_text()


def test_a_reader_sees_all_of_it_and_can_change_nothing(drawing, sign_in):
    ben = sign_in("ben")
    ben.goto(f"{drawing.address}?node=twice")
    ben.get_by_role("heading", name="Twice").wait_for()
    assert ben.locator("[data-add-type], #node-form, #save-state, #publish").count() == 0
    assert ben.evaluate(f"{CANVAS}.dataset.mode") == "read"
    assert (
        ben.locator("#inspector input:not([disabled]):visible").evaluate_all(
            "inputs => inputs.filter(one => !one.closest('fieldset[disabled]')).length"
        )
        == 0
    )
    audit_page(ben)


def test_all_of_it_works_without_a_script(drawing, sign_in):
    page = sign_in("ada", java_script_enabled=False)
    page.goto(f"{drawing.address}?node=twice&tab=note")
    page.locator("[name='node/note']").fill("Doubles.")
    page.get_by_role("button", name="Save").click()
    until(lambda: kept(drawing)["nodes"][1].get("note") == "Doubles.")
    page.get_by_role("link", name="Connections").click()
    page.locator("#connect-target").select_option("twice")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.locator("#problems")).to_contain_text("goes round without end")
    assert len(kept(drawing)["edges"]) == 3
    page.get_by_role("button", name="Make it a loop, at most 3").click()
    until(lambda: kept(drawing)["edges"][2].get("loop") == {"max": 3})


def test_a_phone_brings_the_inspector_up_and_leads_back_to_the_node(sign_in, drawing):
    page = sign_in("ada", viewport={"width": 390, "height": 844})
    page.goto(drawing.address)
    page.locator("flow-canvas .node[data-node-id=twice]").click()
    page.locator("#inspector [name='node/name']").wait_for()
    canvas, sheet = (page.locator(part).bounding_box() for part in ("flow-canvas", "#inspector"))
    assert (sheet["x"], sheet["width"], sheet["y"] + sheet["height"]) == (0, 390, 844)
    assert sheet["y"] >= canvas["y"] + canvas["height"] - 1
    page.locator("#inspector [name='node/name']").press("Escape")
    page.get_by_role("heading", name="Nothing selected").wait_for()
    until(lambda: page.evaluate("document.activeElement.dataset.nodeId") == "twice")
    boxes = [page.locator(part).bounding_box() for part in ("flow-canvas", ".dock", "#inspector")]
    assert boxes[0]["y"] < boxes[1]["y"] < boxes[2]["y"]
    assert all(box["width"] <= 390 for box in boxes)


def test_a_fresh_node_tells_what_is_missing_where_somebody_has_been_and_at_a_check(drawing):
    page = drawing.page
    page.locator("[data-add-type=supervisor]").click()
    agent = page.locator("#reference-agent")
    agent.wait_for()
    assert page.locator("#inspector .error").count() == 0
    expect(page.locator("#problems")).to_contain_text("The field 'workers' is missing")
    agent.focus()
    page.keyboard.press("Tab")
    expect(page.locator("#inspector .error")).to_have_text(["Choose one."])
    expect(page.locator("#estimate")).to_contain_text("unknown until supervisor is set up")
    page.get_by_role("link", name="Test run").click()
    expect(page.locator("#inspector .error")).to_have_count(2)
