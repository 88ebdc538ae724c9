"""The run page in headless Chromium on a real server: a long run opened, a storm of events, and twenty watchers.

Frame times are the distances between animation frames, so 16.7 ms is all that can be had. The CPU is that of the
server's process while one run of some 2,000 events goes by, watched by one socket or by twenty.
"""

import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Page
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.api import Api
from tests.benchmarks.canvas import RECORD, browser
from tests.benchmarks.meters import TICK
from tests.benchmarks.workloads import Options
from tests.journeys import stage
from tests.serving import BatonServer

GATES = {"open_ms": 2_000, "scroll_p95_ms": 50, "storm_p95_ms": 50, "cpu_more_percent": 10}
LONG, STORM, WATCHED = 2_000, 420, 280  # items of a map
ROUNDS, WATCHERS, GREETINGS = 3, 20, 40
SHOWN = "() => document.querySelector('run-trace')?.trace?.rows.size > {rows}"
SCROLL = """() => new Promise(done => {
    const scroller = document.querySelector('[data-scroller]'), end = performance.now() + 3000;
    const next = now => {
        scroller.scrollTop += 240;
        now < end ? requestAnimationFrame(next) : done(scroller.scrollTop);
    };
    requestAnimationFrame(next);
})"""


def live(options: Options) -> Iterator[dict]:
    data = Path(os.environ["BATON_DATA"])
    server = BatonServer(data, data / "serve.log")
    try:
        api = server.wait_until_ready().api("ada")
        publish(api)
        with browser() as chromium:
            page = chromium.new_page(base_url=server.url, viewport={"width": 1440, "height": 900})
            page.goto(server.sign_in_link)
            yield opened(page, api)
            yield stormed(page, api)
        yield watched(server, api)
    finally:
        server.sweep()


def publish(api: Api) -> None:
    stage.publish(
        api,
        stage.scripted({"when": {"agent": "counter"}, "say": "Counted.", "after_s": 0.1}),
        stage.agent("counter", "script/any"),
        stage.chain("paced", counted(agent="counter", text="{{ item }}", max_concurrency=4)),
        stage.chain("long", counted(tool="add", arguments={"expression": "1 + 1"}, max_concurrency=50)),
        {
            "kind": "tool",
            "slug": "add",
            "name": "Add",
            "description": "Adds.",
            "type": "calculator",
            "config": {},
        },
    )


def counted(**config) -> dict:
    return {"id": "count", "type": "map", "config": {"items": "input.items", **config}}


def launch(api: Api, flow: str, count: int) -> str:
    return api.launch(flow, input={"items": list(range(count))})["id"]


def opened(page: Page, api: Api) -> dict:
    """A finished run of 2,000 steps: until all of its rows are known, then scrolled through, unfolded."""
    run_id = launch(api, "long", LONG)
    api.finished(run_id, within_s=120)
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        page.goto(f"/runs/{run_id}/", wait_until="commit")
        page.wait_for_function(SHOWN.format(rows=LONG), polling="raf")
        times.append((time.perf_counter() - begin) * 1000)
    page.locator("tr[aria-level='2'] .wf__fold").nth(1).click()
    page.wait_for_function("document.querySelector('run-trace').waterfall.list.length > 2000")
    page.evaluate(RECORD)
    page.evaluate(SCROLL)
    frames = page.evaluate("window.stopRecording()")
    rows = page.locator("[data-waterfall] tbody tr").count()
    result = {
        "steps": LONG,
        "open_ms": round(median(times)),
        "scroll_p95_ms": p95(frames),
        "rows_on_page": rows,
    }
    return {"page": "a long run", **result, "ok": keeps(result)}


def stormed(page: Page, api: Api) -> dict:
    """A run at some 200 events a second, watched for ten seconds."""
    run_id = launch(api, "paced", STORM)
    page.goto(f"/runs/{run_id}/")
    page.wait_for_function("document.querySelector('[data-connection]').dataset.state === 'live'")
    page.wait_for_timeout(500)
    page.evaluate(RECORD)
    page.wait_for_timeout(10_000)
    frames = page.evaluate("window.stopRecording()")
    api.finished(run_id, within_s=120)
    result = {
        "events_a_second": round(rate(api.events(run_id))),
        "storm_p95_ms": p95(frames),
        "longest_ms": round(max(frames), 1),
    }
    return {"page": "a storm of events", **result, "ok": keeps(result)}


def rate(events: list[dict]) -> float:
    first, last = (datetime.fromisoformat(events[at]["at"]) for at in (0, -1))
    return len(events) / (last - first).total_seconds()


def watched(server: BatonServer, api: Api) -> dict:
    """The server's CPU for one run, with one watcher and with twenty, turn about."""
    spent: dict[int, list[float]] = {1: [], WATCHERS: []}
    seen: set[int] = set()
    for count in [1, *(1, WATCHERS) * ROUNDS]:  # the first one warms up
        cpu, counts = followed(server, api, count)
        spent[count].append(cpu)
        seen |= counts
    one, many = median(spent[1][1:]), median(spent[WATCHERS])
    greeting = greeted(server, api)
    result = {
        "cpu_s_one": round(one, 2),
        "cpu_s_twenty": round(many, 2),
        "cpu_ms_a_connection": round(greeting * 1000, 1),
        "cpu_more_percent": round(((many - greeting * (WATCHERS - 1)) / one - 1) * 100, 1),
    }
    return {"page": "twenty watchers", **result, "events_each": sorted(seen), "ok": keeps(result)}


def greeted(server: BatonServer, api: Api) -> float:
    """CPU seconds of coming and going alone: who may watch, a handshake, a good-bye. No part of watching."""
    run_id, shown = launch(api, "long", 1), []
    api.finished(run_id)
    before = cpu_of(server.process.pid)
    for _ in range(GREETINGS):
        watch(server, api, run_id, shown, after=10**9)
    return (cpu_of(server.process.pid) - before) / GREETINGS


def followed(server: BatonServer, api: Api, count: int) -> tuple[float, set[int]]:
    """CPU seconds, and how many events each watcher was shown."""
    before = cpu_of(server.process.pid)
    run_id = launch(api, "paced", WATCHED)
    shown: list[int] = []
    watchers = [
        threading.Thread(target=watch, args=(server, api, run_id, shown), daemon=True) for _ in range(count)
    ]
    for watcher in watchers:
        watcher.start()
    for watcher in watchers:
        watcher.join(120)
    return cpu_of(server.process.pid) - before, set(shown)


def watch(server: BatonServer, api: Api, run_id: str, shown: list[int], after: int = 0) -> None:
    """To the end of the run; the frames are not parsed, so that the CPU is the server's."""
    url = f"ws://127.0.0.1:{server.port}/ws/runs/{run_id}/?after={after}"
    frames = 0
    with connect(url, additional_headers={"Authorization": f"Bearer {api.token}"}, proxy=None) as socket:
        while True:
            try:
                frames += socket.recv(timeout=60).count('"seq":')
            except ConnectionClosed:
                shown.append(frames)
                return


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def p95(frames: list[float]) -> float:
    return round(quantiles(frames, n=20)[-1], 1)


def keeps(result: dict) -> bool:
    return all(result[name] <= most for name, most in GATES.items() if name in result)
