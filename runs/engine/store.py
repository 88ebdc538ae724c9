"""The statements of the journal for SQLite and PostgreSQL, sent without an ORM: one round a batch, not a row.

An operation is a function of the vendor that returns a generator: it yields (sql, params), or a list of them, is
sent the rows that came back and returns its result. So governance's ledger and the engine's own claims run inside the
writer's transaction on either database without knowing how it talks. Placeholders are `?`.
"""

import sqlite3
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg

from governance import ledger
from runs.engine.rows import EVENT_COLUMNS, RUN_COLUMNS, STEP_COLUMNS, Append

Operation = Callable[[str], Generator[tuple[str, Sequence], list[tuple], Any]]

_STEP_KEY = ("run_id", "node", "iteration", "item")
_STEP_UPDATE = ", ".join(f"{name}=excluded.{name}" for name in STEP_COLUMNS if name not in _STEP_KEY)
_STEP_CONFLICT = f"ON CONFLICT ({', '.join(_STEP_KEY)}) DO UPDATE SET {_STEP_UPDATE}"


def marks(count: int) -> str:
    return ", ".join("?" * count)


@dataclass(slots=True)
class Written:
    """What a transaction did: the appends that had lost their epoch, and the result of each operation."""

    fenced: list[Append] = field(default_factory=list)
    results: list[tuple[Any, Any]] = field(default_factory=list)

    def ledger(self, batch: Sequence[Append]) -> list[tuple]:
        """The ledger's operations of a batch, without those of drivers that lost their run."""
        fenced = {id(append) for append in self.fenced}
        return [pair for append in batch if id(append) not in fenced for pair in append.ledger]


class SqliteStore:
    """Statements through one sqlite3 connection in autocommit mode: it says BEGIN itself."""

    vendor = "sqlite"
    FENCE = f"UPDATE runs_run SET {', '.join(f'{name}=?' for name in RUN_COLUMNS)} WHERE id=? AND epoch=?"
    EVENTS = f"INSERT INTO runs_event ({', '.join(EVENT_COLUMNS)}) VALUES ({marks(len(EVENT_COLUMNS))})"
    STEPS = f"INSERT INTO runs_step ({', '.join(STEP_COLUMNS)}) VALUES ({marks(len(STEP_COLUMNS))}) {_STEP_CONFLICT}"
    PARTS = "INSERT OR IGNORE INTO runs_part (run_id, hash, text) VALUES (?, ?, ?)"

    def __init__(self, path: str):
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=NORMAL")
        # A checkpoint syncs the disk: the keeper does it off the loop, this is only the backstop.
        self.connection.execute("PRAGMA wal_autocheckpoint=40000")

    def transact(self, batch: Sequence[Append], *, wait_ms: int, durable: bool) -> "Written":
        """Writes the batch in one transaction. Raises sqlite3.OperationalError where another holds the lock longer."""
        execute = self.connection.execute
        if wait_ms:
            execute(f"PRAGMA busy_timeout={wait_ms}")
        if durable:
            execute("PRAGMA synchronous=FULL")
        try:
            execute("BEGIN IMMEDIATE")
            try:
                written = self._write(batch)
                execute("COMMIT")
            except BaseException:
                execute("ROLLBACK")
                raise
            return written
        finally:
            if wait_ms:
                execute("PRAGMA busy_timeout=0")
            if durable:
                execute("PRAGMA synchronous=NORMAL")

    def _write(self, batch: Sequence[Append]) -> "Written":
        execute, many = self.connection.execute, self.connection.executemany
        written = Written()
        for append in batch:
            if append.run and not execute(self.FENCE, (*append.run, append.run_id, append.epoch)).rowcount:
                written.fenced.append(append)
                continue
            if append.events:
                many(self.EVENTS, append.events)
            if append.steps:
                many(self.STEPS, list(append.steps.values()))
            if append.parts:
                many(self.PARTS, append.parts)
            for operation, future in append.operations:
                written.results.append((future, self.run(operation)))
        money = written.ledger(batch)
        if money:
            results = self.run(partial(ledger.apply, operations=[operation for operation, _ in money]))
            written.results.extend(zip((future for _, future in money), results, strict=True))
        return written

    def run(self, operation: Operation) -> Any:
        """Runs one operation inside the transaction that is open."""
        generator = operation(self.vendor)
        try:
            asked = next(generator)
            while True:
                if isinstance(asked, list):
                    asked = generator.send([self.connection.execute(*one).fetchall() for one in asked])
                else:
                    asked = generator.send(self.connection.execute(*asked).fetchall())
        except StopIteration as finished:
            return finished.value

    def close(self) -> None:
        self.connection.close()


