"""Adding nodes: behaviours 12 to 16 of the canvas."""

import pytest

from tests.browser.drawing import CANVAS, Drawing

OVERLAPS = """() => {
    const boxes = [...document.querySelectorAll('flow-canvas .node')].map(card => card.getBoundingClientRect());
    return boxes.some((a, i) => boxes.slice(i + 1).some(b =>
        a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
}"""

ON_A_LINE = """() => [...document.querySelectorAll('flow-canvas .node')].filter(card =>
    [...document.querySelectorAll('flow-canvas path.edge[marker-end]')].some(line => {
        const box = card.getBoundingClientRect();
        return Array.from({length: 60}, (_, i) => line.getPointAtLength(line.getTotalLength() * (0.02 + i / 63))
            .matrixTransform(line.getScreenCTM())).some(({x, y}) =>
                x > box.left + 12 && x < box.right - 12 && y > box.top && y < box.bottom);
    })).map(card => card.dataset.nodeId).join()"""


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
    drawing.settle()
    assert {"tool", "tool_2", "tool_3"} <= drawing.ids()
    assert not drawing.page.evaluate(OVERLAPS)
    assert not drawing.page.evaluate(ON_A_LINE)
    box = drawing.canvas.bounding_box()
    for name in ("tool", "tool_2", "tool_3"):
        card = drawing.box(name)
        assert card["x"] >= box["x"] and card["y"] >= box["y"]
        assert card["x"] + card["width"] <= box["x"] + box["width"]
    assert {"tool", "tool_2", "tool_3"} <= {found["id"] for found in drawing.kept()["nodes"]}


def test_what_is_dropped_on_a_line_comes_between_its_ends(drawing):
    x, y = drawing.on_edge("right", "done")
    box = drawing.canvas.bounding_box()
    palette(drawing, "wait").drag_to(drawing.canvas, target_position={"x": x - box["x"], "y": y - box["y"]})
    drawing.card("wait").wait_for()
    assert {("right", "out", "wait"), ("wait", "out", "done")} <= drawing.kept_edges()
    assert ("right", "out", "done") not in drawing.edges()
    drawing.undo()
    assert ("right", "out", "done") in drawing.kept_edges()


def test_a_card_that_grows_pushes_away_what_stands_below_it(drawing):
    palette(drawing, "team").click()
    drawing.page.locator("#inspector [data-node=team]").first.wait_for()
    x, y = drawing.kept_position("team")
    below = {"id": "below", "type": "wait", "position": {"x": x + 40, "y": y + 120}}
    crew = {"participants": ["first-member", "second-member", "third-member", "fourth-member"]}
    perform = f"([operation, label]) => {CANVAS}.editing.perform([operation], label)"
    drawing.page.evaluate(perform, [{"op": "add", "node": below}, "Add below"])
    drawing.wait_until_saved()
    drawing.page.evaluate(perform, [{"op": "configure", "node": "team", "set": {"config": crew}}, "Invite"])
    drawing.wait_until(f"{CANVAS}.cards.get('below').y > {y + 120}")
    assert not drawing.page.evaluate(OVERLAPS)
    assert drawing.kept_position("below")[1] > y + 120
    drawing.undo()
    assert drawing.kept_position("below") == (x + 40, y + 120)


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
