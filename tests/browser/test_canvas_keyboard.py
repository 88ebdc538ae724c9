"""The canvas by keyboard and for everybody: behaviours 36 to 43."""

import pytest

from tests.browser.drawing import CANVAS, Drawing


@pytest.fixture
def drawing(ada, server) -> Drawing:
    return Drawing(ada, server)


def focus(drawing: Drawing, name: str) -> None:
    drawing.card(name).focus()


def test_the_canvas_is_one_tab_stop_in_and_one_out(drawing):
    assert drawing.page.locator("flow-canvas [tabindex='0']").count() == 1
    drawing.page.locator("[data-add-type]").last.focus()
    drawing.press("Tab")
    assert drawing.focused() == "start"
    drawing.press("Tab")
    assert not drawing.page.evaluate(f"{CANVAS}.contains(document.activeElement)")
    drawing.press("Shift+Tab")
    assert drawing.focused() == "start"
    drawing.press("Shift+Tab")
    assert drawing.page.evaluate("'addType' in document.activeElement.dataset")


def test_an_empty_canvas_is_a_tab_stop_too(ada, server):
    drawing = Drawing(
        ada, server, {"kind": "flow", "slug": "empty", "name": "Empty", "nodes": [], "edges": []}
    )
    drawing.page.locator("[data-add-type]").last.focus()
    drawing.press("Tab")
    assert drawing.page.evaluate(f"document.activeElement === {CANVAS}")
    drawing.press("a")
    drawing.page.keyboard.type("start")
    drawing.press("Enter")
    assert drawing.focused() == "start"
    assert [one["id"] for one in drawing.kept()["nodes"]] == ["start"]


def test_alt_and_arrows_walk_the_nodes(drawing):
    focus(drawing, "start")
    walked = []
    for key in ("Right", "Right", "Right", "Down", "Right", "Left", "Left"):
        drawing.press(f"Alt+Arrow{key}")
        walked.append(drawing.focused())
    assert walked == ["first", "which", "left", "right", "done", "left", "which"]
    assert drawing.selected() == {"which"}


def test_arrows_nudge_8_px_and_with_shift_40(drawing):
    focus(drawing, "left")
    drawing.press("ArrowRight", "ArrowDown")
    assert drawing.position("left") == (768, 8)
    drawing.press("Shift+ArrowLeft", "Shift+ArrowUp")
    assert drawing.position("left") == (728, -32)
    assert drawing.kept_position("left") == (728, -32)


def test_c_connects_arrows_choose_enter_commits_escape_leaves_each_announced(drawing):
    focus(drawing, "which")
    drawing.press("c")
    assert drawing.announced().startswith("Which way? by yes to Right, 1 of 2.")
    drawing.press("ArrowDown")
    assert drawing.announced().startswith("Which way? by yes to done, 2 of 2.")
    drawing.press("ArrowUp", "ArrowRight")
    assert drawing.announced().startswith("Which way? by else to Left, 1 of 2.")
    drawing.press("Enter")
    drawing.wait_for_announcement("Connected Which way? to Left")
    assert ("which", "else", "left") in drawing.kept_edges()

    drawing.press("c", "Escape")
    assert drawing.announced() == "Cancelled"
    assert drawing.page.locator("flow-canvas[data-connecting]").count() == 0
    assert drawing.focused() == "which"


def test_e_walks_the_connections_of_a_node_and_delete_removes_one(drawing):
    focus(drawing, "which")
    drawing.press("e")
    assert drawing.announced() == "Connection from Which way? by yes to Left. Delete removes it."
    drawing.press("e")
    assert drawing.announced() == "Connection from Which way? by else to Right. Delete removes it."
    drawing.press("Delete")
    assert ("which", "else", "right") not in drawing.kept_edges()
    assert ("which", "yes", "left") in drawing.edges()


def test_name_type_and_status_are_in_the_accessible_name(drawing):
    assert drawing.page.get_by_role("application", name="Drawn").count() == 1
    assert drawing.card("which").get_attribute("aria-label") == "Which way?, condition"
    drawing.page.evaluate(f"{CANVAS}.setStatus('which', 'running', {{iteration: 2}})")
    drawing.settle()
    assert drawing.page.get_by_role("group", name="Which way?, condition, running, iteration 2").count() == 1


