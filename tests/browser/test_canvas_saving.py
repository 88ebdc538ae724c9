"""Saving: behaviours 44 to 49 of the canvas."""

import json
import re

import pytest

from tests.browser.drawing import CANVAS, FORK, Drawing, api_of, flow, node


@pytest.fixture
def drawing(ada, server) -> Drawing:
    return Drawing(ada, server)


def save_state(drawing: Drawing) -> str:
    return drawing.page.locator("#save-state").inner_text()


def left_offline(drawing: Drawing) -> None:
    """A gesture is made that cannot be saved, and the page is left; the flow's operations fail from now on."""
    context = drawing.page.context
    context.watch.expect("ERR_FAILED")
    drawing.page.on("dialog", lambda dialog: dialog.accept())
    context.route("**/operations/", lambda route: route.abort())
    drawing.drag_card("left", 48, 64)
    drawing.wait_until("document.getElementById('save-state').dataset.state === 'offline'")
    # A page that is left tries once more, which neither routes nor Playwright's being offline hold back.
    drawing.page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('offline')); }")
    drawing.page.goto("about:blank")


def moved_elsewhere(drawing: Drawing, name: str = "first", x: int = 200) -> None:
    """Somebody saves the draft by the API, with one node elsewhere."""
    nodes = [{**one, "position": {"x": x, "y": 400}} if one["id"] == name else one for one in FORK["nodes"]]
    answer = api_of(drawing.server).put(drawing.api_path, json={**FORK, "slug": drawing.slug, "nodes": nodes})
    assert answer.status_code == 200, answer.text


def test_reload_keeps_positions(drawing):
    drawing.drag_card("left", 48, 64)
    drawing.wait_until_saved()
    assert re.fullmatch(r"Saved \d\d:\d\d", save_state(drawing))
    drawing.reload()
    assert drawing.position("left") == (808, 64)
    assert drawing.card("left").evaluate("card => card.style.transform") == "translate(808px, 64px)"


def test_a_second_tab_on_an_old_version_gets_a_choice_and_nothing_is_overwritten(drawing, server):
    drawing.page.context.watch.expect("status of 409")
    other = Drawing(drawing.page.context.new_page(), server, slug=drawing.slug)
    drawing.drag_card("left", 48, 64)
    drawing.wait_until_saved()

    other.drag_card("right", 40, 40)
    dialog = other.page.locator("#canvas-conflict")
    dialog.wait_for()
    assert dialog.locator("[data-conflict-sentence]").inner_text().startswith("ada changed this draft.")
    assert dialog.locator("li").all_inner_texts() == ["Move 1 node"]
    assert drawing.kept_position("right") == (760, 240)

    dialog.get_by_role("button", name="Put my changes on top").click()
    assert other.kept_position("right") == (800, 280)
    assert other.kept_position("left") == (808, 64)
    assert other.position("left") == (808, 64)


def test_a_form_kept_on_top_of_somebody_elses_work_opens_the_choice(drawing):
    drawing.page.context.watch.expect("ERR_FAILED", "status of 409")
    drawing.click("right")
    name = drawing.page.locator("#inspector [name='node/name']")
    name.wait_for()
    drawing.page.evaluate(f"{CANVAS}.saving.pause = 60_000")
    drawing.page.context.route("**/operations/", lambda route: route.abort())
    drawing.drag_card("right", 40, 40)
    drawing.wait_until("document.getElementById('save-state').dataset.state === 'offline'")
    moved_elsewhere(drawing)
    drawing.page.context.unroute("**/operations/")
    name.fill("Port side")
    drawing.page.locator("#canvas-conflict").get_by_role("button", name="Put my changes on top").click()
    assert drawing.kept_position("right") == (800, 280)
    assert drawing.position("first") == (200, 400)
    assert drawing.kept() == drawing.document()
    assert next(one["name"] for one in drawing.document()["nodes"] if one["id"] == "right") == "Port side"


def test_of_a_conflict_ones_own_changes_can_be_dropped_or_left_for_later(drawing):
    drawing.page.context.watch.expect("status of 409")
    moved_elsewhere(drawing)
    drawing.drag_card("right", 40, 40)
    dialog = drawing.page.locator("#canvas-conflict")
    dialog.wait_for()
    dialog.get_by_role("button", name="Decide later").click()
    drawing.connect("left", "right")
    assert save_state(drawing) != ""
    assert not [
        one
        for one in api_of(drawing.server).get(drawing.api_path).json()["draft"]["edges"]
        if one["to"] == "right" and one["from"] == "left"
    ]

    drawing.page.locator("#save-state").click()
    dialog.get_by_role("button", name="Drop my changes").click()
    drawing.wait_until_saved()
    assert drawing.position("first") == (200, 400)
    assert drawing.position("right") == (760, 240)
    assert drawing.kept() == drawing.document()


