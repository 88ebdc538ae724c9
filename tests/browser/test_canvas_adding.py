"""Adding nodes: behaviours 12 to 16 of the canvas."""

import pytest

from tests.browser.drawing import CANVAS, Drawing

OVERLAPS = """() => {
    const boxes = [...document.querySelectorAll('flow-canvas .node')].map(card => card.getBoundingClientRect());
    return boxes.some((a, i) => boxes.slice(i + 1).some(b =>
        a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
}"""


@pytest.fixture
def drawing(ada, server) -> Drawing:
    return Drawing(ada, server)


def palette(drawing: Drawing, kind: str):
    return drawing.page.locator(f'[data-add-type="{kind}"]')


def test_what_is_dragged_from_the_palette_lands_under_the_pointer(drawing):
    x, y = drawing.empty()
    box = drawing.canvas.bounding_box()
    palette(drawing, "agent").drag_to(drawing.canvas, target_position={"x": x - box["x"], "y": y - box["y"]})
    drawing.card("agent").wait_for()
    landed = drawing.box("agent")
    assert landed["x"] < x < landed["x"] + landed["width"]
    assert landed["y"] < y < landed["y"] + landed["height"]
    assert "agent" in {found["id"] for found in drawing.kept()["nodes"]}


@pytest.mark.parametrize("how", ["click", "Enter"])
def test_the_palette_adds_in_view_without_overlap(drawing, how):
    for _ in range(3):
        if how == "click":
            palette(drawing, "tool").click()
        else:
            palette(drawing, "tool").focus()
            drawing.press("Enter")
    assert {"tool", "tool_2", "tool_3"} <= drawing.ids()
    assert not drawing.page.evaluate(OVERLAPS)
    box = drawing.canvas.bounding_box()
    for name in ("tool", "tool_2", "tool_3"):
        card = drawing.box(name)
        assert card["x"] >= box["x"] and card["y"] >= box["y"]
        assert card["x"] + card["width"] <= box["x"] + box["width"]
    assert {"tool", "tool_2", "tool_3"} <= {found["id"] for found in drawing.kept()["nodes"]}


@pytest.mark.parametrize("key", ["a", "/"])
def test_quick_add_finds_a_type_and_enter_adds_and_connects_it(drawing, key):
    drawing.click("left")
    drawing.press(key)
    dialog = drawing.page.locator("#canvas-quick-add")
    dialog.wait_for()
    drawing.page.keyboard.type("appro")
    assert dialog.locator("[role=option]:visible").all_inner_texts()[0].startswith("Approval")
    drawing.press("Enter")
    dialog.wait_for(state="hidden")
    assert ("left", "out", "approval") in drawing.edges()
    assert drawing.selected() == {"approval"}
    assert drawing.focused() == "approval"
    assert ("left", "out", "approval") in drawing.kept_edges()


def test_a_connection_dropped_on_empty_canvas_opens_quick_add_and_is_connected(drawing):
    drawing.drag(drawing.port("right"), drawing.empty())
    drawing.page.locator("#canvas-quick-add").wait_for()
    drawing.page.keyboard.type("wait")
    drawing.press("Enter")
    assert ("right", "out", "wait") in drawing.kept_edges()
    drawing.undo()
    assert "wait" not in drawing.ids()


def test_the_plus_on_an_edge_inserts_between(drawing):
    drawing.page.mouse.move(*drawing.on_edge("start", "first", share=0.3))
    drawing.page.locator(".edge-add").click()
    drawing.page.locator("#canvas-quick-add").wait_for()
    drawing.page.keyboard.type("transf")
    drawing.press("Enter")
    found = drawing.kept_edges()
    assert {("start", "out", "transform"), ("transform", "out", "first")} <= found
    assert ("start", "out", "first") not in found
    assert not drawing.page.evaluate(OVERLAPS)

    drawing.undo()
    assert ("start", "out", "first") in drawing.edges()
    assert "transform" not in drawing.ids()
    assert drawing.position("first") == (240, 120)
    assert drawing.page.evaluate(f"{CANVAS}.editing.history.past.length") == 0
