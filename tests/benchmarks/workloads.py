"""W1, W2, W3, capacity and W6 in this process: each yields results as plain dictionaries."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from django.conf import settings

from tests.benchmarks import documents, floors
from tests.benchmarks.meters import Reading, memory_mb, of_median
from tests.benchmarks.scene import Scene

STEPS = 100
WIDTH = 100
WARM = 20


@dataclass(frozen=True)
class Options:
    """`reps` 0: as many as the workload usually has."""

    reps: int = 0
    long: bool = False
    database_url: str = ""
    hosted_url: str = ""  # of an OpenAI-compatible server: agents are played by LiteLLM


def floors_of(options: Options) -> list[floors.Floor]:
    """The engine's own durability first."""
    if options.database_url:
        return [floors.PostgresFloor(options.database_url)]
    folder = Path(settings.DATA_DIR)
    return [floors.SqliteFloor(folder / f"floor-{level}.sqlite3", level) for level in ("NORMAL", "FULL")]


def floor_lines(scene: Scene, options: Options, **shape) -> tuple[float, dict]:
    """The milliseconds a step of the engine's own floor, and every floor by name."""
    measured = {floor.name: floors.measure(floor, scene.meter, **shape) for floor in floors_of(options)}
    return next(iter(measured.values()))["wall_ms"], measured


def w1(scene: Scene, options: Options) -> Iterator[dict]:
    """A chain of 100: pure transforms, then agents that each wait for two commits; these once more under policies,
    budgets and privacy rules for all that goes in and out of a model."""
    publish_models(scene, options)
    scene.publish(documents.transforms(STEPS), documents.agents(STEPS))
    reps = options.reps or 9
    for flow in (f"transforms-{STEPS}", f"quick-{STEPS}"):
        for _ in range(2):
            scene.play(flow, documents.STATE)
        yield _chain_beside_floor(scene, options, flow, reps)
    scene.publish(*documents.GOVERNANCE)
    for _ in range(2):
        scene.play(flow, documents.STATE)
    yield {**_chain_beside_floor(scene, options, flow, reps), "governed": True}


def _chain_beside_floor(scene: Scene, options: Options, flow: str, reps: int) -> dict:
    """Floor and engine take turns: on a busy machine a ratio of two neighbours says more than one of two medians."""
    readings, ratios = [], []
    for _ in range(reps):
        floor, measured = floor_lines(scene, options, runs=1, steps=STEPS, wait_s=0, reps=3)
        readings.append(scene.play(flow, documents.STATE))
        ratios.append(readings[-1].wall / STEPS * 1e3 / floor)
    return {
        "flow": flow,
        "ms_per_step": round(of_median(readings, "wall") / STEPS * 1e3, 4),
        "best_ms_per_step": round(min(one.wall for one in readings) / STEPS * 1e3, 4),
        "times_floor": round(median(ratios), 2),
        **cpu(readings, STEPS),
        "floors": measured,
    }


def w2(scene: Scene, options: Options) -> Iterator[dict]:
    """1 → 100 → 1, 100 ms each: a map over 100 items, and 100 parallel branches."""
    publish_models(scene, options, slow_s=0.1)
    scene.publish(documents.mapped("slow"), documents.branches(WIDTH, "slow"))
    input = {**documents.STATE, "items": list(range(WIDTH))}
    for flow in ("map-slow", f"branches-{WIDTH}-slow"):
        scene.play(flow, input)
        readings = [scene.play(flow, input) for _ in range(options.reps or 7)]
        wall = of_median(readings, "wall")
        yield {
            "flow": flow,
            "wall_ms": round(wall * 1e3, 1),
            "ideal_ms": 100,
            "times_ideal": round(wall / 0.1, 3),
            **cpu(readings, WIDTH),
        }


def w3(scene: Scene, options: Options) -> Iterator[dict]:
    """500 runs of 5 agents of 200 ms at once; then the same under a budget of run and agent."""
    yield from _many(scene, options, runs=500, wait_s=0.2)


def capacity(scene: Scene, options: Options) -> Iterator[dict]:
    """1,000 runs of 5 agents that answer at once."""
    yield from _many(scene, options, runs=1_000, wait_s=0)


