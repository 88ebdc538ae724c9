"""A model server for tests: OpenAI's chat API over real HTTP, playing by rules, and misbehaving on demand.

In a test's process: `with OpenAIServer(rules=[...]) as server: … server.url, server.calls`. As a program:
`python -m tests.openai_server --port N [--rules FILE]` prints `ready http://127.0.0.1:N/v1`; `Control(url)` steers
it from another process.

A rule is `{"when": {...}, ...}`; the first that holds and is not used up plays. In `when`: `contains` (in what user
and tools said), `system` (in the system prompt), `model`, `last_role`, `schema` (bool: an answer by JSON schema is
wanted). What it plays:
  say: text | json: value | calls: [{tool, arguments}] (arguments: an object, or a raw text, however wrong)
  behave: hang | cut (half a stream, then the connection dies) | soft_cut (it ends politely, unfinished) |
          malformed (a broken event) | html (200, and no model) | stall (half a stream, then silence)
  redirect: an address | status, retry_after, message: an error answer | times: how often the rule plays |
  hold: a point where the call waits until released | delay_s | usage: false (sends none) |
  usage: {prompt_tokens, completion_tokens} | chunk: characters a piece | finish: the finish reason
No rule: it says the last user message, and by a schema the smallest thing that fits.
"""

import argparse
import asyncio
import json
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from tests.openai_answers import chunk, default, deltas, finish_of, holds, usage_of, whole

Play = Callable[[dict], dict | None]


class OpenAIServer:
    """The server in a thread of its own. `play(request)` may give a rule's effect before the rules are asked."""

    def __init__(self, rules: list[dict] | None = None, play: Play | None = None, port: int = 0) -> None:
        self.rules = [dict(rule) for rule in rules or []]
        self.play = play
        self.port = port
        self.calls: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.used: Counter[int] = Counter()
        self.held: Counter[str] = Counter()
        self.hung_up = 0
        self._points: dict[str, asyncio.Event] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="openai-server", daemon=True)
        self._ready = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> "OpenAIServer":
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("The model server did not start.")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def reset(self, rules: list[dict] | None = None, play: Play | None = None) -> None:
        """Forgets calls and plays by these rules from now on."""
        self.rules, self.play = [dict(rule) for rule in rules or []], play
        self.calls, self.headers = [], []
        self.used, self.held, self._points, self.hung_up = Counter(), Counter(), {}, 0

    def release(self, point: str) -> None:
        """Lets the calls held at this point go on, also those that come later."""
        self._loop.call_soon_threadsafe(self._point(point).set)

    def _point(self, name: str) -> asyncio.Event:
        return self._points.setdefault(name, asyncio.Event())

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = web.AppRunner(self._app(), access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        self._loop.run_until_complete(self._start(runner))
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _start(self, runner: web.AppRunner) -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        self.port = runner.addresses[0][1]

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_post("/control/reset", self._control_reset)
        app.router.add_post("/control/release", self._control_release)
        app.router.add_get("/control/state", self._control_state)
        return app

    async def _control_reset(self, request: web.Request) -> web.Response:
        self.reset((await request.json()).get("rules"))
        return web.json_response({})

    async def _control_release(self, request: web.Request) -> web.Response:
        self.release((await request.json())["point"])
        return web.json_response({})

    async def _control_state(self, request: web.Request) -> web.Response:
        return web.json_response({"calls": self.calls, "held": dict(self.held), "hung_up": self.hung_up})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        self.calls.append(asked)
        self.headers.append(dict(request.headers))
        effect = self._effect(asked)
        try:
            return await self._perform(request, asked, effect)
        except (ConnectionResetError, asyncio.CancelledError):
            self.hung_up += 1
            raise

    def _effect(self, asked: dict) -> dict:
        played = self.play(asked) if self.play is not None else None
        if played is not None:
            return played
        for number, rule in enumerate(self.rules):
            if self.used[number] < rule.get("times", float("inf")) and holds(rule.get("when", {}), asked):
                self.used[number] += 1
                return rule
        return default(asked)

    async def _perform(self, request: web.Request, asked: dict, effect: dict) -> web.StreamResponse:
        await self._pause(effect)
        if effect.get("behave") == "hang":
            await asyncio.sleep(3600)
        if "redirect" in effect:
            return web.Response(status=307, headers={"Location": effect["redirect"]})
        if "status" in effect:
            return failure(effect)
        if effect.get("behave") == "html":
            return web.Response(text="<html><body>It works!</body></html>", content_type="text/html")
        if asked.get("stream"):
            return await stream(request, asked, effect)
        return web.json_response(whole(asked, effect))

    async def _pause(self, effect: dict) -> None:
        await asyncio.sleep(effect.get("delay_s", 0))
        point = effect.get("hold")
        if point is None:
            return
        self.held[point] += 1
        try:
            await self._point(point).wait()
        finally:
            self.held[point] -= 1


class Control:
    """Steers a server in another process; `url` is what it printed."""

    def __init__(self, url: str) -> None:
        self.root = url.removesuffix("/v1")

    def reset(self, rules: list[dict]) -> None:
        self._post("reset", {"rules": rules})

    def release(self, point: str) -> None:
        self._post("release", {"point": point})

    def state(self) -> dict:
        """`{calls, held: {point: how many}, hung_up}`"""
        with urllib.request.urlopen(f"{self.root}/control/state", timeout=10) as answer:
            return json.load(answer)

    def _post(self, verb: str, body: dict) -> None:
        asked = urllib.request.Request(
            f"{self.root}/control/{verb}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(asked, timeout=10).close()


def failure(effect: dict) -> web.Response:
    headers = {"Retry-After": str(effect["retry_after"])} if "retry_after" in effect else {}
    error = {"message": effect.get("message", "The server says no."), "type": "error", "code": None}
    return web.json_response({"error": error}, status=effect["status"], headers=headers)


async def stream(request: web.Request, asked: dict, effect: dict) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    pieces = deltas(effect)
    broken = effect.get("behave")
    for delta in pieces[: max(1, len(pieces) // 2)] if broken else pieces:
        await send(response, chunk(asked, delta))
    if broken:
        return await break_off(request, response, broken)
    await send(response, chunk(asked, {}, finish_of(effect)))
    usage = usage_of(asked, effect)
    if usage and (asked.get("stream_options") or {}).get("include_usage"):
        await send(response, {**chunk(asked, {}), "choices": [], "usage": usage})
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


async def break_off(request: web.Request, response: web.StreamResponse, how: str) -> web.StreamResponse:
    if how == "cut":
        request.transport.close()
        return response
    if how == "stall":
        await asyncio.sleep(3600)
    if how == "malformed":
        await response.write(b'data: {"id": "chatcmpl-1", "choices": [{"del\n\n')
    await response.write_eof()
    return response


async def send(response: web.StreamResponse, event: dict) -> None:
    await response.write(f"data: {json.dumps(event)}\n\n".encode())


def main() -> None:
    parser = argparse.ArgumentParser(description="A model server for tests.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rules", type=Path, help="a JSON file with a list of rules")
    options = parser.parse_args()
    rules = json.loads(options.rules.read_text(encoding="utf-8")) if options.rules else []
    with OpenAIServer(rules, port=options.port) as server:
        sys.stdout.write(f"ready {server.url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