def test_changes_that_do_not_fit_any_more_are_left_out_and_said_so(drawing):
    drawing.page.context.watch.expect("status of 409", "status of 404")
    nodes = [one for one in FORK["nodes"] if one["id"] != "right"]
    edges = [one for one in FORK["edges"] if "right" not in (one["from"], one["to"])]
    api_of(drawing.server).put(
        drawing.api_path, json={**FORK, "slug": drawing.slug, "nodes": nodes, "edges": edges}
    )
    drawing.drag_card("right", 40, 40)
    drawing.page.locator("#canvas-conflict").get_by_role("button", name="Put my changes on top").click()
    assert drawing.refused() == "1 change did not fit any more and was left out."
    assert drawing.ids() == {"start", "first", "which", "left", "done"}


def test_closing_with_unsaved_work_warns(drawing):
    drawing.page.context.watch.expect("ERR_INTERNET_DISCONNECTED", "Failed to fetch")
    asked = []
    drawing.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    drawing.page.context.set_offline(True)
    drawing.drag_card("left", 48, 64)
    with drawing.page.expect_event("dialog"):
        drawing.page.close(run_before_unload=True)
    assert asked == ["beforeunload"]
    drawing.page.context.set_offline(False)
    drawing.wait_until_saved()
    with drawing.page.expect_event("close"):
        drawing.page.close(run_before_unload=True)
    assert asked == ["beforeunload"]


def test_work_made_offline_is_replayed_when_the_connection_is_back(drawing):
    drawing.page.context.watch.expect("ERR_INTERNET_DISCONNECTED", "Failed to fetch")
    drawing.page.context.set_offline(True)
    drawing.drag_card("left", 48, 64)
    drawing.connect("left", "right")
    drawing.wait_until("document.getElementById('save-state').dataset.state === 'offline'")
    assert save_state(drawing) == "Not saved: offline"
    drawing.page.context.set_offline(False)
    assert drawing.kept_position("left") == (808, 64)
    assert ("left", "out", "right") in drawing.kept_edges()
    assert re.fullmatch(r"Saved \d\d:\d\d", save_state(drawing))


def test_work_made_offline_is_replayed_after_a_reload_and_can_be_undone(drawing):
    left_offline(drawing)
    drawing.open()
    assert drawing.position("left") == (808, 64)
    assert api_of(drawing.server).get(drawing.api_path).json()["draft"]["nodes"] == FORK["nodes"]
    drawing.page.context.unroute("**/operations/")
    drawing.wait_for_announcement("1 change made offline is saved")
    assert drawing.kept_position("left") == (808, 64)
    assert (
        drawing.page.evaluate(
            "Object.keys(localStorage).filter(key => key.startsWith('baton:unsaved:')).length"
        )
        == 0
    )
    drawing.click("start")
    drawing.undo()
    assert drawing.kept_position("left") == (760, 0)


def test_offline_work_on_a_draft_that_moved_on_gets_a_choice(drawing):
    left_offline(drawing)
    drawing.page.context.unroute("**/operations/")
    moved_elsewhere(drawing)
    drawing.open()
    drawing.page.locator("#canvas-conflict").get_by_role("button", name="Put my changes on top").click()
    assert drawing.kept_position("left") == (808, 64)
    assert drawing.kept_position("first") == (200, 400)


def test_an_answer_that_got_lost_is_no_conflict(drawing):
    drawing.page.context.watch.expect("ERR_FAILED", "status of 409")

    def lose(route) -> None:
        route.fetch()
        route.abort()

    drawing.page.context.route("**/operations/", lose, times=1)
    drawing.drag_card("left", 48, 64)
    drawing.drag_card("right", 40, 40)
    assert drawing.kept_position("left") == (808, 64)
    assert drawing.kept_position("right") == (800, 280)
    assert not drawing.page.locator("#canvas-conflict").is_visible()


