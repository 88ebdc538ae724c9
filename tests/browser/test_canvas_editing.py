"""Editing: behaviours 24 to 35 of the canvas."""

import json

import pytest

from tests.browser.drawing import CANVAS, FORK, Drawing, edge, flow, node

PASTE = """text => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
def drawing(ada, server) -> Drawing:
    return Drawing(ada, server)


def steps(drawing: Drawing) -> int:
    return drawing.page.evaluate(f"{CANVAS}.editing.history.past.length")


def test_one_gesture_is_one_undo_step(drawing):
    drawing.click("left")
    drawing.click("right", "Shift")
    drawing.drag_card("left", 48, 0)
    drawing.connect("left", "right")
    assert steps(drawing) == 2
    drawing.undo()
    assert ("left", "out", "right") not in drawing.edges()
    assert drawing.position("left") == (808, 0)
    drawing.undo()
    assert drawing.position("left") == (760, 0)
    assert drawing.position("right") == (760, 240)
    assert drawing.kept() == drawing.document()


def test_undo_restores_a_node_with_its_edges_in_their_order(drawing):
    before = drawing.document()
    drawing.click("which")
    drawing.press("Delete")
    assert drawing.kept_edges() == {
        ("start", "out", "first"),
        ("left", "out", "done"),
        ("right", "out", "done"),
    }
    drawing.undo()
    assert drawing.document() == before
    found = drawing.kept()
    assert [one["id"] for one in found["nodes"]] == [one["id"] for one in FORK["nodes"]]
    assert [(one["from"], one["to"]) for one in found["edges"]] == [
        (one["from"], one["to"]) for one in FORK["edges"]
    ]
    drawing.page.locator("#inspector").get_by_text("Which way?").first.wait_for(state="attached")


def test_undo_of_tidy_up_is_one_step(drawing):
    drawing.page.locator("[data-canvas-action=tidy]").click()
    drawing.wait_until(f"{CANVAS}.editing.history.past.length === 1")
    assert drawing.position("right") != (760, 240)
    drawing.undo()
    assert {one["id"]: one["position"] for one in drawing.kept()["nodes"]} == {
        one["id"]: one["position"] for one in FORK["nodes"]
    }


def test_bursts_of_arrows_merge_into_one_step(drawing):
    drawing.click("left")
    drawing.press(*["ArrowRight"] * 6, *["ArrowDown"] * 3)
    assert drawing.position("left") == (808, 24)
    assert steps(drawing) == 1
    assert drawing.kept_position("left") == (808, 24)
    drawing.undo()
    assert drawing.kept_position("left") == (760, 0)


@pytest.mark.parametrize("key", ["Control+Shift+z", "Control+y"])
def test_ctrl_shift_z_and_ctrl_y_redo(drawing, key):
    drawing.drag_card("left", 40, 0)
    drawing.undo()
    assert drawing.position("left") == (760, 0)
    drawing.press(key)
    assert drawing.position("left") == (800, 0)
    assert drawing.kept_position("left") == (800, 0)


def test_undo_and_redo_are_buttons_too(drawing):
    undo, redo = (drawing.page.locator(f"[data-canvas-action={name}]") for name in ("undo", "redo"))
    assert undo.is_disabled() and redo.is_disabled()
    drawing.drag_card("left", 40, 0)
    undo.click()
    assert drawing.position("left") == (760, 0)
    assert undo.is_disabled()
    redo.click()
    assert drawing.position("left") == (800, 0)


def test_copy_cut_and_paste_keep_inner_edges(drawing):
    drawing.click("which")
    drawing.click("left", "Shift")
    drawing.press("Control+c", "Control+v")
    assert drawing.selected() == {"which_2", "left_2"}
    found = drawing.kept_edges()
    assert ("which_2", "yes", "left_2") in found
    assert not [one for one in found if one[2] == "which_2" or one[0] == "left_2"]

    drawing.press("Control+x")
    assert {"which_2", "left_2"} & drawing.ids() == set()
    drawing.press("Control+v")
    assert ("which_2", "yes", "left_2") in drawing.kept_edges()
    drawing.undo()
    assert "which_2" not in drawing.ids()


def test_paste_works_in_another_tab_and_another_flow(drawing, server):
    drawing.click("which")
    drawing.click("left", "Shift")
    drawing.press("Control+c")
    other = Drawing(drawing.page.context.new_page(), server, flow([node("start", "start", 0, 0)], []))
    other.click("start")
    other.press("Control+v")
    assert other.ids() == {"start", "which", "left"}
    assert ("which", "yes", "left") in other.kept_edges()
    assert other.kept()["nodes"][1]["config"] == {"cases": [{"port": "yes", "when": "true"}]}


GOOD = {"id": "first", "type": "transform", "position": {"x": 0, "y": 0}}
HOSTILE = {
    "foreign text": "Dear Sir or Madam",
    "foreign json": json.dumps({"nodes": [GOOD], "edges": []}),
    "an unknown type": [{**GOOD, "type": "rootkit"}],
    "a type of every object": [{**GOOD, "type": "constructor"}],
    "an odd id": [{**GOOD, "id": '"><img src=x onerror=alert(1)>'}],
    "the same id twice": [GOOD, GOOD],
    "a huge name": [{**GOOD, "name": "x" * 201}],
    "a huge config": [{**GOOD, "config": {"output": "x" * 300_000}}],
    "a place nowhere": [{**GOOD, "position": {"x": 1e300, "y": 0}}],
    "no place": [{"id": "first", "type": "transform"}],
    "a list for a config": [{**GOOD, "config": ["output"]}],
    "too many nodes": [{**GOOD, "id": f"n{index}"} for index in range(501)],
    "no nodes": [],
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_foreign_or_hostile_clipboard_adds_nothing(drawing, kind):
    given = HOSTILE[kind]
    text = (
        given if isinstance(given, str) else json.dumps({"baton-nodes-1": True, "nodes": given, "edges": []})
    )
    drawing.click("first")
    drawing.page.evaluate(PASTE, text)
    assert drawing.refused() == "Nothing was pasted: the clipboard holds no nodes of a flow."
    assert drawing.document() == drawing.kept()
    assert drawing.ids() == {"start", "first", "which", "left", "right", "done"}
    assert drawing.page.locator("flow-canvas img").count() == 0


def test_a_hostile_edge_or_depth_adds_nothing_either(drawing):
    deep: dict = {}
    for _ in range(60):
        deep = {"more": deep}
    for part in (
        {"nodes": [{**GOOD, "config": deep}], "edges": []},
        {"nodes": [GOOD], "edges": [{"from": "first", "port": "out", "to": "elsewhere"}]},
        {"nodes": [GOOD], "edges": [{"from": "first", "port": "a b", "to": "first", "loop": {"max": 3}}]},
        {"nodes": [GOOD], "edges": [{"from": "first", "port": "out", "to": "first", "loop": {"max": 1e9}}]},
    ):
        drawing.click("first")
        drawing.page.evaluate(PASTE, json.dumps({"baton-nodes-1": True, **part}))
    assert drawing.ids() == {"start", "first", "which", "left", "right", "done"}
    assert steps(drawing) == 0


def test_what_is_pasted_is_shown_as_text(drawing):
    name = "<img src=x onerror=alert(1)>"
    drawing.click("first")
    drawing.page.evaluate(
        PASTE, json.dumps({"baton-nodes-1": True, "nodes": [{**GOOD, "name": name}], "edges": []})
    )
    assert drawing.card("first_2").locator("b").inner_text() == name
    assert next(one for one in drawing.kept()["nodes"] if one["id"] == "first_2")["name"] == name
    assert drawing.card("first_2").locator("b").inner_text() == name
    assert drawing.page.locator("flow-canvas img").count() == 0


def test_ctrl_d_duplicates(drawing):
    drawing.click("which")
    drawing.click("left", "Shift")
    drawing.press("Control+d")
    assert drawing.selected() == {"which_2", "left_2"}
    assert ("which_2", "yes", "left_2") in drawing.kept_edges()
    assert drawing.position("left_2") == (792, 32)


def test_expressions_follow_what_is_duplicated(ada, server):
    told = node(
        "tell", "transform", 480, 0, "Tell", output="{{ steps.first.output }} {{ steps.start.output }}"
    )
    nodes = [node("start", "start", 0, 0), node("first", "transform", 240, 0, "First", output="x"), told]
    drawing = Drawing(ada, server, flow(nodes, [edge("start", "first"), edge("first", "tell")]))
    drawing.click("first")
    drawing.click("tell", "Shift")
    drawing.press("Control+d")
    copy = next(one for one in drawing.kept()["nodes"] if one["id"] == "tell_2")
    assert copy["config"]["output"] == "{{ steps.first_2.output }} {{ steps.start.output }}"


def test_keys_typed_in_inputs_never_touch_the_canvas(drawing):
    drawing.click("left")
    field = drawing.page.locator("#inspector input:visible, #inspector textarea:visible").first
    field.wait_for()
    before = drawing.shape()
    field.focus()
    drawing.page.keyboard.type("ac/lfe")
    drawing.press("Delete", "Backspace", "ArrowRight", "Control+d", "Control+z")
    assert drawing.shape() == before  # what is typed is the name, and may be saved by now
    assert drawing.selected() == {"left"}
    assert not drawing.page.locator("#canvas-quick-add").is_visible()


def test_moving_snaps_to_8_px_alt_disables_it_and_guides_show(drawing):
    seen = []
    drawing.drag_card(
        "left", 3, 45, before_drop=lambda: seen.append(drawing.page.locator(".guides").get_attribute("d"))
    )
    assert drawing.position("left") == (760, 48)
    assert seen[0].startswith("M760 ")
    assert drawing.page.locator(".guides").get_attribute("d") == ""

    drawing.page.keyboard.down("Alt")
    drawing.drag_card("left", 13, 5)
    drawing.page.keyboard.up("Alt")
    assert drawing.position("left") == (773, 53)
    assert drawing.kept_position("left") == (773, 53)


def test_tidy_up_never_overlaps_cards(ada, server):
    nodes = [node("start", "start", 0, 0), node("done", "end", 10, 5)]
    edges = []
    for index in range(40):
        cases = [{"port": f"p{case}", "when": "true"} for case in range(index % 6 + 1)]
        nodes.append(
            node(f"n{index}", "condition", 13 * index % 90, 7 * index % 50, f"Node {index}", cases=cases)
        )
        edges.append(
            edge("start" if index < 3 else f"n{index // 3}", f"n{index}", "out" if index < 3 else "else")
        )
        edges.append(edge(f"n{index}", "done", "p0"))
    drawing = Drawing(ada, server, flow(nodes, edges))
    drawing.click("start")
    drawing.press("l")
    drawing.wait_until(f"{CANVAS}.editing.history.past.length === 1")
    boxes = drawing.page.evaluate(f"[...{CANVAS}.cards.byId.keys()].map(id => {CANVAS}.cards.box(id))")
    assert len(boxes) == 42
    for index, one in enumerate(boxes):
        for other in boxes[index + 1 :]:
            assert (
                one["x"] + one["w"] <= other["x"]
                or other["x"] + other["w"] <= one["x"]
                or one["y"] + one["h"] <= other["y"]
                or other["y"] + other["h"] <= one["y"]
            )
    assert drawing.kept()["nodes"][0]["position"] == dict(zip("xy", drawing.position("start"), strict=True))


def test_edges_follow_a_card_while_it_is_dragged(drawing):
    ends = []

    def end_of_line() -> None:
        drawing.settle()
        line = drawing.page.locator("[data-edge='which.yes>left'] .edge").get_attribute("d")
        ends.append([float(number) for number in line.split("C")[1].split()][-2:])

    end_of_line()
    drawing.drag_card("left", 0, 80, before_drop=end_of_line)
    assert ends[0] == [760, 24]
    assert ends[1] == [760, 104]


def test_what_the_inspector_changed_is_undone_like_everything_else(drawing):
    drawing.click("left")
    name = drawing.page.locator("#inspector").get_by_label("Name")
    name.wait_for()
    name.fill("Leftwards")
    name.blur()
    drawing.wait_until(f"{CANVAS}.editing.history.past.length === 1")
    assert drawing.card("left").locator("b").inner_text() == "Leftwards"
    drawing.click("left")
    drawing.undo()
    assert drawing.card("left").locator("b").inner_text() == "Left"
    assert next(one for one in drawing.kept()["nodes"] if one["id"] == "left")["name"] == "Left"
    drawing.wait_until("document.querySelector('#inspector [name$=name]')?.value === 'Left'")
