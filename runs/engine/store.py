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
from governance.ledger_rows import ADD_UP, SPEND, SUMS
from runs.engine.rows import COUNTS, EVENT_COLUMNS, RUN_COLUMNS, STEP_COLUMNS, Append

Operation = Callable[[str], Generator[tuple[str, Sequence], list[tuple], Any]]

_STEP_KEY = ("run_id", "node", "iteration", "item")
_STEP_UPDATE = ", ".join(f"{name}=excluded.{name}" for name in STEP_COLUMNS if name not in _STEP_KEY)
_STEP_CONFLICT = f"ON CONFLICT ({', '.join(_STEP_KEY)}) DO UPDATE SET {_STEP_UPDATE}"


@dataclass(frozen=True, slots=True)
class Touching:
    """An operation that writes rows of other runs than its append's: `runs`, the runs `above` some, the unfinished ones
    `below` some; or that counts the places of `projects`. PostgreSQL locks all that a batch touches before its first
    write, in the order of ids: two processes never lock each other out."""

    statements: Operation
    runs: tuple[int, ...] = ()
    above: tuple[int, ...] = ()
    below: tuple[int, ...] = ()
    projects: tuple[int, ...] = ()

    def __call__(self, vendor: str) -> Generator:
        return self.statements(vendor)


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
    COUNT = f"UPDATE runs_run SET {', '.join(f'{name}=?' for name in RUN_COLUMNS[:COUNTS])} WHERE id=? AND epoch=?"
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
        many = self.connection.executemany
        written = Written()
        for append in batch:
            if append.run and not self._holds(append):
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

    def _holds(self, append: Append) -> bool:
        """Writes the run's row if its epoch is still this driver's. Where only counts changed, no index is touched."""
        sql, values = (self.COUNT, append.run[:COUNTS]) if append.only_counts else (self.FENCE, append.run)
        return self.connection.execute(sql, (*values, append.run_id, append.epoch)).rowcount > 0

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
        "date": "day",
        "int": "calls seq epoch iteration item attempt attempts started_seq finished_seq",
        "bigint": "project_id run_id id at cost input_tokens output_tokens started_at finished_at",
        "text": "flow user model status waiting output error type node data port agent hash text",
    }.items()
    for name in names.split()
}
_PART_COLUMNS = ("run_id", "hash", "text")
_FENCE_COLUMNS = (*RUN_COLUMNS, "id", "epoch")


def _unnest(names: Sequence[str]) -> str:
    arrays = ", ".join(f"%s::{_PG_TYPES[name.strip(chr(34))]}[]" for name in names)
    return f"unnest({arrays}) AS v({', '.join(names)})"


def _insert(table: str, names: Sequence[str], conflict: str) -> str:
    columns = ", ".join(names)
    return (
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {_unnest(names)} "
        f"WHERE run_id IN (SELECT id FROM fence) {conflict}"
    )


_SPEND_KEYS = ", ".join(SPEND)
_SPEND_COLUMNS = ("run_id", *SPEND, *SUMS)
_SPEND_INSERT = (
    f"INSERT INTO governance_spend ({_SPEND_KEYS}, {', '.join(SUMS)}) "
    f"SELECT {_SPEND_KEYS}, {', '.join(f'sum({name})::bigint' for name in SUMS)} FROM {_unnest(_SPEND_COLUMNS)} "
    f"WHERE run_id IN (SELECT id FROM fence) GROUP BY {_SPEND_KEYS} ORDER BY {_SPEND_KEYS} {ADD_UP}"
)


def only_spends(append: Append) -> bool:
    """Whether what it asks of the ledger is only to add up costs: no hold to look for, no answer to wait for."""
    return not append.operations and all(
        type(operation) is ledger.Settle and not operation.reserved for operation, _ in append.ledger
    )