def test_an_empty_graph_never_replaces_a_full_one_by_itself(drawing, server):
    posted = []
    drawing.page.on(
        "request", lambda request: posted.append(request.url) if request.method == "POST" else None
    )
    drawing.page.evaluate(f"{CANVAS}.load({{nodes: [], edges: []}})")
    drawing.page.wait_for_timeout(300)

    def without_document(route) -> None:
        answer = route.fetch()
        block = re.compile(r'<script id="flow-document".*?</script>', re.DOTALL)
        assert block.search(answer.text())
        route.fulfill(response=answer, body=block.sub("", answer.text()))

    drawing.page.route(f"**{drawing.address}", without_document)
    drawing.page.reload()
    drawing.page.wait_for_selector("flow-canvas[data-ready]")
    drawing.page.locator("[data-add-type=agent]").click()
    drawing.page.evaluate("localStorage.setItem('baton:unsaved:x', '{')")
    drawing.page.wait_for_timeout(300)
    assert posted == []
    assert api_of(server).get(drawing.api_path).json()["draft"]["nodes"] == FORK["nodes"]


def test_a_draft_never_becomes_published_unseen(drawing, server):
    versions = f"{drawing.api_path}versions/"
    assert api_of(server).post(versions, json={**FORK, "slug": drawing.slug}).status_code == 201
    drawing.open()
    drawing.drag_card("left", 48, 64)
    drawing.click("right")
    drawing.press("Delete")
    drawing.wait_until_saved()
    drawing.reload()
    assert drawing.ids() == {"start", "first", "which", "left", "done"}
    assert [one["version"] for one in api_of(server).get(versions).json()["results"]] == [1]
    found = api_of(server).get(drawing.api_path).json()
    assert found["active"] == 1
    assert [one["id"] for one in found["document"]["nodes"]] == [one["id"] for one in FORK["nodes"]]
    assert [one["id"] for one in found["draft"]["nodes"]] == ["start", "first", "which", "left", "done"]


def test_what_the_server_refuses_is_taken_back_and_said(drawing):
    drawing.page.context.watch.expect("status of 422")
    odd = {"op": "add", "node": {"id": "odd", "type": "NO TYPE", "position": {"x": 0, "y": 0}}}
    drawing.page.evaluate(f"odd => {CANVAS}.editing.perform([odd], 'Add')", odd)
    drawing.wait_until_saved()
    assert "odd" not in drawing.ids()
    assert drawing.page.locator("#save-state").get_attribute("data-state") == "refused"
    assert drawing.refused().startswith("Not saved: ")


def test_read_only_blocks_edits_and_allows_pan_and_inspect(drawing, sign_in, server):
    page = sign_in("ben")
    posted = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    read = Drawing(page, server, slug=drawing.slug)
    assert read.canvas.get_attribute("data-mode") == "read"
    before = read.document()
    read.click("left")
    assert read.selected() == {"left"}
    page.locator("#inspector").get_by_text("Left").first.wait_for()
    view = read.view()
    read.drag_card("left", 60, 60)
    assert read.view()["x"] != view["x"]
    read.drag(read.port("left"), read.middle("right"))
    read.press("Delete", "Control+d", "a", "c", "ArrowRight", "Control+z", "l")
    assert read.document() == before
    assert not page.locator("#canvas-quick-add").is_visible()

    view = read.view()
    page.mouse.wheel(0, 40)
    assert read.view()["y"] == pytest.approx(view["y"] - 40)
    page.keyboard.press("f")
    assert posted == []
    assert json.dumps(api_of(server).get(drawing.api_path).json()["draft"]["nodes"]) == json.dumps(
        FORK["nodes"]
    )


def test_nodes_without_a_place_get_one_and_the_first_change_keeps_it(ada, server):
    nodes = [{key: value for key, value in one.items() if key != "position"} for one in FORK["nodes"]]
    drawing = Drawing(ada, server, {**flow(nodes, FORK["edges"])})
    drawing.wait_until(f"{CANVAS}.unplaced.size === 6")
    xs = [drawing.box(name)["x"] for name in ("start", "first", "which", "left", "done")]
    assert xs == sorted(set(xs))
    assert "position" not in drawing.kept()["nodes"][0]
    drawing.click("left")
    drawing.press("ArrowDown")
    assert all("position" in one for one in drawing.kept()["nodes"])
    assert node("start", "start", 0, 0)["id"] == drawing.kept()["nodes"][0]["id"]