def test_problems_are_in_the_accessible_name(drawing):
    drawing.page.mouse.click(*drawing.on_edge("first", "which", share=0.3))
    drawing.press("Delete")
    drawing.wait_until_saved()
    assert drawing.card("which").get_attribute("aria-label") == "Which way?, condition, error"
    assert drawing.card("first").get_attribute("aria-label") == "First, transform, warning"
    drawing.undo()
    drawing.wait_until_saved()
    assert drawing.card("which").get_attribute("aria-label") == "Which way?, condition"


def test_the_focus_goes_to_a_neighbour_after_delete(drawing):
    drawing.page.context.watch.expect(
        "status of 404"
    )  # the form of a node that is gone when the server looks
    drawing.click("which")
    drawing.press("Delete")
    assert drawing.focused() == "first"
    drawing.press("Delete", "Delete")
    assert drawing.focused() in {"left", "right"}
    drawing.press("Control+a", "Delete")
    assert drawing.page.evaluate(f"document.activeElement === {CANVAS}")
    drawing.press("Control+z")
    assert drawing.ids() == {"left", "right", "done"}


def test_status_is_never_told_by_colour_alone(drawing):
    looks = set()
    for status in ("queued", "running", "waiting", "succeeded", "failed", "cancelled", "skipped", "blocked"):
        drawing.page.evaluate(f"{CANVAS}.setStatus('left', '{status}')")
        drawing.settle()
        badge = drawing.card("left").locator(".node__badge")
        assert badge.is_visible()
        looks.add(badge.locator("use").get_attribute("href"))
        assert drawing.card("left").get_attribute("aria-label").startswith("Left, transform, ")
    assert len(looks) == 8

    dashes = set()
    for state in ("taken", "live", "not-taken"):
        drawing.page.evaluate(f"{CANVAS}.setEdge('left', 'out', 'done', '{state}')")
        drawing.settle()
        line = drawing.page.locator("[data-edge='left.out>done'] .edge")
        dashes.add(line.evaluate("line => getComputedStyle(line).strokeDasharray"))
    assert len(dashes) == 3


@pytest.mark.parametrize(("motion", "moving"), [("no-preference", 1), ("reduce", 0)])
def test_reduced_motion_stops_edge_animation(drawing, motion, moving):
    drawing.page.emulate_media(reduced_motion=motion)
    drawing.page.evaluate(f"{CANVAS}.setEdge('first', 'out', 'which', 'live')")
    drawing.settle()
    running = "line => line.getAnimations().filter(one => one.playState === 'running').length"
    line = drawing.page.locator("[data-edge='first.out>which'] .edge")
    assert line.evaluate("line => line.classList.contains('is-live')")
    assert line.evaluate(running) == moving


REMEMBERED = """() => {
    window.left = [];
    document.addEventListener("keydown", ({ key, defaultPrevented }) => {
        if (key !== "Alt" && !defaultPrevented) window.left.push(key);
    });
}"""


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        ("document.documentElement.dataset.shortcuts = 'off'", ["/", "c", "l", "f"]),
        (f"{CANVAS}.dataset.mode = 'read'", ["c", "l", "Delete"]),
    ],
)
def test_a_first_key_that_is_none_of_the_canvas_is_left_to_the_page(drawing, change, keys):
    drawing.page.evaluate(change)
    drawing.page.evaluate(REMEMBERED)
    focus(drawing, "left")
    drawing.press(*keys)
    assert drawing.page.evaluate("window.left") == keys
    drawing.press("Escape", "Alt+ArrowRight")
    assert drawing.page.evaluate("window.left") == keys
    assert drawing.focused() == "done"


def test_letters_are_off_where_the_person_switched_them_off(drawing):
    drawing.page.evaluate("document.documentElement.dataset.shortcuts = 'off'")
    focus(drawing, "left")
    drawing.press("a", "c", "e", "l", "/")
    assert not drawing.page.locator("#canvas-quick-add").is_visible()
    assert drawing.page.locator("flow-canvas[data-connecting]").count() == 0
    drawing.press("ArrowRight")
    assert drawing.position("left") == (768, 0)
