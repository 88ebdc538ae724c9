"""What of a run holds still, for whom, and when that is all of it."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from runs.engine.memory import THE_RUN, StepKey

if TYPE_CHECKING:
    from runs.engine.driver import Driver


class Waiting:
    """The steps that work (`awake`), and what is waited for: (step, {kind, id, until (microseconds)}) each.

    A step that does several calls at once works as long as one of them does. `parking` is set while the lease is
    being given back: nothing that waited goes on before it is known whether that succeeded. What waits for others'
    money may have it in a moment: it shows that it waits and stays here.
    """

    def __init__(self, driver: "Driver"):
        self.driver = driver
        self.awake: set[StepKey] = set()
        self.waits: dict[int, tuple[StepKey, Mapping]] = {}
        self.parking: asyncio.Future | None = None
        self.unwanted: dict[StepKey, asyncio.Task] = {}  # what is cut off once it holds still
        self._cut: set[StepKey] = set()  # of these, those that were
        self._tokens = itertools.count()
        self._branches: Counter[StepKey] = Counter()  # calls of a step that are under way at once
        self._still: Counter[StepKey] = Counter()  # how many of these wait
        self._staying = 0  # waits that are not parked
        self._items: Counter[tuple[str, int]] = Counter()  # how many items of a map are awake
        self._heeding = self._again = False

    # --- who works ---------------------------------------------------------------------------------------------

    def wake(self, key: StepKey) -> None:
        """The step works, or what it waits for is there: the run is not parked before the step has seen it."""
        if key not in self.awake:
            self.awake.add(key)
            self._items[key[:2]] += key[2] is not None
            self.driver.clocks.heed(key)

    def sleep(self, key: StepKey) -> None:
        """The step holds still, or has ended."""
        if key in self.awake:
            self.awake.discard(key)
            self._items[key[:2]] -= key[2] is not None
            self.driver.clocks.heed(key)
        if key in self.unwanted:
            self.driver.engine.loop.call_soon(self._cut_off_if_still, key)

    def works(self, key: StepKey) -> bool:
        """Whether the step does, or one of its items."""
        return key in self.awake or (key[2] is None and self._items[key[:2]] > 0)

    @contextmanager
    def branch(self, key: StepKey):
        """One of several calls of a step."""
        self._branches[key] += 1
        self.wake(key)
        try:
            yield
        finally:
            self._branches[key] -= 1
            self._sleep_if_still(key)

    @asynccontextmanager
    async def suspended(self, key: StepKey, wait: Mapping, *, parks: bool = True):
        """Holds still: the step's clock stops, and the run is parked unless something in it does not park."""
        token = next(self._tokens)
        self.waits[token] = (key, wait)
        self._still[key] += 1
        self._staying += not parks
        self._sleep_if_still(key)
        try:
            yield
            while self.parking is not None:
                await asyncio.shield(self.parking)
        finally:
            del self.waits[token]
            self._still[key] -= 1
            self._staying -= not parks
            self.wake(key)
        self._show(key, "running")
        self.driver.ending.resume()

    def _sleep_if_still(self, key: StepKey) -> None:
        if self._still[key] and self._still[key] >= self._branches[key]:
            self.sleep(key)
            if not self.works(key):
                self._show(key, "waiting")
            self.consider_parking()

    def _show(self, key: StepKey, status: str) -> None:
        if key == THE_RUN:
            return  # no step
        step = self.driver.memory.step(key)
        step.row.status = status
        self.driver.journal.step(step.row)

    @asynccontextmanager
    async def delegating(self, key: StepKey):
        """A step sleeps while its items work, once all of its calls under way do."""
        self._still[key] += 1
        if self._still[key] >= self._branches[key]:
            self.sleep(key)
            self.consider_parking()
        try:
            yield
        finally:
            self._still[key] -= 1
            self.wake(key)
            self._sleep_if_still(key)  # others of its turns are under way

    # --- what nobody wants any more ----------------------------------------------------------------------------

    def cut_off_once_still(self, key: StepKey, task: asyncio.Task) -> None:
        """`task` plays the step: it is cancelled as soon as it only waits, for others or a moment."""
        self.unwanted[key] = task
        self._cut_off_if_still(key)

    def was_cut_off(self, key: StepKey) -> bool:
        """True once."""
        was_cut = key in self._cut
        self._cut.discard(key)
        return was_cut

    def _cut_off_if_still(self, key: StepKey) -> None:
        if key in self.unwanted and key not in self.awake:
            self._cut.add(key)
            self.unwanted.pop(key).cancel()

    # --- parking -----------------------------------------------------------------------------------------------

    def consider_parking(self) -> None:
        driver = self.driver
        if self.awake or not self.waits or self.parking is not None or driver.children.owed:
            return
        if driver.has_work() or driver.ending.begun:
            return
        if self._staying:
            driver.ending.rest()
            return
        self.parking = driver.engine.loop.create_future()
        driver.engine.spawn(driver.ending.park())

    def stay(self) -> None:
        """The run is not parked after all: what woke up meanwhile goes on."""
        parking, self.parking = self.parking, None
        if parking is not None:
            parking.set_result(None)

    # --- rings -------------------------------------------------------------------------------------------------

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
        driver.pauses.heed()
        driver.children.heed(news.children)
