"""What of a run holds still, for whom, and when that is all of it."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from runs.engine.memory import StepKey

if TYPE_CHECKING:
    from runs.engine.driver import Driver


class Waiting:
    """The steps that work (`awake`), and what is waited for: (step, {kind, id, until (microseconds)}) each.

    A step that does several calls at once works as long as one of them does. `parking` is set while the lease is
    being given back: nothing that waited goes on before it is known whether that succeeded.
    """

    def __init__(self, driver: "Driver"):
        self.driver = driver
        self.awake: set[StepKey] = set()
        self.waits: dict[int, tuple[StepKey, Mapping]] = {}
        self.parking: asyncio.Future | None = None
        self._tokens = itertools.count()
        self._branches: Counter[StepKey] = Counter()  # calls of a step that are under way at once
        self._still: Counter[StepKey] = Counter()  # how many of these wait
        self._stopped: Counter[StepKey] = Counter()
        self._left: dict[StepKey, float] = {}  # seconds of a step's time-out when its clock was stopped
        self._heeding = self._again = False

    @contextmanager
    def branch(self, key: StepKey):
        """One of several calls of a step."""
        self._branches[key] += 1
        self.awake.add(key)
        try:
            yield
        finally:
            self._branches[key] -= 1
            self._sleep_if_still(key)

    @asynccontextmanager
    async def suspended(self, key: StepKey, wait: Mapping, *, parks: bool = True):
        """Holds still: the step's clock stops, and the run may be parked unless the wait is for this process."""
        token = next(self._tokens)
        self.waits[token] = (key, wait)
        self._still[key] += parks
        self._sleep_if_still(key)
        try:
            async with self._stopped_clock(key):
                yield
                while self.parking is not None:
                    await asyncio.shield(self.parking)
        finally:
            del self.waits[token]
            self._still[key] -= parks
            self.awake.add(key)
        if parks:
            self._show(key, "running")
            self.driver.ending.resume()

    def _sleep_if_still(self, key: StepKey) -> None:
        if self._still[key] and self._still[key] >= self._branches[key]:
            self.awake.discard(key)
            self._show(key, "waiting")
            self.consider_parking()

    def _show(self, key: StepKey, status: str) -> None:
        step = self.driver.memory.step(key)
        step.row.status = status
        self.driver.journal.step(step.row)

    @asynccontextmanager
    async def _stopped_clock(self, key: StepKey):
        """Time spent waiting for people, moments and budgets does not count against a step's time-out."""
        limit = self.driver.memory.step(key).limit
        if limit is None or (not self._stopped[key] and limit.when() is None):
            yield
            return
        loop = self.driver.engine.loop
        if not self._stopped[key]:
            self._left[key] = limit.when() - loop.time()
            limit.reschedule(None)
        self._stopped[key] += 1
        try:
            yield
        finally:
            self._stopped[key] -= 1
            if not self._stopped[key] and not limit.expired():
                limit.reschedule(loop.time() + self._left[key])

    @asynccontextmanager
    async def delegating(self, key: StepKey):
        """A map sleeps while its items work."""
        self.awake.discard(key)
        try:
            yield
        finally:
            self.awake.add(key)

    # --- parking -----------------------------------------------------------------------------------------------

    def consider_parking(self) -> None:
        driver = self.driver
        if self.awake or not self.waits or self.parking is not None or driver.children.owed:
            return
        if not driver.has_work() and not driver.ending.begun:
            self.parking = driver.engine.loop.create_future()
            driver.engine.spawn(driver.ending.park())

    def stay(self) -> None:
        """The run is not parked after all: what woke up meanwhile goes on."""
        parking, self.parking = self.parking, None
        if parking is not None:
            parking.set_result(None)

    # --- rings -------------------------------------------------------------------------------------------------

    def wake(self, key: StepKey) -> None:
        """What the step waits for is there: the run is not parked before the step has seen it."""
        self.awake.add(key)

    def heed(self) -> None:
        """Somebody rang: a decision, a cancellation, a child's end. Rings that come while one is heeded are one."""
        self._again = True
        if not self._heeding:
            self._heeding = True
            self.driver.engine.spawn(self._heed_all())

    async def _heed_all(self) -> None:
        try:
            while self._again and not self.driver.ending.begun:
                self._again = False
                await self._heed()
        finally:
            self._heeding = False
        self.consider_parking()

    async def _heed(self) -> None:
        driver = self.driver
        children, items = [*driver.children.open, *driver.children.owed], list(driver.inbox.open)
        news = await driver.engine.read(driver.engine.loader.news, driver.run.id, items, children)
        if driver.inbox.open.keys() <= set(items) and driver.children.open.keys() <= set(children):
            driver.bell = max(driver.bell, news.bell)
        else:
            self._again = True  # what was opened meanwhile was not looked at
        if news.cancelled_by:
            driver.run.cancelled_by = news.cancelled_by
            driver.ending.cancel()
            return
        driver.inbox.heed(news.answers)
        driver.children.heed(news.children)
