"""Pages on a history of 10,000 runs: the time of each answer, as a signed-in admin gets it."""

import json
import os
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import django
import httpx

from tests.benchmarks.workloads import Options
from tests.serving import ROOT, BatonServer

HISTORY = 10_000
DAYS = 30
BATCH = 500
FLOWS = ("customer-support", "content-pipeline")


def pages(options: Options) -> Iterator[dict]:
    data = Path(os.environ["BATON_DATA"])
    env = {"DATABASE_URL": options.database_url} if options.database_url else {}
    server = BatonServer(data, data / "serve.log", env=env)
    try:
        api = server.wait_until_ready().api("ada")
        played = [play(api, flow, sample) for flow in FLOWS for sample in samples_of(flow)]
        link = server.sign_in_link
        server.stop(within_s=10)
        multiply(HISTORY)
        server.restarted()
        with httpx.Client(base_url=server.url, follow_redirects=True, trust_env=False) as visitor:
            visitor.get(link).raise_for_status()
            for address in addresses(visitor, played[0]):
                yield timed(visitor, address, options.reps or 15)
    finally:
        server.sweep()


def samples_of(flow: str) -> list[dict]:
    """The inputs that the gallery offers to try the flow with."""
    files = sorted((ROOT / "flows" / "gallery" / flow / "samples").glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def play(api, flow: str, sample: dict) -> str:
    run = api.launch(flow, input=sample)
    api.run_when(run["id"], lambda found: found["status"] not in ("queued", "running"))
    return run["id"]


def multiply(count: int) -> None:
    """Copies the runs that there are, with steps and events, until there are `count`, spread over the last days."""
    django.setup()
    from governance import ids
    from runs.models import Event, Run, Step

    patterns = [(run, list(run.steps.all()), list(run.events.all())) for run in Run.objects.all()]
    rng = random.Random(1)
    now = time.time_ns() // 1000
    for start in range(0, count, BATCH):
        runs, steps, events = [], [], []
        for number in range(start, min(start + BATCH, count)):
            run, its_steps, its_events = patterns[number % len(patterns)]
            ago = rng.randrange(DAYS * 86_400_000_000)
            run_id = ((now - ago) // 1000) << ids.SPARE_BITS | rng.getrandbits(ids.SPARE_BITS)
            shift = now - ago - run.created_at
            runs.append(copy_of(run, shift, id=run_id, root_id=run_id))
            steps += [copy_of(step, shift, run_id=run_id) for step in its_steps]
            events += [copy_of(event, shift, run_id=run_id) for event in its_events]
        Run.objects.bulk_create(runs)
        Step.objects.bulk_create(steps, batch_size=BATCH)
        Event.objects.bulk_create(events, batch_size=BATCH)


TIMES = ("created_at", "started_at", "finished_at", "at")


def copy_of(row, shift: int, **other):
    """The row with other keys, its moments moved by `shift` microseconds."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    moved = {name: values[name] + shift for name in TIMES if name in values and isinstance(values[name], int)}
    return type(row)(**{**values, **moved, **other})


def addresses(visitor: httpx.Client, run_id: str) -> list[str]:
    """Every page that the project's home links to, and a few below."""
    home = visitor.get("/").text
    linked = re.findall(r'href="(/projects/demo/[^"#]*)"', home)
    known = [
        "/projects/demo/",
        "/projects/demo/runs/",
        "/projects/demo/runs/?status=failed",
        "/projects/demo/flows/",
        "/projects/demo/flows/customer-support/",
        "/projects/demo/flows/customer-support/launch/",
        "/projects/demo/flows/customer-support/versions/",
        "/projects/demo/agents/",
        "/projects/demo/agents/billing-specialist/",
        "/projects/demo/tools/",
        "/projects/demo/providers/",
        f"/runs/{run_id}/",
    ]
    return list(dict.fromkeys([*known, *linked]))


def timed(visitor: httpx.Client, address: str, reps: int) -> dict:
    visitor.get(address)
    times = []
    for _ in range(reps):
        begin = time.perf_counter()
        answer = visitor.get(address)
        times.append((time.perf_counter() - begin) * 1000)
    shown = {"page": re.sub(r"/runs/[0-9a-z]{13}/", "/runs/…/", address), "status": answer.status_code}
    return {
        **shown,
        "median_ms": round(median(times), 1),
        "p95_ms": round(quantiles(times, n=20)[-1], 1),
        "kB": round(len(answer.content) / 1000, 1),
        "runs": HISTORY,
    }
