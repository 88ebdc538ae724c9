"""The durable floor: asyncio and one plain commit a step on the same database, without an engine.

SQLite at NORMAL, as the engine commits a batch that may be repeated, and at FULL; PostgreSQL as it comes.
"""

import asyncio
import json
import secrets
import sqlite3
from abc import ABC, abstractmethod
from pathlib import Path

import psycopg

from tests.benchmarks.documents import STATE
from tests.benchmarks.meters import Meter, Reading, of_median

POOL = 20
TABLE = "CREATE TABLE IF NOT EXISTS floor_step (run TEXT, i INTEGER, state TEXT, PRIMARY KEY (run, i))"


class Floor(ABC):
    """Saves steps, each in a transaction of its own."""

    name: str

    @abstractmethod
    async def open(self) -> None: ...

    @abstractmethod
    async def save(self, run: str, step: int, state: dict) -> None: ...

    @abstractmethod
    async def close(self) -> None: ...

    async def run(self, run: str, steps: int, wait_s: float) -> None:
        """A chain of steps that each wait for a model, count up and are saved."""
        state = STATE
        for step in range(steps):
            if wait_s:
                await asyncio.sleep(wait_s)
            state = {**state, "i": state["i"] + 1}
            await self.save(run, step, state)


class SqliteFloor(Floor):
    def __init__(self, path: Path, synchronous: str):
        self.path, self.synchronous = path, synchronous
        self.name = f"SQLite {synchronous}"

    async def open(self) -> None:
        self.connection = sqlite3.connect(self.path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute(f"PRAGMA synchronous={self.synchronous}")
        self.connection.execute(TABLE + " WITHOUT ROWID")

    async def save(self, run: str, step: int, state: dict) -> None:
        self.connection.execute("INSERT INTO floor_step VALUES (?, ?, ?)", (run, step, json.dumps(state)))

    async def close(self) -> None:
        self.connection.close()


class PostgresFloor(Floor):
    name = "PostgreSQL"

    def __init__(self, url: str):
        self.url = url

    async def open(self) -> None:
        self.free: asyncio.LifoQueue = asyncio.LifoQueue()
        for _ in range(POOL):
            connection = await psycopg.AsyncConnection.connect(self.url, autocommit=True, prepare_threshold=0)
            self.free.put_nowait(connection)
        await connection.execute(TABLE)

    async def save(self, run: str, step: int, state: dict) -> None:
        connection = await self.free.get()
        try:
            await connection.execute(
                "INSERT INTO floor_step VALUES (%s, %s, %s)", (run, step, json.dumps(state))
            )
        finally:
            self.free.put_nowait(connection)

    async def close(self) -> None:
        while not self.free.empty():
            await self.free.get_nowait().close()


def measure(
    floor: Floor, meter: Meter, *, runs: int, steps: int, wait_s: float, reps: int
) -> dict[str, float]:
    """Medians over `reps` of `runs` chains at once: {wall_s, wall_ms, cpu_ms, server_cpu_ms}; ms are a step."""
    readings: list[Reading] = []
    with asyncio.Runner() as runner:
        runner.run(floor.open())
        runner.run(_play(floor, [secrets.token_hex(8)], 20, 0))
        for _ in range(reps):
            names = [secrets.token_hex(8) for _ in range(runs)]
            readings.append(meter.time(lambda names=names: runner.run(_play(floor, names, steps, wait_s))))
        runner.run(floor.close())
    count = runs * steps
    wall, cpu, server = (of_median(readings, name) for name in ("wall", "cpu", "server"))
    return {
        "wall_s": round(wall, 4),
        "wall_ms": round(wall / count * 1e3, 4),
        "cpu_ms": round(cpu / count * 1e3, 4),
        "server_cpu_ms": round(server / count * 1e3, 4),
    }


async def _play(floor: Floor, names: list[str], steps: int, wait_s: float) -> None:
    await asyncio.gather(*(floor.run(name, steps, wait_s) for name in names))
