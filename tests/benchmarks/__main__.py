"""`python -m tests.benchmarks [W1 … W6 capacity]`: measures the real engine, one JSON line a result.

    --database sqlite|postgresql|both   --reps N   --long (counts in full)   --model litellm (a hosted model's client)

Each workload runs in a process of its own on a fresh data folder (below TMPDIR) and database. The floor is one plain
commit a step on the same database at the same durability, in the same process, just before: read `times_floor`
and `times_ideal`, never milliseconds of two sittings; throw away lines whose `calib_ms` is over 80.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.meters import calibration_ms
from tests.openai_server import OpenAIServer
from tests.servers import PostgresServer
from tests.serving import ROOT, clean_environment

ALL = ("W1", "W2", "W3", "capacity", "W4", "W5", "W6", "pages", "canvas", "live")
DATABASES = {"sqlite": ("sqlite",), "postgresql": ("postgresql",), "both": ("sqlite", "postgresql")}
LATENCY_S = {"W2": 0.1, "W3": 0.2}  # of a hosted model; the scripted one has it in its script


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    unknown = [name for name in options.workloads if name not in ALL]
    if unknown:
        parser().error(f"unknown workload {', '.join(unknown)}: take of {', '.join(ALL)}")
    ok = True
    with ExitStack() as stack:
        for database in DATABASES[options.database]:
            fresh = databases(database, stack)
            for workload in options.workloads or ALL:
                ok = measure(workload, database, fresh(), options) and ok
    return 0 if ok else 1


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    found.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=", ".join(ALL))
    found.add_argument("--database", choices=DATABASES, default="sqlite")
    found.add_argument("--reps", type=int, default=0)
    found.add_argument("--long", action="store_true")
    found.add_argument("--model", choices=("scripted", "litellm"), default="scripted")
    return found


def databases(database: str, stack: ExitStack) -> Callable[[], str]:
    """A function that gives the DATABASE_URL of an empty database; nothing for SQLite's file in the data folder."""
    if database == "sqlite":
        return lambda: ""
    server = PostgresServer.find()
    stack.callback(server.stop)
    return server.fresh_database


def measure(workload: str, database: str, url: str, options: argparse.Namespace) -> bool:
    """Prints the workload's lines; False where it broke off."""
    folder = Path(tempfile.mkdtemp(prefix="baton-benchmark-"))
    state = {"load1": os.getloadavg()[0], "calib_ms": calibration_ms(), "at": time.strftime("%H:%M:%S")}
    env = {"DATABASE_URL": url} if url else {}
    try:
        for result in results(workload, folder, env, options):
            print(
                json.dumps(
                    {"workload": workload, "database": database, "model": options.model, **result, **state}
                ),
                flush=True,
            )
            if "error" in result:
                return False
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return True


def results(workload: str, folder: Path, env: dict, options: argparse.Namespace) -> Iterator[dict]:
    chosen = {"reps": options.reps, "long": options.long, "database_url": env.get("DATABASE_URL", "")}
    with ExitStack() as stack:
        if options.model == "litellm":
            rule = {"when": {"model": "slow"}, "delay_s": LATENCY_S.get(workload, 0), "say": "an answer"}
            server = stack.enter_context(OpenAIServer([rule]))
            chosen["hosted_url"] = server.url
            env = {**env, "BATON_HTTP_ALLOW": server.endpoint}
        yield from _lines(workload, json.dumps(chosen), clean_environment(folder, env))


def _lines(workload: str, chosen: str, env: dict) -> Iterator[dict]:
    command = [sys.executable, "-m", "tests.benchmarks.worker", workload, chosen]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("{"):
                yield json.loads(line)
    if process.returncode:
        yield {"error": f"the workload ended with {process.returncode}; what it said stands above"}


if __name__ == "__main__":
    sys.exit(main())
