"""The engine of a process: one loop in a thread of its own that hosts hundreds of runs.

Design note. A doorbell (`ring`) names a run; the engine claims it with a lease and a new epoch, loads its journal and
hands it to a driver. Rings are gathered, so a thousand launches are claimed in a few statements. The keeper, a
thread beside the loop, renews the leases (a busy loop must not lose its runs), sees rings of other processes,
and finds what nobody rang for. Celery and the database carry rings between processes; neither is trusted: the
claim in the database decides.
"""

import asyncio
import logging
import os
import secrets
import socket
import sqlite3
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import psycopg
from django.core.exceptions import ObjectDoesNotExist

from flows.nodes.base import Output, StepFailed
from governance import ledger, schemas
from registry import upkeep
from runs.engine import places
from runs.engine.broadcast import Broadcast, Send
from runs.engine.claims import bury, claim, fail_unread, give_back
from runs.engine.driver import Driver
from runs.engine.keeper import Keeper
from runs.engine.loader import Loader
from runs.engine.record import Loaded
from runs.engine.rows import dumps
from runs.engine.store import PostgresStore, SqliteStore
from runs.engine.writer import Fenced, StorageFailed, Writer

log = logging.getLogger("baton.engine")
MOST_HOSTED = 1_000
MOST_CLAIMED_AT_ONCE = 200
LARGEST_OUTPUT = 4_000_000  # bytes of JSON
SURELY_SMALL = LARGEST_OUTPUT // 10  # characters
TOO_DEEP = f"The {{}} is nested deeper than {schemas.MAX_DEPTH} levels."
READERS = 4
GRACE_S = 3.0
NEVER_RUNG = 1 << 62  # no bell is newer


