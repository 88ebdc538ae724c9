"""What a person is led to on the page of a run: what waits, what is wrong with an answer, and the result at the end."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.api import Api
from tests.journeys import stage
from tests.prepared import Prepared
from tests.serving import BatonServer

FIELDS = {"type": "object", "properties": {f"line_{n}": {"type": "string"} for n in range(1, 9)}}
ASK = {
    "reviewers": ["role:reviewer"],
    "title": "Post it?",
    "editable": True,
    "schema": FIELDS,
    "due_in_s": 172_800,
}
LOOK = {"id": "look", "type": "tool", "config": {"tool": "look", "arguments": {"n": 1}}}
# The step that waits stands where the small picture lies over the drawing.
PLACED = {
    "kind": "flow",
    "slug": "corner",
    "name": "Corner",
    "nodes": [
        {"id": "start", "type": "start", "position": {"x": 0, "y": 100}},
        {**LOOK, "position": {"x": 240, "y": 100}},
        {"id": "check", "type": "approval", "position": {"x": 1090, "y": 260}, "config": ASK},
        {"id": "high", "type": "end", "position": {"x": 1090, "y": 0}},
        {"id": "done", "type": "end", "position": {"x": 1700, "y": 100}},
    ],
    "edges": [
        {"from": "start", "to": "look"},
        {"from": "look", "to": "check"},
        {"from": "check", "port": "approved", "to": "done"},
        {"from": "check", "port": "rejected", "to": "high"},
    ],
}
CLEAR = """node => { const mini_ = document.querySelector('.canvas__mini');
    const [box, mini, seen] = [node, mini_, node.closest('flow-canvas')].map((one) => one.getBoundingClientRect());
    const isSeen = box.top >= seen.top && box.bottom <= seen.bottom && box.left >= seen.left && box.right <= seen.right;
    return isSeen && (box.right < mini.left || box.bottom < mini.top); }"""


@pytest.fixture(scope="module")
def server(
    prepared: Prepared, tmp_path_factory: pytest.TempPathFactory, peer: stage.ToolServer
) -> Iterator[BatonServer]:
    running = prepared.serve(tmp_path_factory.mktemp("looks"), {"BATON_HTTP_ALLOW": peer.endpoint})
    stage.publish(
        running.api("ada"),
        stage.tool("look", peer.url, "read"),
        stage.chain("looks", LOOK),
        PLACED,
    )
    yield running
    running.sweep()


@pytest.fixture(scope="module")
def api(server: BatonServer) -> Api:
    return server.api("ada")


def held(page: Page, api: Api, peer: stage.ToolServer, flow: str) -> str:
    """A run whose page is open while its tool works still."""
    peer.hold("/look")
    asked = len(peer.bodies("/look"))
    run_id = api.launch(flow, input={})["id"]
    stage.until(lambda: len(peer.bodies("/look")) > asked, 15, "the tool is called")
    page.goto(f"/runs/{run_id}/")
    expect(page.locator("[data-connection]")).to_have_text("Live")
    return run_id


def test_what_begins_to_wait_comes_into_sight_beside_the_small_picture(
    sign_in, api: Api, peer: stage.ToolServer
):
    rita = sign_in("rita")
    run_id = held(rita, api, peer, "corner")
    peer.release("/look")
    check = rita.locator('.node[data-node-id="check"][data-selected]')
    expect(check).to_be_visible()
    rita.wait_for_function(CLEAR, arg=check.element_handle())
    expect(rita.locator("run-trace time-ago", has_text="in 2 days").first).to_be_visible()
    rita.reload()
    rita.wait_for_function(CLEAR, arg=rita.locator('.node[data-node-id="check"]').element_handle())
    (wait,) = api.run(run_id)["waiting"]
    wait = api.read(f"approvals/{wait['id']}/")
    stage.decide(api, wait, "reject", reason="Not ours.")
    expect(rita.locator("#run-status")).to_have_text("Succeeded")
    bar = rita.locator("tr[aria-level]", has_text="check").locator("td.bar rect")
    expect(bar.first).to_have_attribute("data-status", "waiting")
    assert bar.last.get_attribute("width") in (None, "0.00%")


@pytest.mark.parametrize("size", [(390, 844), (1280, 720)], ids=["phone", "desktop"])
def test_who_reviews_a_step_sees_what_is_asked_and_the_buttons_at_once(sign_in, api: Api, size):
    run_id = api.launch("corner", input={})["id"]
    api.waiting(run_id)
    rita = sign_in("rita")
    rita.set_viewport_size({"width": size[0], "height": size[1]})
    rita.goto(f"/runs/{run_id}/")
    expect(rita.locator("flow-canvas[data-ready]")).to_be_visible()
    rita.get_by_role("link", name="Review it").click()
    expect(rita.locator("#run-detail")).to_be_focused()
    expect(rita.locator("#run-detail h2")).to_be_in_viewport(ratio=1)
    expect(rita.locator("#run-detail").get_by_text("Post it?")).to_be_in_viewport(ratio=1)
    for name in ("Approve", "Reject"):
        expect(rita.get_by_role("button", name=name, exact=True)).to_be_in_viewport(ratio=1)


def test_a_rejection_without_a_reason_leads_to_the_field(sign_in, api: Api, peer: stage.ToolServer):
    run_id = api.launch("corner", input={})["id"]
    (wait,) = api.waiting(run_id)["waiting"]
    rita = sign_in("rita")
    rita.context.watch.expect("status of 422")
    for address in (f"/runs/{run_id}/", f"/projects/demo/approvals/{wait['id']}/?do=reject"):
        rita.goto(address)
        rita.get_by_role("button", name="Reject", exact=True).click()
        asked = rita.get_by_role("dialog")
        if asked.is_visible():
            asked.get_by_role("button", name="Reject").click()
        expect(rita.locator("textarea[name=reason]")).to_be_focused()
        expect(rita.get_by_text("Say why: whoever asked reads it.")).to_be_in_viewport(ratio=1)


def test_the_run_and_its_output_are_shown_at_the_end_unless_somebody_chose_a_step(
    ada: Page, api: Api, peer: stage.ToolServer
):
    held(ada, api, peer, "looks")
    expect(ada.locator("#run-detail h2")).to_have_text("look")
    peer.release("/look")
    expect(ada.locator("#run-status")).to_have_text("Succeeded")
    expect(ada.locator("#run-detail h2")).to_have_text("The run")
    held(ada, api, peer, "looks")
    ada.locator("tr[aria-level]", has_text="start").click()
    expect(ada.locator("#run-detail h2")).to_have_text("start")
    peer.release("/look")
    expect(ada.locator("#run-status")).to_have_text("Succeeded")
    ada.wait_for_timeout(500)
    expect(ada.locator("#run-detail h2")).to_have_text("start")
