"""The builder as a person works it: a drawing, driven with pointer and keys, and what the server keeps of it."""

import time
import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

from playwright.sync_api import Locator, Page

from tests.api import Api
from tests.browser.audit import DRAWN
from tests.serving import BatonServer

Point = tuple[float, float]
CANVAS = "document.querySelector('flow-canvas')"


def node(name: str, kind: str, x: int, y: int, title: str = "", **config: Any) -> dict:
    made: dict[str, Any] = {"id": name, "type": kind, "position": {"x": x, "y": y}}
    if title:
        made["name"] = title
    if config:
        made["config"] = config
    return made


def edge(source: str, target: str, port: str = "out", most: int | None = None) -> dict:
    return {"from": source, "port": port, "to": target, **({"loop": {"max": most}} if most else {})}


def flow(nodes: list[dict], edges: list[dict]) -> dict:
    return {"kind": "flow", "slug": "drawn", "name": "Drawn", "nodes": nodes, "edges": edges}


# Two ways to an end. Room between the cards, and nothing that a model or a tool would be needed for.
FORK = flow(
    [
        node("start", "start", 0, 120),
        node("first", "transform", 240, 120, "First", output="one"),
        node("which", "condition", 480, 120, "Which way?", cases=[{"port": "yes", "when": "true"}]),
        node("left", "transform", 760, 0, "Left", output="two"),
        node("right", "transform", 760, 240, "Right", output="three"),
        node("done", "end", 1040, 120),
    ],
    [
        edge("start", "first"),
        edge("first", "which"),
        edge("which", "left", "yes"),
        edge("which", "right", "else"),
        edge("left", "done"),
        edge("right", "done"),
    ],
)


@cache
def api_of(server: BatonServer) -> Api:
    return server.api("ada")