def _many(scene: Scene, options: Options, *, runs: int, wait_s: float, steps: int = 5) -> Iterator[dict]:
    publish_models(scene, options, slow_s=wait_s)
    agent = "slow" if wait_s else "quick"
    scene.publish({**documents.agent("frugal", agent), "limits": {"max_cost_usd_per_day": 1000}})
    scene.publish(documents.agents(steps, agent))
    limited = documents.agents(steps, "frugal", "budgeted", limits={"max_cost_usd": 1})
    scene.publish(limited)
    reps = options.reps or 3
    floor, measured = floor_lines(scene, options, runs=runs, steps=steps, wait_s=wait_s, reps=reps)
    for flow in (f"{agent}-{steps}", "budgeted"):
        scene.play(flow, documents.STATE, WARM)
        readings = [scene.play(flow, documents.STATE, runs) for _ in range(reps)]
        wall = of_median(readings, "wall")
        result = {
            "flow": flow,
            "runs": runs,
            "wall_s": round(wall, 3),
            "runs_per_s": round(runs / wall, 1),
            "steps_per_s": round(runs * steps / wall),
            "times_floor": round(wall / runs / steps * 1e3 / floor, 2),
            **cpu(readings, runs * steps),
            "rss_mb": memory_mb(),
            "floors": measured,
        }
        if wait_s:
            result["times_ideal"] = round(wall / (steps * wait_s), 3)
        yield result
    yield {
        "flow": f"{agent}-{steps}",
        "launch_ms": round(scene.launch(f"{agent}-{steps}", documents.STATE, 100), 3),
    }


def w6(scene: Scene, options: Options) -> Iterator[dict]:
    """Growth with a run's length, with history, and of the database."""
    publish_models(scene, options)
    body = 10
    scene.publish(documents.loop(body), documents.agents(STEPS), documents.agents(5))
    yield from _long_runs(scene, body, (100, 1_000, 5_000), options.reps or 3)
    yield from _history(scene, 10_000 if options.long else 1_000)


def _long_runs(scene: Scene, body: int, sizes: tuple[int, ...], reps: int) -> Iterator[dict]:
    first = 0.0
    scene.play(f"loop-{body}", {**documents.STATE, "rounds": 3})
    for steps in sizes:
        before = stored_bytes()
        input = {**documents.STATE, "rounds": steps // body}
        wall = of_median([scene.play(f"loop-{body}", input) for _ in range(reps)], "wall")
        first = first or wall / steps
        yield {
            "steps": steps,
            "ms_per_step": round(wall / steps * 1e3, 4),
            "times_first": round(wall / steps / first, 2),
            "bytes_per_step": round((stored_bytes() - before) / steps / reps),
        }


def _history(scene: Scene, runs: int, batch: int = 50, steps: int = 5) -> Iterator[dict]:
    """Agents, so that traces and prompts count; the first and the last tenth of the runs are compared."""
    before, times = stored_bytes(), []
    scene.play(f"quick-{steps}", documents.STATE, batch)
    for _ in range(runs // batch):
        times.append(scene.play(f"quick-{steps}", documents.STATE, batch).wall / batch / steps * 1e3)
    tenth = max(1, len(times) // 10)
    first, last = median(times[:tenth]), median(times[-tenth:])
    yield {
        "history": runs,
        "first_ms_per_step": round(first, 4),
        "last_ms_per_step": round(last, 4),
        "times_first": round(last / first, 2),
        "bytes_per_step": round((stored_bytes() - before) / (runs + batch) / steps),
    }


def stored_bytes() -> int:
    """The size of the database, with SQLite's log folded in."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return cursor.fetchone()[0]
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Path(settings.DATABASES["default"]["NAME"]).stat().st_size


def publish_models(scene: Scene, options: Options, slow_s: float = 0) -> None:
    """The agents `quick` and, with a latency, `slow`."""
    for slug, after_s in (("quick", 0), ("slow", slow_s)):
        if options.hosted_url:
            scene.publish(documents.hosted(slug, options.hosted_url))
        else:
            scene.publish(documents.scripted(slug, after_s))
        scene.publish(documents.agent(slug, slug))


def cpu(readings: list[Reading], steps: int) -> dict[str, float]:
    return {
        "cpu_ms_per_step": round(of_median(readings, "cpu") / steps * 1e3, 4),
        "server_cpu_ms_per_step": round(of_median(readings, "server") / steps * 1e3, 4),
        "all_s": [round(one.wall, 3) for one in readings],
    }


WORKLOADS = {"W1": w1, "W2": w2, "W3": w3, "capacity": capacity, "W6": w6}
