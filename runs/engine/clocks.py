"""The time-outs of a run's steps: each counts only while its step, an item of it or a run below it works.

Waiting for people, moments, money and queues does not count. What was used stands in the journal when the run is
parked: whoever claims it next goes on counting there. A run that is parked because only runs below it work says so
too, and is claimed again when the first of these clocks has run out.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from governance import clock
from runs.engine.memory import StepKey, StepMemory

if TYPE_CHECKING:
    from runs.engine.driver import Driver


class StepClock:
    """One attempt's time. `left` is in seconds as of the moment it was stopped last."""

    def __init__(self, timer: asyncio.Timeout, left: float, parked_at: int | None):
        self.timer, self.left = timer, left
        self.parked_at = (
            parked_at  # until when it counted before the run was parked, where runs below it worked on
        )
        self.began: float | None = None

    def run(self, works: bool, now: float) -> None:
        if works == (self.began is not None) or self.timer.expired():
            return
        self.left = self.left_at(now)
        self.began = now if works else None
        self.timer.reschedule(now + self.left if works else None)

    def catch_up(self, until: int, now: float) -> None:
        """A run below worked until then, while nobody was here."""
        if self.parked_at is None or until <= self.parked_at or self.timer.expired():
            return
        self.left -= (until - self.parked_at) / 1_000_000
        self.parked_at = until
        if self.began is not None:
            self.timer.reschedule(self.began + self.left)

    def left_at(self, now: float) -> float:
        return self.left if self.began is None else self.left - (now - self.began)


class Clocks:
    """The clocks of one run's steps under way; most steps have none."""

    def __init__(self, driver: "Driver"):
        self.driver = driver
        self.known: dict[StepKey, tuple[StepClock, float]] = {}  # with the whole time in seconds
        self.parked_at: int | None = None

    @asynccontextmanager
    async def limited(
        self, key: StepKey, memory: StepMemory, most_s: float
    ) -> AsyncIterator[asyncio.Timeout]:
        """Raises TimeoutError once the step has worked so long."""
        async with asyncio.timeout(None) as timer:
            self.known[key] = StepClock(timer, most_s - memory.used_us / 1_000_000, self.parked_at), most_s
            self.heed(key)
            try:
                yield timer
            finally:
                del self.known[key]

    def heed(self, key: StepKey) -> None:
        """The step, or one of its items, or a run below it, began to work or ceased to."""
        if self.known:
            for own in (key, (key[0], key[1], None)) if key[2] is not None else (key,):
                if own in self.known:
                    self.known[own][0].run(self._works(own), self.driver.engine.loop.time())

    def _works(self, key: StepKey) -> bool:
        return self.driver.waiting.works(key) or self.driver.children.work(key)

    def worked_below(self, key: StepKey, finished_at: int | None) -> None:
        """The step finds its run below again, which went on while this run was parked."""
        for own in (key, (key[0], key[1], None)):
            if own in self.known:
                self.known[own][0].catch_up(finished_at or clock.now(), self.driver.engine.loop.time())

    def ends(self) -> list[int]:
        """When those run out that are counting now: microseconds since 1970."""
        now = self.driver.engine.loop.time()
        left = [known.left_at(now) for known, _ in self.known.values() if known.began is not None]
        return [clock.now() + round(seconds * 1_000_000) for seconds in left]

    def used(self) -> dict:
        """What a parked run's last line says of them: {"used": [[node, iteration, item, microseconds]]}."""
        now = self.driver.engine.loop.time()
        used = [
            [*key, round((most - known.left_at(now)) * 1_000_000)]
            for key, (known, most) in self.known.items()
        ]
        return {"used": used} if used else {}