_PG_TYPES = {
    name: kind
    for kind, names in {
        "int": "seq epoch iteration item attempt attempts started_seq finished_seq",
        "bigint": "run_id id at cost input_tokens output_tokens started_at finished_at",
        "text": "status waiting output error type node data port agent hash text",
    }.items()
    for name in names.split()
}
_PART_COLUMNS = ("run_id", "hash", "text")
_FENCE_COLUMNS = (*RUN_COLUMNS, "id", "epoch")


def _unnest(names: Sequence[str]) -> str:
    arrays = ", ".join(f"%s::{_PG_TYPES[name]}[]" for name in names)
    return f"unnest({arrays}) AS v({', '.join(names)})"


def _insert(table: str, names: Sequence[str], conflict: str) -> str:
    columns = ", ".join(names)
    return (
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {_unnest(names)} "
        f"WHERE run_id IN (SELECT id FROM fence) {conflict}"
    )


class PostgresStore:
    """Statements through one psycopg connection on the engine's loop.

    The fence and all rows of a batch are one statement: one round trip and, without operations, one commit.
    """

    vendor = "postgresql"
    WRITE = f"""
        WITH fence AS (
            UPDATE runs_run r SET {", ".join(f"{name}=v.{name}" for name in RUN_COLUMNS)}
            FROM {_unnest(_FENCE_COLUMNS)} WHERE r.id=v.id AND r.epoch=v.epoch RETURNING r.id
        ), events AS ({_insert("runs_event", EVENT_COLUMNS, "")}
        ), steps AS ({_insert("runs_step", STEP_COLUMNS, _STEP_CONFLICT)}
        ), parts AS ({_insert("runs_part", _PART_COLUMNS, "ON CONFLICT DO NOTHING")}
        ) SELECT id FROM fence"""

    def __init__(self, conninfo: str):
        self.conninfo = conninfo
        self.connection: psycopg.AsyncConnection | None = None

    async def connect(self) -> None:
        self.connection = await psycopg.AsyncConnection.connect(
            self.conninfo, autocommit=True, prepare_threshold=0
        )

    async def transact(self, batch: Sequence[Append]) -> Written:
        """Writes the batch in one transaction. Raises psycopg.Error and leaves nothing written."""
        if self.connection is None or self.connection.closed:
            await self.connect()
        if any(append.operations or append.ledger for append in batch):
            # In a pipeline, what gives nothing back travels with the next statement that does, or the commit.
            async with self.connection.pipeline(), self.connection.transaction():
                return await self._write(batch)
        return await self._write(batch)

    async def _write(self, batch: Sequence[Append]) -> Written:
        written = Written()
        appends = [append for append in batch if append.run]
        held = await self._rows(appends) if appends else set()
        for append in batch:
            if append.run and append.run_id not in held:
                written.fenced.append(append)
                continue
            for operation, future in append.operations:
                written.results.append((future, await self.run(operation)))
        money = written.ledger(batch)
        if money:
            results = await self.run(partial(ledger.apply, operations=[operation for operation, _ in money]))
            written.results.extend(zip((future for _, future in money), results, strict=True))
        return written

    async def _rows(self, appends: Sequence[Append]) -> set[int]:
        params = [
            *columns([(*append.run, append.run_id, append.epoch) for append in appends], len(_FENCE_COLUMNS)),
            *columns([row for append in appends for row in append.events], len(EVENT_COLUMNS)),
            *columns([row for append in appends for row in append.steps.values()], len(STEP_COLUMNS)),
            *columns([row for append in appends for row in append.parts], len(_PART_COLUMNS)),
        ]
        cursor = await self.connection.execute(self.WRITE, params)
        return {row[0] for row in await cursor.fetchall()}

    async def run(self, operation: Operation) -> Any:
        """Runs one operation inside the transaction that is open."""
        generator = operation(self.vendor)
        try:
            asked = next(generator)
            while True:
                if isinstance(asked, list):
                    cursors = [await self._send(*one) for one in asked]
                    asked = generator.send([await cursor.fetchall() for cursor in cursors])
                else:
                    cursor = await self._send(*asked)
                    asked = generator.send(await cursor.fetchall() if gives_rows(asked[0]) else [])
        except StopIteration as finished:
            return finished.value

    async def _send(self, sql: str, params: Sequence) -> psycopg.AsyncCursor:
        return await self.connection.execute(sql.replace("?", "%s"), params)

    async def close(self) -> None:
        if self.connection is not None:
            await self.connection.close()


def gives_rows(sql: str) -> bool:
    return "RETURNING" in sql or sql.lstrip().startswith("SELECT")


def columns(rows: Sequence[tuple], width: int) -> list[list]:
    """The rows turned into columns, as the arrays of one statement."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
