"""Looking at a drawing: behaviours 1 to 6 of the canvas."""

import pytest

from tests.browser.drawing import CANVAS, Drawing


@pytest.fixture
def drawing(ada, server) -> Drawing:
    return Drawing(ada, server)


def test_the_wheel_pans_and_with_ctrl_it_zooms_at_the_pointer(drawing):
    drawing.actual_size()
    drawing.page.mouse.move(*drawing.empty())
    drawing.page.mouse.wheel(30, 50)
    assert drawing.view() == {"x": 10, "y": 70, "zoom": 1}

    under = drawing.empty()
    before = drawing.to_world(under)
    drawing.page.keyboard.down("Control")
    drawing.page.mouse.wheel(0, -40)
    drawing.page.keyboard.up("Control")
    assert drawing.view()["zoom"] == pytest.approx(1.49, abs=0.01)
    assert drawing.to_world(under) == pytest.approx(before, abs=0.5)


@pytest.mark.parametrize("button", ["left", "middle"])
def test_space_and_drag_and_middle_drag_pan(drawing, button):
    drawing.actual_size()
    drawing.click("first")
    x, y = drawing.middle("first")
    if button == "left":
        drawing.page.keyboard.down("Space")
    drawing.drag((x, y), (x + 70, y + 30), button=button)
    if button == "left":
        drawing.page.keyboard.up("Space")
    assert drawing.view() == {"x": 110, "y": 150, "zoom": 1}
    assert drawing.position("first") == (240, 120)


def test_pinching_zooms(sign_in, server):
    drawing = Drawing(sign_in("ada", has_touch=True), server)
    drawing.actual_size()
    touch = drawing.page.context.new_cdp_session(drawing.page)
    x, y = drawing.empty()

    def fingers(kind: str, apart: float) -> None:
        points = (
            []
            if kind == "touchEnd"
            else [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}]
        )
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch.send(
        "Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x - 40, "y": y, "id": 1}]}
    )
    fingers("touchStart", 40)
    for apart in (45, 50, 55, 60):
        fingers("touchMove", apart)
    fingers("touchEnd", 60)
    assert drawing.view()["zoom"] == pytest.approx(1.5, abs=0.05)
    assert drawing.document()["nodes"][1]["position"] == {"x": 240, "y": 120}


def test_shift_1_fits_all_shift_2_the_selection_and_ctrl_0_is_actual_size(drawing):
    drawing.click("first")
    drawing.press("Shift+Digit1")
    box = drawing.canvas.bounding_box()
    for name in ("start", "left", "right", "done"):
        card = drawing.box(name)
        assert card["x"] > box["x"] and card["x"] + card["width"] < box["x"] + box["width"]
    whole = drawing.view()["zoom"]
    assert whole < 1

    drawing.press("Shift+Digit2")
    card = drawing.box("first")
    assert drawing.view()["zoom"] == 1
    assert card["x"] + card["width"] / 2 == pytest.approx(box["x"] + box["width"] / 2, abs=1)

    drawing.press("Shift+Digit1", "Control+0")
    assert drawing.view()["zoom"] == 1


def test_the_minimap_moves_the_view(drawing):
    drawing.actual_size()
    box = drawing.page.locator(".canvas__mini").bounding_box()
    drawing.page.mouse.click(box["x"] + box["width"] - 20, box["y"] + box["height"] / 2)
    right = drawing.view()["x"]
    drawing.page.mouse.click(box["x"] + 20, box["y"] + box["height"] / 2)
    assert drawing.view()["x"] > right + 200
    assert drawing.view()["zoom"] == 1


def test_dragging_to_the_border_pans(drawing):
    drawing.actual_size()
    box = drawing.canvas.bounding_box()
    goal = (box["x"] + box["width"] - 6, drawing.middle("first")[1])
    drawing.drag(
        drawing.middle("first"),
        goal,
        before_drop=lambda: drawing.wait_until(f"{CANVAS}.view.x < -150"),
    )
    assert drawing.position("first")[0] > box["width"] - 40
    assert drawing.kept_position("first") == drawing.position("first")
