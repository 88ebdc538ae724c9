"""The one writer of a process: group commit.

Design note. Journals put what they have into a pending append and ask for a flush; whatever has gathered when
the flush comes is one transaction. The flush waits two turns of the loop, so that a step's end and the first
lines of the steps it starts share a commit. On SQLite a batch that nobody must wait for on disk is committed
right on the loop (tens of microseconds, less than two thread hops); where another process holds the lock, or
the disk must be reached, a thread does it. On PostgreSQL the one connection keeps appends in order, and what
comes while a commit is under way is the next batch. Rejected: an ORM call a step, a commit a step, a writer
thread with a queue (each cost more than the commit itself; shared/performance.md of the plan has the numbers).
"""

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

import psycopg

from governance import ledger
from runs.engine.rows import Append
from runs.engine.store import Operation, PostgresStore, SqliteStore, Written

log = logging.getLogger("baton.engine")
LOCK_WAIT_MS = 20_000
# What a driver or the ledger raises for a value that no column holds: it costs its own run, not the batch.
UNFIT = (ArithmeticError, ValueError, TypeError, LookupError)


class Fenced(Exception):
    """Another driver owns this run now; this one must stop."""


class StorageFailed(Exception):
    """The database did not take the run's lines. See the server's log; the run goes on once it is claimed again."""


class Source(Protocol):
    """A journal, as the writer sees it."""

    def take(self) -> tuple[Append, list[asyncio.Future]] | None:
        """Hands over what is pending with the futures to resolve once it is stored; None when nothing is."""


class Writer:
    """Collects appends and commits them together. All methods run on the engine's loop."""

    def __init__(self, store: SqliteStore | PostgresStore):
        self.store = store
        self.loop = asyncio.get_running_loop()
        self.sources: dict[Source, None] = {}
        self.loose: list[tuple[Append, list[asyncio.Future]]] = []
        self.armed = False
        self.task: asyncio.Task | None = None
        self.commits = 0

    def want(self, source: Source) -> None:
        """The source has something to store."""
        self.sources[source] = None
        self._arm()

    def submit(self, operation: Operation, money: Sequence[ledger.Operation] = ()) -> asyncio.Future:
        """Runs one operation in the next transaction, with what the ledger has to do; the future holds its result."""
        done = self.loop.create_future()
        books = [(entry, None) for entry in money]
        self.loose.append((Append(run_id=0, epoch=0, operations=[(operation, done)], ledger=books), []))
        self._arm()
        return done

    def _arm(self) -> None:
        if not self.armed and self.task is None:
            self.armed = True
            self.loop.call_soon(self._one_turn_later)

    def _one_turn_later(self) -> None:
        self.loop.call_soon(self._flush)

    def _flush(self) -> None:
        self.armed = False
        if self.task is not None:
            return
        batch = self._gather()
        if not batch:
            return
        appends = [append for append, _ in batch]
        if isinstance(self.store, SqliteStore) and not any(append.durable for append in appends):
            try:
                written = self.store.transact(appends, wait_ms=0, durable=False)
            except sqlite3.OperationalError:
                self._start(batch)  # another process writes: wait for it off the loop
            except (sqlite3.Error, *UNFIT):
                self._start(batch, one_by_one=True)
            else:
                self._resolve(batch, written)
        else:
            self._start(batch)

    def _gather(self) -> list[tuple[Append, list[asyncio.Future]]]:
        batch, self.loose = self.loose, []
        sources, self.sources = self.sources, {}
        batch.extend(taken for source in sources if (taken := source.take()))
        return batch

    def _start(self, batch: list, *, one_by_one: bool = False) -> None:
        self.task = self.loop.create_task(self._commit(batch, one_by_one))
        self.task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task) -> None:
        self.task = None
        if not task.cancelled() and task.exception() is not None:
            log.error("the writer failed", exc_info=task.exception())
        if self.sources or self.loose:
            self._arm()

    async def _commit(self, batch: list, one_by_one: bool) -> None:
        groups = [[item] for item in batch] if one_by_one else [batch]
        for group in groups:
            try:
                self._resolve(group, await self._transact([append for append, _ in group]))
            except (sqlite3.Error, psycopg.Error, *UNFIT) as error:
                if len(group) > 1:
                    await self._commit(group, one_by_one=True)  # one bad row must not cost the others
                else:
                    log.error("an append failed: %s", error)
                    reject(*group[0], StorageFailed(str(error)))

    async def _transact(self, appends: list[Append]) -> Written:
        if isinstance(self.store, PostgresStore):
            return await self.store.transact(appends)
        durable = any(append.durable for append in appends)
        work = partial(self.store.transact, appends, wait_ms=LOCK_WAIT_MS, durable=durable)
        return await self.loop.run_in_executor(None, work)

    def _resolve(self, batch: list, written: Written) -> None:
        self.commits += 1
        for future, result in written.results:
            set_result(future, result)
        fenced = {id(append) for append in written.fenced}
        for append, futures in batch:
            if id(append) in fenced:
                reject(append, futures, Fenced())
                continue
            if append.heard is not None:
                append.heard(None)
            for future in futures:
                set_result(future, None)

    async def drain(self) -> None:
        """Returns when everything that was pending is stored, or was refused."""

        def nothing(vendor: str):
            yield "SELECT 1", ()

        await self.submit(nothing)


def reject(append: Append, futures: list[asyncio.Future], error: Exception) -> None:
    """Tells everybody who waits for something in the append that it was not stored."""
    for future in (*futures, *(future for _, future in (*append.operations, *append.ledger))):
        set_error(future, error)
    if append.heard is not None:
        append.heard(error)


def set_result(future: asyncio.Future | None, result: Any) -> None:
    if future is not None and not future.done():
        future.set_result(result)


def set_error(future: asyncio.Future | None, error: Exception) -> None:
    if future is not None and not future.done():
        future.set_exception(error)
        future.exception()  # seen: whoever was cancelled meanwhile will not ask
