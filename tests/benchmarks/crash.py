"""W4: `kill -9` of a process that hosts 50 runs in the middle of them, a second start, and what it cost.

The steps call a tool that only reads, on a server in this process that counts: so what was asked twice is seen at
the peer, and not only in the journal.
"""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator

from aiohttp import web

from tests.benchmarks import documents
from tests.benchmarks.workloads import Options
from tests.serving import ROOT

RUNS, STEPS, WAIT_S = 50, 5, 0.2
KILL_DELAYS_S = (0, 0.02, 0.06, 0.1, 0.15)
PATIENCE_S = 60


class CountingPeer:
    """Answers `GET /?key=…` after WAIT_S and counts by key: what was asked, and what was answered."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.port = 0
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        self._ready.wait()

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_get("/", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1_000).start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await asyncio.Event().wait()

    async def _answer(self, request: web.Request) -> web.Response:
        key = request.query["key"]
        self.asked[key] += 1
        await asyncio.sleep(WAIT_S)
        self.answered[key] += 1
        return web.json_response({"i": 1, "data": documents.PAYLOAD})


def flow(slug: str) -> dict:
    nodes = [
        {"id": f"t{number}", "type": "tool", "config": {"tool": "ask", "arguments": {"key": key(number)}}}
        for number in range(1, STEPS + 1)
    ]
    return documents.chain(slug, nodes, f"= steps.t{STEPS}.output.status")


def key(number: int) -> str:
    return "{{ run.id }}-" + str(number)


def tool(port: int) -> dict:
    config = {"method": "GET", "url": f"http://127.0.0.1:{port}/", "query": {"key": "{{ arguments.key }}"}}
    schema = {"type": "object", "required": ["key"], "properties": {"key": {"type": "string"}}}
    described = {"name": "Ask", "description": "Asks the peer.", "risk": "read", "input_schema": schema}
    return {"kind": "tool", "slug": "ask", "type": "http", "config": config, **described}


def w4(options: Options) -> Iterator[dict]:
    """One line a kill: what was lost, what was repeated, and the seconds from the second start to all done."""
    peer = CountingPeer()
    os.environ["BATON_HTTP_ALLOW"] = f"127.0.0.1:{peer.port}"
    from tests.benchmarks.scene import Scene

    scene = Scene(options.database_url, hosts=False)
    scene.publish(tool(peer.port), flow("reads"))
    for delay in KILL_DELAYS_S * (4 if options.long else 1):
        yield _one_kill(scene, peer, delay)


def _one_kill(scene, peer: CountingPeer, delay: float) -> dict:
    peer.asked.clear()
    peer.answered.clear()
    runs = scene.store("reads", documents.STATE, RUNS, ready=True)
    first = _host()
    _until(lambda: peer.answered.total() >= RUNS * STEPS // 2)
    time.sleep(delay)
    first.kill()
    first.wait()
    at_kill = dict(peer.answered)
    in_flight = peer.asked.total() - peer.answered.total()
    begin = time.perf_counter()
    second = _host()
    ready_s = time.perf_counter() - begin
    _until(lambda: _succeeded(runs) == RUNS)
    done_s = time.perf_counter() - begin
    second.kill()
    second.wait()
    repeated = {key for key, count in peer.asked.items() if count > 1}
    return {
        "kill_delay_s": delay,
        "steps_lost": RUNS * STEPS - len(peer.answered),
        "in_flight": in_flight,
        "repeats": peer.asked.total() - len(peer.asked),
        "repeats_of_answered": len(repeated & at_kill.keys()),
        "start_s": round(ready_s, 2),
        "done_s": round(done_s, 2),
    }


def _host() -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.benchmarks.host"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    return process


def _succeeded(runs: list[int]) -> int:
    from runs.models import Run

    return Run.objects.filter(id__gte=min(runs), id__lte=max(runs), status="succeeded").count()


def _until(holds) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"The killed runs did not get there within {PATIENCE_S} s.")
        time.sleep(0.005)
