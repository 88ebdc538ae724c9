"""What of a run holds still, for whom, and when that is all of it."""

import asyncio
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from runs.engine.memory import StepKey, StepMemory

if TYPE_CHECKING:
    from runs.engine.driver import Driver


class Waiting:
    """The steps that work (`awake`) and those that wait, by key: {kind, id, until (microseconds)}.

    `parking` is set while the lease is being given back: nothing goes on before it is known whether that succeeded.
    """

    def __init__(self, driver: "Driver"):
        self.driver = driver
        self.awake: set[StepKey] = set()
        self.waits: dict[StepKey, Mapping] = {}
        self.parking: asyncio.Future | None = None

    @asynccontextmanager
    async def suspended(self, key: StepKey, wait: Mapping, *, parks: bool = True):
        """Holds still: the step's clock stops, and the run may be parked unless the wait is for this process."""
        step = self.driver.memory.step(key)
        self.waits[key] = wait
        if parks:
            self.awake.discard(key)
            self._show(step, "waiting")
            self.consider_parking()
        try:
            async with stopped_clock(step.limit):
                yield
                if self.parking is not None:
                    await asyncio.shield(self.parking)
        finally:
            self.waits.pop(key, None)
            self.awake.add(key)
        if parks:
            self._show(step, "running")
            self.driver.ending.resume()

    def _show(self, step: StepMemory, status: str) -> None:
        step.row.status = status
        self.driver.journal.step(step.row)

    @asynccontextmanager
    async def delegating(self, key: StepKey):
        """A map sleeps while its items work."""
        self.awake.discard(key)
        try:
            yield
        finally:
            self.awake.add(key)

    def consider_parking(self) -> None:
        driver = self.driver
        if self.awake or not self.waits or self.parking is not None:
            return
        if not driver.has_work() and not driver.ending.begun:
            self.parking = driver.engine.loop.create_future()
            driver.engine.spawn(driver.ending.park())

    def heed(self) -> None:
        """Somebody rang: a decision, a cancellation, a child's end."""
        self.driver.engine.spawn(self._heed())

    async def _heed(self) -> None:
        driver = self.driver
        children, items = [*driver.children.open, *driver.children.owed], list(driver.inbox.open)
        news = await driver.engine.read(driver.engine.loader.news, driver.run.id, items, children)
        driver.bell = max(driver.bell, news.bell)
        if news.cancelled_by:
            driver.run.cancelled_by = news.cancelled_by
            driver.ending.cancel()
            return
        driver.inbox.heed(news.answers)
        driver.children.heed(news.children)


@asynccontextmanager
async def stopped_clock(limit: asyncio.Timeout | None):
    """Time spent waiting for people, moments and budgets does not count against a step's time-out."""
    if limit is None or limit.when() is None:
        yield
        return
    loop = asyncio.get_running_loop()
    remaining = limit.when() - loop.time()
    limit.reschedule(None)
    try:
        yield
    finally:
        if not limit.expired():
            limit.reschedule(loop.time() + remaining)