class Engine:
    """Starts with `start()`, ends with `stop()`; `ring` and `hosted` may be called from any thread.

    `store` makes the writer's store on the loop; `send` tells watchers (None: nobody watches).
    """

    def __init__(
        self,
        store: Callable[[], SqliteStore | PostgresStore],
        *,
        send: Send | None = None,
        sole: bool = False,
        most_hosted: int = MOST_HOSTED,
    ):
        self.owner = f"{socket.gethostname()[:24]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.drivers: dict[int, Driver] = {}
        self.loader = Loader()
        self.sole = sole
        self.most_hosted = most_hosted
        self.idle = threading.Event()
        self._make_store, self._send = store, send
        self._rung: dict[int, None] = {}
        self._loading: dict[int, int] = {}  # claimed and being read: run → epoch
        self._standing = 0  # how many stand in line for money
        self._claiming: asyncio.Task | None = None
        self._tasks: set[asyncio.Task] = set()
        self._ready = threading.Event()
        self._failed: BaseException | None = None
        self._stopping = False
        self._readers = ThreadPoolExecutor(READERS, "baton-read")
        self._thread = threading.Thread(target=self._run, name="baton-engine", daemon=True)
        self.keeper = Keeper(self)

    # --- life --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Returns once runs are being driven. Raises what kept the engine from starting."""
        if self.sole:
            self.keeper.void_dead_leases()
        self._thread.start()
        self._ready.wait()
        if self._failed is not None:
            raise self._failed
        self.keeper.start()

    def stop(self) -> None:
        """Gives every run back, within a few seconds; what was in flight goes on at the next start."""
        self.keeper.stop()
        if self._thread.is_alive() and self._failed is None:
            asyncio.run_coroutine_threadsafe(self._wind_down(), self.loop).result()
            self.loop.call_soon_threadsafe(self._end.set)
            self._thread.join()
        self._readers.shutdown(wait=True, cancel_futures=True)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except (OSError, RuntimeError, sqlite3.Error, psycopg.Error) as error:
            self._failed = error
            self._ready.set()

    async def _main(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        self._money = asyncio.Event()
        self.writer = Writer(self._make_store())
        self.broadcast = Broadcast(self.loop, self._send)
        upkeep.lend(self.loop)
        self._ready.set()
        self.spawn(self._warm_up())
        await self._end.wait()
        upkeep.lend(None)
        await upkeep.close()
        closing = self.writer.store.close()
        if closing is not None:
            await closing

    async def _warm_up(self) -> None:
        """Beside the runs: a database that is not there yet must not keep the engine from starting."""
        if await self.read(upkeep.needs_hosted):
            await upkeep.warm()

    async def _wind_down(self) -> None:
        self._stopping = True
        await self._let_unrepeatable_calls_end()
        drivers = list(self.drivers.values())
        tasks = [task for driver in drivers for task in driver.tasks.values()]
        for driver in drivers:
            driver.ending.begun = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.drivers.clear()
        try:
            await self.writer.drain()
            await self.writer.submit(give_back(self.owner))
        except StorageFailed as error:
            log.warning("the runs could not be given back, their leases end by themselves: %s", error)

    async def _let_unrepeatable_calls_end(self) -> None:
        """A call that cannot be repeated is worth a moment: cut off, a person would have to ask what became of it."""
        deadline = self.loop.time() + GRACE_S
        while self.loop.time() < deadline:
            pending = [task for driver in self.drivers.values() for task in driver.unrepeatable()]
            if not pending:
                return
            await asyncio.wait(pending, timeout=deadline - self.loop.time())

    # --- rings -------------------------------------------------------------------------------------------------

    def ring(self, run_id: int) -> None:
        """Somebody wants the run looked at. Thread-safe, and never lost for long: the keeper rings again."""
        if not self._stopping:
            self.loop.call_soon_threadsafe(self._heard, run_id)

    def bury(self, run_ids: list[int]) -> None:
        """Their leases ended: their money must not stand in the way of others. Thread-safe."""
        if not self._stopping:
            self.loop.call_soon_threadsafe(self._bury, run_ids)

    def _bury(self, run_ids: list[int]) -> None:
        orphans = [ledger.Orphan(run_id) for run_id in run_ids]
        self.writer.submit(bury(run_ids), orphans).add_done_callback(self.money_settled)

    def _heard(self, run_id: int) -> None:
        driver = self.drivers.get(run_id)
        if driver is not None:
            driver.waiting.heed()
        elif len(self.drivers) + len(self._rung) < self.most_hosted:
            self._rung[run_id] = None
            if self._claiming is None:
                self._claiming = self.loop.create_task(self._claim_all())
                self._claiming.add_done_callback(self._claimed)

    async def _claim_all(self) -> None:
        while self._rung and not self._stopping:
            wanted = list(self._rung)[:MOST_CLAIMED_AT_ONCE]
            for run_id in wanted:
                del self._rung[run_id]
            claims = await self.writer.submit(claim(wanted, self.owner))
            if len(claims) < len(wanted):
                await self._stand_in_line([run_id for run_id in wanted if run_id not in dict(claims)])
            self._loading = dict(claims)
            try:
                loaded = await self._load(claims) if claims else ()
                if not self._stopping:  # else they were given back meanwhile
                    self._host(loaded)
            finally:
                self._loading = {}

    async def _stand_in_line(self, run_ids: list[int]) -> None:
        """What was not claimed may lack a place in its project: who has one now is claimed next."""
        wanted = await self.writer.submit(places.wanting(run_ids))
        if wanted:
            self._rung.update(dict.fromkeys(await self.writer.submit(places.seat(wanted))))

    def call_up(self, handed: asyncio.Future) -> None:
        """A run gave its place back; the future holds who has it now."""
        if not handed.cancelled() and handed.exception() is None:
            for run_id in handed.result() or ():
                self.ring(run_id)

    async def _load(self, claims: list[tuple[int, int]]) -> list[Loaded]:
        """One run that cannot be read must not cost the others their turn: it fails with the reason."""
        try:
            return await self.read(self.loader.load, claims)
        except (LookupError, ValueError, ObjectDoesNotExist) as error:
            if len(claims) == 1:
                log.error("run %s cannot be read", claims[0][0], exc_info=error)
                self._fail(*claims[0])
                return []
        return [loaded for claim in claims for loaded in await self._load([claim])]

    def _claimed(self, task: asyncio.Task) -> None:
        self._claiming = None
        if not task.cancelled() and task.exception() is not None:
            log.error("claiming failed; the leases end by themselves", exc_info=task.exception())

    def _host(self, loaded: list) -> None:
        for one in loaded:
            driver = Driver(self, one)
            self.drivers[one.run.id] = driver
            self.idle.clear()
            self.spawn(self._begin(driver)).add_done_callback(partial(self._begun, driver))

    async def _begin(self, driver: Driver) -> None:
        await driver.prepare()
        driver.start()

    def _begun(self, driver: Driver, begun: asyncio.Task) -> None:
        """A run that cannot even be folded together fails instead of being claimed for ever."""
        if not begun.cancelled() and begun.exception() is not None:
            self.parked(driver)
            self._fail(driver.run.id, driver.journal.epoch)

    def _fail(self, run_id: int, epoch: int) -> None:
        self.writer.submit(fail_unread(run_id, epoch)).add_done_callback(self.call_up)

    # --- what drivers ask for ----------------------------------------------------------------------------------

    async def read(self, work: Callable, *arguments: Any) -> Any:
        """Runs a database read in a reader thread."""
        return await self.loop.run_in_executor(self._readers, work, *arguments)

    def spawn(self, work: Coroutine) -> asyncio.Task:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._spawned)
        return task

    def _spawned(self, task: asyncio.Task) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, Fenced):
            log.error("something beside the runs failed", exc_info=error)

    def finished(self, driver: Driver, stored: asyncio.Future) -> None:
        """The last line is stored, or another driver writes it."""
        stored.exception()
        self._forget(driver)
        if driver.run.parent_id is not None:
            self._heard(driver.run.parent_id)

    def parked(self, driver: Driver) -> None:
        """Only waits are left and the lease is given back: nothing of the run stays here."""
        driver.ending.begun = True
        driver.ending.stop_the_clock()
        for task in list(driver.tasks.values()):
            task.cancel()
        self._forget(driver)

    def abandon(self, driver: Driver, why: BaseException) -> None:
        """The run is another's, or its lines could not be stored: whoever claims it next starts from the journal."""
        if not driver.ending.begun:
            log.warning("run %s is let go: %s", driver.run.public_id, str(why) or type(why).__name__)
        self.parked(driver)

    def lost(self, run_id: int, epoch: int) -> None:
        """Another process claimed the run, or its lease was given back. Thread-safe."""
        self.loop.call_soon_threadsafe(self._lost, run_id, epoch)

    def _lost(self, run_id: int, epoch: int) -> None:
        driver = self.drivers.get(run_id)
        if driver is None or driver.journal.epoch != epoch:
            return
        if driver.waiting.parking is None and not driver.ending.begun:
            self.abandon(driver, Fenced())

    def _forget(self, driver: Driver) -> None:
        if self.drivers.get(driver.run.id) is driver:
            del self.drivers[driver.run.id]
        if not self.drivers and not self._rung:
            self.idle.set()

    def money_settled(self, settled: asyncio.Future) -> None:
        """Money came free: whoever stands in line asks again."""
        settled.exception()
        if self._standing:
            self._money.set()
            self._money = asyncio.Event()

    async def money_moved(self, timeout: float) -> None:
        # Not wait_for: in Python 3.11 it can swallow a cancellation.
        self._standing += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._money.wait()
        finally:
            self._standing -= 1

    @staticmethod
    def bounded(value: Output, what: str = "output") -> Output | StepFailed:
        """The value, or why it is too large or too deep to keep: each step could nest the one before once more."""
        if type(value) is dict and len(value) == 1 and type(text := value.get("text")) is str:
            if len(text) < SURELY_SMALL:
                return value  # an agent's answer: six bytes a character are the most that JSON makes of it
        if isinstance(value, (dict, list, str)):
            try:
                text = dumps(value)
            except RecursionError:
                return StepFailed("invalid_output", TOO_DEEP.format(what))
            if len(text) > LARGEST_OUTPUT:
                message = (
                    f"The {what} is {len(text):,} bytes of JSON; a step keeps at most {LARGEST_OUTPUT:,}."
                )
                return StepFailed("invalid_output", message)
            if text.count("[") + text.count("{") > schemas.MAX_DEPTH and schemas.is_too_deep(value):
                return StepFailed("invalid_output", TOO_DEEP.format(what))
        return value

    def hosted(self) -> dict[int, tuple[int, int]]:
        """Run → the bell as its driver last heeded it, and the driver's epoch. A run that is being read counts: its
        lease must not end, however long that takes."""
        loading = {run_id: (NEVER_RUNG, epoch) for run_id, epoch in self._loading.items()}
        return loading | {
            run_id: (driver.bell, driver.journal.epoch) for run_id, driver in list(self.drivers.items())
        }
