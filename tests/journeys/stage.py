"""What the journeys of real processes share: documents to publish, a tool server that counts, quick looks at runs."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import orjson

from tests.api import Api

PLURAL = {
    "agent": "agents",
    "tool": "tools",
    "flow": "flows",
    "provider": "providers",
    "policy": "policies",
}
ORDER = ("provider", "tool", "agent", "policy", "flow")
PRICES = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2}


class ToolServer:
    """A peer over real HTTP that counts what was done to it: `done["/charge"]` lists (Idempotency-Key, body).

    `statuses["/charge"] = [503, 503]` are answered first, one a call.
    `hold("/charge", when)` keeps the calls whose body fits from being answered, after they were counted, until
    `release("/charge")`.
    """

    def __init__(self) -> None:
        self.done: dict[str, list[tuple[str, dict]]] = {}
        self.statuses: dict[str, list[int]] = {}
        self.held: Counter[str] = Counter()
        self.delay_s = 0.0  # before each answer
        self._holds: dict[str, tuple[Callable[[dict], bool], threading.Event]] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.endpoint}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for path in list(self._holds):
            self.release(path)
        self._server.shutdown()
        self._server.server_close()

    def hold(self, path: str, when: Callable[[dict], bool] = lambda body: True) -> None:
        self._holds[path] = (when, threading.Event())

    def release(self, path: str) -> None:
        _, event = self._holds.pop(path, (None, None))
        if event is not None:
            event.set()

    def bodies(self, path: str) -> list[dict]:
        return [body for _, body in self.done.get(path, ())]

    def answer(self, path: str, key: str, body: dict) -> dict:
        with self._lock:
            self.done.setdefault(path, []).append((key, body))
            when, event = self._holds.get(path, (None, None))
            is_held = event is not None and when(body)
            self.held[path] += is_held
        time.sleep(self.delay_s)
        if is_held:
            event.wait(60)
            with self._lock:
                self.held[path] -= 1
        return {"receipt": f"{path.strip('/')}-{body.get('n')}"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
                key = self.headers.get("Idempotency-Key", "")
                answer = orjson.dumps(peer.answer(self.path, key, body))
                try:
                    self.send_response(
                        peer.statuses[self.path].pop(0) if peer.statuses.get(self.path) else 200
                    )
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True  # who asked was killed meanwhile

            def log_message(self, *_: object) -> None:
                """A test reads what was done, not what was said."""

        return Handler


def tool(slug: str, url: str, risk: str, **more) -> dict:
    """An http tool that posts {n} to URL/SLUG."""
    return {
        "kind": "tool",
        "slug": slug,
        "name": slug.capitalize(),
        "description": f"Does {slug}.",
        "type": "http",
        "risk": risk,
        "timeout_s": 60,
        "config": {"method": "POST", "url": f"{url}/{slug}", "body": '{"n": {{ arguments.n }}}'},
        "input_schema": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}},
        **more,
    }


def agent(slug: str, model: str, **more) -> dict:
    return {
        "kind": "agent",
        "slug": slug,
        "name": slug.capitalize(),
        "purpose": "Answers.",
        "model": model,
        "instructions": f"You are {slug}.",
        **more,
    }


def scripted(*script: dict, slug: str = "script") -> dict:
    """A provider without a network; its model is `SLUG/any`."""
    return {
        "kind": "provider",
        "slug": slug,
        "type": "scripted",
        "script": list(script),
        "prices": {"any": PRICES},
    }


def hosted(url: str, slug: str = "peer") -> dict:
    """A provider over HTTP, through LiteLLM; its model is `SLUG/any`."""
    return {
        "kind": "provider",
        "slug": slug,
        "type": "openai",
        "api_base": url,
        "api_key": "sk-for-tests-only",
        "prices": {"any": PRICES},
    }


def chain(slug: str, *nodes: dict, **more) -> dict:
    """A flow start → node → … → done, whose output is the last node's."""
    ids = ["start", *(node["id"] for node in nodes), "done"]
    last = [{"id": "done", "type": "end", "config": {"output": f"= steps.{nodes[-1]['id']}.output"}}]
    return {
        "kind": "flow",
        "slug": slug,
        "name": slug,
        "nodes": [{"id": "start", "type": "start"}, *nodes, *last],
        "edges": [{"from": ids[at], "to": ids[at + 1]} for at in range(len(ids) - 1)],
        **more,
    }


def publish(api: Api, *documents: dict, project: str = "demo") -> None:
    """What is referred to comes first: providers, tools, agents, and flows in their order."""
    for document in sorted(documents, key=lambda document: ORDER.index(document["kind"])):
        path = f"projects/{project}/{PLURAL[document['kind']]}/{document['slug']}/versions/"
        answer = api.post(path, json=document)
        assert answer.status_code in (200, 201), f"{document['slug']}: {answer.status_code} {answer.text}"


def decide(api: Api, item: dict, decision: str, **body) -> dict:
    answer = api.post(
        f"approvals/{item['id']}/decision/",
        json={"decision": decision, "fingerprint": item["fingerprint"], **body},
    )
    assert answer.status_code == 201, f"{answer.status_code} {answer.text}"
    return answer.json()


def pending(api: Api, project: str = "demo") -> list[dict]:
    return list(api.pages(f"projects/{project}/approvals/?status=pending&limit=500"))


def until(holds: Callable[[], object], within_s: float, what: str, every_s: float = 0.02) -> float:
    """Waits until it holds; returns the seconds that took."""
    began = time.monotonic()
    while not holds():
        waited = time.monotonic() - began
        assert waited < within_s, f"Not within {within_s} s: {what}"
        time.sleep(every_s)
    return time.monotonic() - began


def assert_sound(run: dict, events: list[dict]) -> None:
    """What holds for every finished run, whatever happened to the processes that drove it."""
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["type"] == "run.finished"
    ends = Counter(place(event) for event in events if event["type"] == "step.finished")
    assert set(ends.values()) == {1}, f"A step finished twice: {ends}"
    starts = Counter(place(event) for event in events if event["type"] == "step.started")
    assert set(starts.values()) == {1}, f"A step started twice: {starts}"
    decided = Counter(
        (event["data"]["call"], *place(event)) for event in events if event["type"] == "policy.decided"
    )
    assert set(decided.values()) == {1}, f"A call was decided twice: {decided}"
    paid, known = round(run["cost_usd"] * 1e9), round(sum(costs(events)) * 1e9)
    # What runs below spent until they were stopped too is added after the last event.
    assert paid == known or (run["status"] == "cancelled" and paid > known), (
        "The cost is not that of the calls"
    )


def costs(events: Iterable[dict]) -> list[float]:
    called = ("model.called", "tool.called")
    return [event["data"].get("cost_usd") or 0 for event in events if event["type"] in called]


def place(event: dict) -> tuple:
    return event["node"], event["iteration"], event["item"]


WORDS = "One two three four five six seven eight nine ten eleven twelve."
# An agent that says something, calls a tool that a peer may hold, and is done: there is text before there is an end.
TALK = (
    {
        "when": {"agent": "talker", "turn": 1},
        "say": WORDS,
        "calls": [{"tool": "look", "arguments": {"n": 1}}],
        "after_s": 0.3,
    },
    {"when": {"agent": "talker"}, "say": "Done."},
)
TALKS = chain("talk", {"id": "talk", "type": "agent", "config": {"agent": "talker", "text": "Talk."}})
