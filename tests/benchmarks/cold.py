"""W5: from the start of `manage.py serve` on a migrated install to the first run done, and what it takes when idle."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.benchmarks import documents
from tests.benchmarks.meters import TICK, memory_mb
from tests.benchmarks.workloads import Options
from tests.serving import BatonServer

IDLE_S = 5


def w5(options: Options) -> Iterator[dict]:
    data = Path(os.environ["BATON_DATA"])
    env = {"DATABASE_URL": options.database_url} if options.database_url else {}
    server = BatonServer(data, data / "serve.log", env=env)
    try:
        api = server.wait_until_ready().api()
        publish(api)
        lines = []
        for _ in range(options.reps or 3):
            server.stop(within_s=10)
            lines.append(_start(server, api))
        yield {name: round(median(line[name] for line in lines), 2) for name in lines[0]}
    finally:
        server.sweep()


def publish(api) -> None:
    for body in (documents.scripted("quick", 0), documents.agent("quick", "quick"), documents.agents(1)):
        answer = api.post(f"projects/demo/{body['kind']}s/{body['slug']}/versions/", json=body)
        assert answer.status_code in (200, 201), answer.text


def _start(server: BatonServer, api) -> dict:
    begin = time.perf_counter()
    server.restarted()
    ready_s = time.perf_counter() - begin
    run = api.launch("quick-1", input=documents.STATE)
    assert api.finished(run["id"])["status"] == "succeeded"
    first_run_s = time.perf_counter() - begin
    time.sleep(1)
    used = _cpu(server.process.pid)
    time.sleep(IDLE_S)
    return {
        "ready_s": ready_s,
        "first_run_s": first_run_s,
        "idle_rss_mb": memory_mb(server.process.pid),
        "idle_cpu_percent": (_cpu(server.process.pid) - used) / IDLE_S * 100,
    }


def _cpu(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return sum(map(int, stat[11:13])) / TICK