class Drawing:
    """A flow's draft, open in the builder of somebody's page."""

    def __init__(self, page: Page, server: BatonServer, document: dict = FORK, slug: str = ""):
        self.page, self.server = page, server
        self.slug = slug or f"drawn-{uuid.uuid4().hex[:8]}"
        if not slug:
            answer = api_of(server).put(self.api_path, json={**document, "slug": self.slug})
            assert answer.status_code == 201, answer.text
        self.open()

    @property
    def api_path(self) -> str:
        return f"projects/demo/flows/{self.slug}/"

    @property
    def address(self) -> str:
        return f"/projects/demo/flows/{self.slug}/"

    def open(self) -> None:
        self.page.goto(self.address)
        self.wait_until_ready()

    def reload(self) -> None:
        self.page.reload()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        self.page.wait_for_selector("flow-canvas[data-ready]")
        if self.canvas.get_attribute("data-mode") == "edit":
            self.page.wait_for_selector("flow-canvas[data-editable]")
        self.settle()

    def settle(self) -> None:
        """Two frames: what was asked for is drawn. Parts that are loaded on demand are there."""
        self.page.evaluate(
            f"""async () => {{
                const end = Date.now() + 20_000;
                do {{
                    await ({DRAWN})();
                    if (Date.now() > end) throw new Error("parts of the canvas are awaited still");
                }} while ({CANVAS}?.awaited);
            }}"""
        )

    def wait_until(self, expression: str, within_s: float = 10) -> None:
        """Asks again and again: the CSP forbids the page to evaluate what Playwright would poll with."""
        deadline = time.monotonic() + within_s
        while not self.page.evaluate(expression):
            assert time.monotonic() < deadline, f"not after {within_s} s: {expression}"
            self.page.wait_for_timeout(20)

    # what is there

    @property
    def canvas(self) -> Locator:
        return self.page.locator("flow-canvas")

    def card(self, name: str) -> Locator:
        return self.page.locator(f'.node[data-node-id="{name}"]')

    def document(self) -> dict:
        """As the canvas holds it."""
        return self.page.evaluate(f"{CANVAS}.model.document")

    def ids(self) -> set[str]:
        return {found["id"] for found in self.document()["nodes"]}

    def edges(self) -> set[tuple[str, str, str]]:
        return {(found["from"], found.get("port", "out"), found["to"]) for found in self.document()["edges"]}

    def position(self, name: str) -> Point:
        found = next(one for one in self.document()["nodes"] if one["id"] == name)["position"]
        return found["x"], found["y"]

    def view(self) -> dict[str, float]:
        self.settle()
        return self.page.evaluate(f"(({{x, y, zoom}}) => ({{x, y, zoom}}))({CANVAS}.view)")

    def shape(self) -> tuple[list, set[tuple[str, str, str]]]:
        """What gestures change: which nodes stand where, and what leads where; not what forms do."""
        return [(found["id"], found["position"]) for found in self.document()["nodes"]], self.edges()

    def selected(self) -> set[str]:
        return set(self.page.evaluate(f"[...{CANVAS}.selection.nodes]"))

    def focused(self) -> str | None:
        return self.page.evaluate("document.activeElement?.dataset.nodeId ?? null")

    def announced(self) -> str:
        return self.page.locator("flow-canvas > [aria-live=polite]").inner_text()

    def wait_for_announcement(self, words: str) -> str:
        region = self.page.locator("flow-canvas > [aria-live=polite]").filter(has_text=words)
        region.wait_for(state="attached")
        return region.inner_text()

    def refused(self) -> str:
        """The sentence of the toast, which is a polite live region."""
        toast = self.page.locator("#toasts .toast").last
        toast.wait_for()
        return toast.locator("b").inner_text()

    # what the server keeps

    def wait_until_saved(self) -> None:
        self.wait_until(f"{CANVAS}.saving.queue.length === 0 && !{CANVAS}.saving.sending")

    def kept(self) -> dict:
        """The draft on the server, once everything is saved."""
        self.wait_until_saved()
        return api_of(self.server).get(self.api_path).json()["draft"]

    def kept_position(self, name: str) -> Point:
        found = next(one for one in self.kept()["nodes"] if one["id"] == name)["position"]
        return found["x"], found["y"]

    def kept_edges(self) -> set[tuple[str, str, str]]:
        return {(found["from"], found.get("port", "out"), found["to"]) for found in self.kept()["edges"]}

    def box(self, name: str, part: str = "") -> dict[str, float]:
        """Where a card or its part stands, once it is drawn: an answer of the server may be drawing it anew."""
        found = self.card(name).locator(part) if part else self.card(name)
        found.wait_for()
        deadline = time.monotonic() + 10
        while (box := found.bounding_box()) is None:
            assert time.monotonic() < deadline, f"{name} {part} is not on the page"
            self.settle()
        return box

    # what a person does

    def middle(self, name: str) -> Point:
        """A point on the head of a card, beside its ports."""
        box = self.box(name, ".node__head")
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def port(self, name: str, port: str = "out") -> Point:
        """The dot of a port: at the card's border."""
        card = self.box(name)
        box = self.box(name, f'.port[data-port="{port}"]')
        return card["x"] if port == "in" else card["x"] + card["width"], box["y"] + box["height"] / 2

    def on_edge(self, source: str, target: str, port: str = "out", share: float = 0.5) -> Point:
        """A point on the line of an edge."""
        key = f"{source}.{port}>{target}"
        x, y = self.page.evaluate(
            f"""([key, share]) => {{
                const line = {CANVAS}.edges.byKey.get(key).line;
                const point = line.getPointAtLength(line.getTotalLength() * share).matrixTransform(line.getScreenCTM());
                return [point.x, point.y];
            }}""",
            [key, share],
        )
        return x, y

    def empty(self) -> Point:
        """A point of the canvas with nothing on it: low in the middle."""
        box = self.canvas.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] - 60

    def at_world(self, x: float, y: float) -> Point:
        view, box = self.view(), self.canvas.bounding_box()
        return box["x"] + view["x"] + x * view["zoom"], box["y"] + view["y"] + y * view["zoom"]

    def to_world(self, point: Point) -> Point:
        view, box = self.view(), self.canvas.bounding_box()
        return (point[0] - box["x"] - view["x"]) / view["zoom"], (point[1] - box["y"] - view["y"]) / view[
            "zoom"
        ]

    def click(self, name: str, *modifiers: str) -> None:
        for key in modifiers:
            self.page.keyboard.down(key)
        self.page.mouse.click(*self.middle(name))
        for key in modifiers:
            self.page.keyboard.up(key)

    def drag(
        self,
        origin: Point,
        goal: Point,
        *,
        button: str = "left",
        before_drop: Callable[[], Any] | None = None,
    ) -> None:
        mouse = self.page.mouse
        mouse.move(*origin)
        mouse.down(button=button)
        for step in range(1, 11):
            mouse.move(
                origin[0] + (goal[0] - origin[0]) * step / 10, origin[1] + (goal[1] - origin[1]) * step / 10
            )
        if before_drop:
            self.settle()
            before_drop()
        mouse.up(button=button)
        self.settle()

    def drag_card(self, name: str, dx: float, dy: float, **more) -> None:
        """By world units, whatever the zoom."""
        zoom = self.view()["zoom"]
        x, y = self.middle(name)
        self.drag((x, y), (x + dx * zoom, y + dy * zoom), **more)

    def connect(self, source: str, target: str, port: str = "out") -> None:
        self.drag(self.port(source, port), self.port(target, "in"))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def undo(self) -> None:
        self.press("Control+z")

    def actual_size(self) -> None:
        self.page.evaluate(f"{CANVAS}.view.set(40, 120, 1)")
        self.settle()
