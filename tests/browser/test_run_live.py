"""The run page, live: what happens is seen as it happens, and nothing is lost or repeated whatever breaks."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.api import Api
from tests.journeys import stage
from tests.prepared import Prepared
from tests.serving import BatonServer


@pytest.fixture(scope="module")
def server(
    prepared: Prepared, tmp_path_factory: pytest.TempPathFactory, peer: stage.ToolServer
) -> Iterator[BatonServer]:
    """The demo with the cast, flows that count, talk and ask, and a tool that can be held."""
    running = prepared.serve(tmp_path_factory.mktemp("live-page"), {"BATON_HTTP_ALLOW": peer.endpoint})
    stage.publish(
        running.api("ada"),
        stage.scripted(
            {"when": {"agent": "counter"}, "say": "Counted.", "after_s": 0.1},
            *stage.TALK,
        ),
        stage.agent("counter", "script/any"),
        stage.agent("talker", "script/any", tools=["look"]),
        stage.tool("look", peer.url, "read"),
        stage.chain("many", LOOK, COUNT),
        stage.TALKS,
    )
    yield running
    running.sweep()


# The run stands still here until the test has opened its page.
LOOK = {"id": "wait", "type": "tool", "config": {"tool": "look", "arguments": {"n": 1}}}
COUNT = {
    "id": "count",
    "type": "map",
    "config": {"items": "input.items", "agent": "counter", "text": "{{ item }}", "max_concurrency": 3},
}


@pytest.fixture(scope="module")
def api(server: BatonServer) -> Api:
    return server.api("ada")


def open_run(page: Page, run_id: str, path: str = "") -> None:
    page.goto(f"/runs/{run_id}/{path}")
    expect(page.locator("table[role=treegrid]")).to_be_visible()


@pytest.fixture
def counting(ada: Page, api: Api, peer: stage.ToolServer) -> Iterator[Callable[[int], str]]:
    """`counting(60)` launches a run of so many items, opens its page before it counts, and lets it go."""

    def start(count: int) -> str:
        peer.hold("/look")
        run_id = api.launch("many", input={"items": list(range(count))})["id"]
        open_run(ada, run_id)
        expect(ada.locator("[data-connection]")).to_have_text("Live")
        spy(ada)
        peer.release("/look")
        return run_id

    yield start
    peer.release("/look")


def all_seen(page: Page) -> list[int]:
    """The seqs that the page's state took, in the order in which it took them."""
    return page.evaluate("window.taken")


def spy(page: Page) -> None:
    """Every event that the page takes is counted where it arrives: at the log, behind the socket's cursor."""
    page.evaluate(
        """() => { const {log, trace} = document.querySelector('run-trace');
        window.taken = []; window.first = log.total; window.told = [];
        const place = document.querySelector('[data-connection]');
        new MutationObserver(() => window.told.push(place.dataset.state)).observe(place, {attributes: true});
        const add = log.add.bind(log);
        log.add = (events) => { window.taken.push(...events.map(({seq}) => seq)); add(events); }; }"""
    )


def assert_whole(page: Page, api: Api, run_id: str) -> None:
    """From the page's first state on, every event came once; and what stands there is what the server would draw."""
    events = api.events(run_id)
    taken = all_seen(page)
    assert taken == list(range(page.evaluate("window.first") + 1, events[-1]["seq"] + 1))
    followed, head = picture(page), page.locator("#run-head .stats").inner_text()
    page.reload()
    expect(page.locator("[data-connection]")).to_have_text("Ended")
    assert picture(page) == followed
    assert page.locator("#run-head .stats").inner_text() == head


def picture(page: Page) -> list:
    """Every row as the page knows it: of a page that followed the run, and of one that was opened at its end."""
    return page.evaluate(
        """() => [...document.querySelector('run-trace').trace.rows.values()].map((row) =>
        [row.key, row.status, row.start, row.end, row.cost, row.input, row.output, row.attempts,
        row.ports.join()]).sort()"""
    )


def finished(page: Page) -> None:
    expect(page.locator("#run-status")).to_have_text("Succeeded", timeout=60_000)
    expect(page.locator("[data-connection]")).to_have_text("Ended")
    page.wait_for_timeout(600)  # the head is fetched once more


def test_a_run_is_followed_to_its_end_without_a_reload(ada: Page, api: Api, counting):
    run_id = counting(24)
    finished(ada)
    expect(ada.locator("[data-steps]")).to_have_text("4 ran")
    expect(ada.locator('.node[data-node-id="count"]')).to_have_attribute("data-status", "succeeded")
    expect(ada.locator('.node[data-node-id="count"]')).to_contain_text("24 of 24")
    assert ada.locator("[data-announcer]").inner_text() == "The run is now: Succeeded"
    assert_whole(ada, api, run_id)


def test_a_dropped_connection_loses_and_repeats_nothing(ada: Page, api: Api, counting):
    run_id = counting(90)
    for _ in range(3):
        ada.wait_for_timeout(400)
        ada.evaluate("document.querySelector('run-trace').socket.socket?.close(3000)")
    finished(ada)
    assert {"reconnecting", "live", "ended"} <= set(ada.evaluate("window.told"))
    assert_whole(ada, api, run_id)


def test_a_frozen_tab_catches_up_when_it_wakes(ada: Page, api: Api, counting):
    run_id = counting(60)
    devtools = ada.context.new_cdp_session(ada)
    devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    api.finished(run_id)
    devtools.send("Page.setWebLifecycleState", {"state": "active"})
    finished(ada)
    assert_whole(ada, api, run_id)


