"""Selecting: behaviours 7 to 11 of the canvas."""

import re

import pytest

from tests.browser.drawing import CANVAS, Drawing


@pytest.fixture
def drawing(ada, server) -> Drawing:
    return Drawing(ada, server)


def test_a_click_selects_and_opens_the_inspector(drawing):
    drawing.click("left")
    assert drawing.selected() == {"left"}
    drawing.page.locator("#inspector").get_by_text("Left").first.wait_for()

    drawing.click("which")
    assert drawing.selected() == {"which"}
    drawing.page.locator("#inspector").get_by_text("Which way?").first.wait_for()


@pytest.mark.parametrize("first", ["a node", "nothing"])
def test_the_inspector_shows_what_was_selected_last_however_late_an_answer_comes(drawing, first):
    drawing.drag_card("left", 48, 64)  # the list of nodes is old after that
    drawing.wait_until_saved()
    inspector = drawing.page.locator("#inspector")
    inspector.locator("[data-node=left]").first.wait_for()
    held = []
    late = re.compile(r"/nodes/right/" if first == "a node" else r"/nodes/$")
    drawing.page.route(late, lambda route: held.append(route))
    drawing.click("right") if first == "a node" else drawing.press("Escape")
    with drawing.page.expect_response(re.compile(r"/nodes/which/")):
        drawing.click("which")
    (route,) = held
    route.continue_()
    drawing.page.wait_for_timeout(500)
    assert inspector.locator("[data-node=which]").count()


def test_shift_drag_selects_by_a_marquee_and_shift_or_ctrl_click_toggles(drawing):
    drawing.page.keyboard.down("Shift")
    drawing.drag(drawing.at_world(740, -40), drawing.at_world(960, 320))
    drawing.page.keyboard.up("Shift")
    assert drawing.selected() == {"left", "right"}

    drawing.click("first", "Shift")
    assert drawing.selected() == {"left", "right", "first"}
    drawing.click("left", "Control")
    assert drawing.selected() == {"right", "first"}


def test_ctrl_a_selects_everything(drawing):
    drawing.click("first")
    drawing.press("Control+a")
    assert drawing.selected() == {"start", "first", "which", "left", "right", "done"}


def test_escape_clears_and_cancels_a_running_drag_or_connection(drawing):
    drawing.drag_card("first", 80, 80, before_drop=lambda: drawing.press("Escape"))
    assert drawing.position("first") == (240, 120)
    assert drawing.card("first").evaluate("card => card.style.transform") == "translate(240px, 120px)"

    drawing.drag(
        drawing.port("left"), drawing.port("right", "in"), before_drop=lambda: drawing.press("Escape")
    )
    assert ("left", "out", "right") not in drawing.edges()

    drawing.press("Escape")
    assert drawing.selected() == set()
    assert drawing.page.evaluate(f"{CANVAS}.editing.history.past.length") == 0


def test_dragging_one_of_many_moves_all(drawing):
    drawing.click("left")
    drawing.click("right", "Shift")
    drawing.drag_card("right", 40, 24)
    assert drawing.position("left") == (800, 24)
    assert drawing.position("right") == (800, 264)
    assert drawing.kept_position("left") == (800, 24)
    assert drawing.kept_position("first") == (240, 120)
