"""The flow canvas in headless Chromium, on the real builder page: how soon it is there, and how smooth it stays.

Frame times are the distances between animation frames while something goes on, so 16.7 ms is all that can be had.
A flow has at most 500 nodes; how the canvas fares with 1,000 is measured by giving it such a document (`load`).
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.workloads import Options
from tests.serving import BatonServer

SIZES, LARGEST = (50, 300), 1_000
GATES = {
    300: {"ready_ms": 1_000, "drag_p95_ms": 34, "statuses_p95_ms": 50, "canvas_js_kb": 20},
    1_000: {"ready_ms": 2_000},
}
PORTS = {"transform": ("out",), "condition": ("a", "b", "else"), "wait": ("out",)}
STATUSES_S = 10
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
)
CANVAS = "document.querySelector('flow-canvas')"
RECORD = """() => {
    window.frames_ms = [];
    let last = performance.now(), on = true;
    window.stopRecording = () => { on = false; return window.frames_ms.slice(1); };
    const next = now => { window.frames_ms.push(now - last); last = now; if (on) requestAnimationFrame(next); };
    requestAnimationFrame(next);
}"""
STATUSES = """seconds => new Promise(done => {
    const canvas = document.querySelector('flow-canvas'), ids = [...canvas.model.nodes.keys()];
    const names = ['running', 'waiting', 'succeeded', 'failed'];
    let count = 0;
    const timer = setInterval(() => {
        for (let each = 0; each < 4; each++, count++) {
            canvas.setStatus(ids[count * 7919 % ids.length], names[count % 4], {fact: `${count} ms`});
        }
        if (count >= 200 * seconds) { clearInterval(timer); done(count); }
    }, 20);
})"""
SCRIPTS = """() => performance.getEntriesByType('resource').filter(({ name }) => name.includes('/js/flow-canvas/'))
    .filter(({ responseEnd }) => responseEnd <= performance.getEntriesByName('canvas:editable')[0].startTime)
    .reduce((all, { encodedBodySize }) => all + encodedBodySize, 0)"""
LOAD = """document_ => new Promise(done => {
    const canvas = document.querySelector('flow-canvas'), begin = performance.now();
    canvas.load(document_);
    canvas.fit();
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begin)));
})"""


def canvas(options: Options) -> Iterator[dict]:
    data = Path(os.environ["BATON_DATA"])
    server = BatonServer(data, data / "serve.log")
    try:
        server.wait_until_ready()
        with browser() as chromium:
            page = chromium.new_page(base_url=server.url, viewport={"width": 1440, "height": 900})
            page.goto(server.sign_in_link)
            for size in SIZES:
                yield passed(size, opened(page, server, size))
            page.goto(address(1))
            page.wait_for_selector("flow-canvas[data-editable]")
            yield passed(LARGEST, {"ready_ms": page.evaluate(LOAD, drawing(LARGEST)), **smoothness(page)})
    finally:
        server.sweep()


@contextmanager
def browser():
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        try:
            yield launched
        finally:
            launched.close()


def opened(page: Page, server: BatonServer, size: int) -> dict:
    """The draft put by the API, opened twice: the second time with warm caches, as people do all day.

    `canvas_js_kb` is what came over the wire the first time, compressed, until the flow could be edited.
    """
    answer = server.api().put(f"projects/demo/flows/drawn-{size}/", json=drawing(size))
    assert answer.status_code in (200, 201), answer.text
    if size == SIZES[0]:
        server.api().put("projects/demo/flows/drawn-1/", json=drawing(1))
    for visit in ("first", "again"):
        page.goto(address(size))
        page.wait_for_selector("flow-canvas[data-editable]")
        if visit == "first":
            scripts = page.evaluate(SCRIPTS)
    marks = page.evaluate(
        "() => [...performance.getEntriesByType('mark'), ...performance.getEntriesByType('navigation')]"
        ".map(one => [one.name, one.startTime, one.responseEnd ?? 0])"
    )
    at = {name: begin for name, begin, _ in marks}
    return {
        "canvas_js_kb": scripts / 1_000,
        "ready_ms": at["canvas:ready"],
        "editable_ms": at["canvas:editable"],
        "page_answered_ms": max(end for _, _, end in marks),
        **smoothness(page),
    }


def smoothness(page: Page) -> dict:
    page.evaluate(f"{CANVAS}.fit()")
    page.wait_for_timeout(800)
    return {
        "drag_p95_ms": recorded(page, lambda: drag(page, middle_card(page))),
        "pan_p95_ms": recorded(page, lambda: pan(page)),
        "statuses_p95_ms": recorded(page, lambda: page.evaluate(STATUSES, STATUSES_S)),
    }


def recorded(page: Page, act) -> float:
    page.evaluate(RECORD)
    act()
    return quantiles(page.evaluate("window.stopRecording()"), n=20)[-1]


def middle_card(page: Page) -> tuple[float, float]:
    x, y = page.evaluate(
        f"""() => {{
            const box = {CANVAS}.getBoundingClientRect();
            const middle = [box.left + box.width / 2, box.top + box.height / 2];
            const points = [...document.querySelectorAll('.node__head')].map(head => {{
                const at = head.getBoundingClientRect();
                return [at.left + at.width / 2, at.top + at.height / 2];
            }});
            const far = ([x, y]) => Math.hypot(x - middle[0], y - middle[1]);
            return points.sort((one, other) => far(one) - far(other))[0];
        }}"""
    )
    return x, y


def drag(page: Page, start: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    for step in range(60):
        page.mouse.move(start[0] + step * 2, start[1] + step % 12 * 4)
        page.wait_for_timeout(8)
    page.mouse.up()


def pan(page: Page) -> None:
    box = page.locator("flow-canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down(button="middle")
    for step in range(60):
        page.mouse.move(x + step * 4, y - step * 2)
        page.wait_for_timeout(8)
    page.mouse.up(button="middle")


def passed(size: int, measured: dict) -> dict:
    """The numbers, and which gates they miss."""
    missed = [name for name, most in GATES.get(size, {}).items() if measured[name] >= most]
    return {
        "nodes": size,
        **{name: round(value, 1) for name, value in measured.items()},
        "gates_missed": missed,
    }


def address(size: int) -> str:
    return f"/projects/demo/flows/drawn-{size}/"


def drawing(size: int) -> dict:
    """A start and `size - 1` nodes in columns, with one and a half edges each; the same every time."""
    chance, rows = random.Random(42), max(5, round(size**0.5 * 0.8))
    nodes = [{"id": "start", "type": "start", "position": {"x": -264, "y": 0}}]
    for index in range(size - 1):
        kind = "condition" if index % 5 == 2 else "wait" if index % 11 == 7 else "transform"
        nodes.append(node(index, kind, rows))
    edges: dict[tuple, dict] = {}
    while len(edges) < size * 1.5 and size > 2:
        source = chance.randrange(size - 2)
        target = min(size - 2, source + 1 + chance.randrange(rows * 2))
        port = chance.choice(PORTS[nodes[source + 1]["type"]])
        edges[source, port, target] = {"from": f"n{source}", "port": port, "to": f"n{target}"}
    return {
        "kind": "flow",
        "slug": f"drawn-{size}",
        "name": f"{size} nodes",
        "nodes": nodes,
        "edges": [*edges.values()],
    }


def node(index: int, kind: str, rows: int) -> dict:
    config = {
        "condition": {"cases": [{"port": "a", "when": "true"}, {"port": "b", "when": "false"}]},
        "wait": {"seconds": 1},
        "transform": {"output": "text"},
    }[kind]
    position = {"x": index // rows * 264, "y": index % rows * 160}
    return {
        "id": f"n{index}",
        "type": kind,
        "name": f"{kind.title()} {index}",
        "config": config,
        "position": position,
    }