def spend_rows(append: Append) -> list[tuple]:
    return [
        (append.run_id, *one.spend_key, one.cost or 0, one.input_tokens, one.output_tokens, 1)
        for one, _ in append.ledger
    ]


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
        ), spent AS ({_SPEND_INSERT}
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
        batch = sorted(batch, key=lambda append: append.run_id)  # rows are locked in the order of their ids
        if not all(append.run and only_spends(append) for append in batch):
            # In a pipeline, what gives nothing back travels with the next statement that does, or the commit.
            async with self.connection.pipeline(), self.connection.transaction():
                return await self._write(batch)
        return await self._write_at_once(batch)

    async def _write_at_once(self, batch: Sequence[Append]) -> Written:
        """One statement, one round trip: fence, rows and spends."""
        written = Written()
        held = await self._rows(batch, [row for append in batch for row in spend_rows(append)])
        for append in batch:
            if append.run_id in held:
                written.results.extend((future, ledger.Answer("done")) for _, future in append.ledger)
            else:
                written.fenced.append(append)
        return written

    async def _write(self, batch: Sequence[Append]) -> Written:
        written = Written()
        appends = [append for append in batch if append.run]
        await self._lock(appends, touching_of(batch))
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

    async def _lock(self, appends: Sequence[Append], touching: Sequence[Touching]) -> None:
        """Everything that the batch will write of runs, and the projects whose places it counts, in one order."""
        runs = [run for one in touching for run in one.runs]
        above, below = (
            [run for one in touching for run in getattr(one, name)] for name in ("above", "below")
        )
        if runs or above or below:
            runs += [append.run_id for append in appends]
            await self.connection.execute(LOCK_RUNS, [runs, above, below])
        projects = [project for one in touching for project in one.projects]
        if projects:
            await self.connection.execute(LOCK_PROJECTS, [projects])

    async def _rows(self, appends: Sequence[Append], spends: Sequence[tuple] = ()) -> set[int]:
        params = [
            *arrays([(*append.run, append.run_id, append.epoch) for append in appends], _FENCE_COLUMNS),
            *arrays([row for append in appends for row in append.events], EVENT_COLUMNS),
            *arrays([row for append in appends for row in append.steps.values()], STEP_COLUMNS),
            *arrays([row for append in appends for row in append.parts], _PART_COLUMNS),
            *arrays(spends, _SPEND_COLUMNS),
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


LOCK_RUNS = """
    SELECT id FROM runs_run WHERE id IN (
        SELECT unnest(%s::bigint[]) UNION SELECT parent_id FROM runs_run WHERE id = ANY(%s::bigint[])
        UNION SELECT id FROM runs_run WHERE parent_id = ANY(%s::bigint[]) AND finished_at IS NULL
    ) ORDER BY id FOR UPDATE"""
LOCK_PROJECTS = """
    SELECT id FROM governance_project WHERE id = ANY(%s::bigint[]) AND max_running_runs IS NOT NULL
    ORDER BY id FOR NO KEY UPDATE"""


def touching_of(batch: Sequence[Append]) -> list[Touching]:
    """The operations of a batch that say what they lock."""
    return [
        operation for append in batch for operation, _ in append.operations if isinstance(operation, Touching)
    ]


def gives_rows(sql: str) -> bool:
    return "RETURNING" in sql or sql.lstrip().startswith("SELECT")


def arrays(rows: Sequence[tuple], names: Sequence[str]) -> list[str]:
    """The rows turned into columns, each the literal of a PostgreSQL array.

    Psycopg writes a list value by value in Python, with a regular expression for each quote: ten times as long as
    everything else that a step costs. Text parameters of one type also keep the statement prepared.
    """
    if not rows:
        return ["{}"] * len(names)
    return [
        text_array(column) if _PG_TYPES[name.strip('"')] == "text" else number_array(column)
        for name, column in zip(names, zip(*rows, strict=True), strict=True)
    ]


def number_array(values: Sequence[int | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def text_array(values: Sequence[str | None]) -> str:
    """Quoted, so that nothing in a text means anything."""
    quoted = [
        "NULL" if value is None else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for value in values
    ]
    return "{" + ",".join(quoted) + "}"