def test_a_hidden_tab_goes_on_counting_and_shows_it_when_seen(ada: Page, api: Api, counting):
    run_id = counting(40)
    # A tab that is not seen has no animation frames.
    ada.evaluate(
        """() => { Object.defineProperty(document, 'hidden', {value: true, configurable: true});
        window.frames_ = window.requestAnimationFrame; window.requestAnimationFrame = () => 0;
        document.dispatchEvent(new Event('visibilitychange')); }"""
    )
    api.finished(run_id)
    ada.wait_for_function(f"window.taken.at(-1) === {api.events(run_id)[-1]['seq']}")
    ada.evaluate(
        """() => { delete document.hidden; window.requestAnimationFrame = window.frames_;
        document.dispatchEvent(new Event('visibilitychange')); }"""
    )
    finished(ada)
    assert_whole(ada, api, run_id)


def test_a_restarted_server_loses_and_repeats_nothing(ada: Page, api: Api, server: BatonServer, counting):
    run_id = counting(150)
    ada.context.watch.expect("WebSocket connection", "ERR_CONNECTION_", "ERR_EMPTY_RESPONSE")
    ada.wait_for_timeout(500)
    server.kill9()
    expect(ada.locator("[data-connection]")).to_have_text("Reconnecting")
    server.restarted()
    finished(ada)
    assert_whole(ada, api, run_id)


def test_text_streams_into_the_selected_step_and_gives_way_to_the_journal(ada: Page, api: Api, peer):
    peer.hold("/look")
    run_id = api.launch("talk", input={})["id"]
    stage.until(lambda: "talk" in {step["node"] for step in api.steps(run_id)}, 20, "the step is there")
    open_run(ada, run_id, "steps/talk/1/")
    expect(ada.locator("#run-detail")).to_contain_text(stage.WORDS)
    peer.release("/look")
    finished(ada)
    expect(ada.locator("[data-stream] article")).to_have_count(0)
    expect(ada.locator("#run-tabpanel")).to_contain_text("Call 2 script/any")
    expect(ada.locator("#run-tabpanel .msg--out").last).to_contain_text("Done.")


def test_an_approval_is_given_where_the_step_waits_and_the_run_goes_on(sign_in, api: Api):
    run_id = api.launch(
        "customer-support", input={"message": "I was charged twice for order 1042: ch_9001 and ch_9002."}
    )["id"]
    api.waiting(run_id)
    rita = sign_in("rita")
    open_run(rita, run_id)
    expect(rita.get_by_role("heading", name="Billing specialist")).to_be_visible()
    waiting = int(rita.locator(".side [data-waiting-count]").evaluate("badge => badge.firstChild.data"))
    rita.get_by_label("Amount").fill("20")
    rita.get_by_role("button", name="Approve").click()
    asked = rita.get_by_role("dialog", name="Call create-refund now?")
    expect(asked).to_contain_text("create-refund: amount $20.00, charge ch_9002, reason “Order 1042")
    asked.get_by_role("button", name="Approve").click()
    expect(rita.locator("#run-detail")).to_contain_text("This is decided.")
    left = "([badge, count]) => badge.firstChild.data === String(count) && badge.hidden === !count"
    for badge in rita.locator("[data-waiting-count]").element_handles():
        rita.wait_for_function(left, arg=[badge, waiting - 1])
    expect(rita.locator("#run-status")).to_have_text("Succeeded")
    assert api.run(run_id)["status"] == "succeeded"
    expect(rita.locator('.node[data-node-id="billing"]')).to_have_attribute("data-status", "succeeded")


def test_what_somebody_writes_is_not_swept_away_by_news(sign_in, api: Api):
    run_id = api.launch("customer-support", input={"message": "Hello?"})["id"]
    api.waiting(run_id)
    rita = sign_in("rita")
    open_run(rita, run_id)
    answer = rita.locator("#run-detail textarea").first
    answer.fill("I am still writing")
    (wait,) = api.run(run_id)["waiting"]
    item = api.read(f"approvals/{wait['id']}/")
    body = {"decision": "answer", "payload": {"answer": "I was faster."}, "fingerprint": item["fingerprint"]}
    assert api.post(f"approvals/{wait['id']}/decision/", json=body).status_code == 201
    expect(rita.locator("#run-status")).to_have_text("Succeeded")
    expect(rita.locator("[data-offer]")).to_be_visible()
    expect(answer).to_have_value("I am still writing")
    rita.context.watch.expect("status of 409")
    rita.get_by_role("button", name="Send the answer").click()
    expect(rita.locator("#run-detail")).to_contain_text("Not decided. This question is answered already.")
    expect(rita.locator("#run-detail")).to_contain_text("ada")


def test_cancelling_is_asked_for_and_seen(ada: Page, counting):
    counting(900)
    ada.keyboard.press("x")
    dialog = ada.get_by_role("dialog", name="Cancel this run?")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Cancel the run").click()
    expect(ada.locator("#run-status")).to_have_text("Cancelled")
    expect(ada.locator("#run-head")).to_contain_text("ada cancelled the run.")
    expect(ada.locator("[data-act=cancel]")).to_be_hidden()


def test_a_storm_of_events_leaves_the_page_working(ada: Page, api: Api, counting):
    """300 items in some ten seconds. What frames cost is measured by `python -m tests.benchmarks live`."""
    run_id = counting(300)
    finished(ada)
    expect(ada.locator(".log li")).to_have_count(400)  # while events run through, a few alone
    assert_whole(ada, api, run_id)
    assert ada.locator("[data-waterfall] tbody tr").count() < 60, "only the rows in sight are on the page"
    assert ada.locator(".log li").count() <= 400
