"""Calls that wait for more money: for a higher limit or a new period of a budget whose `on_exceed` is pause.

Design note. Such a step holds still like one that waits for a person: the run is parked and its lease given back, with
`ready_at` at the end of the period, so that the sweep finds it in the new one. Nobody else knows when a limit was
raised: documents are published by pages, the API and commands, in any process. So every keeper watches the number of
the last activation of a budget (one look in an index a tick), and has a look at every run that waits for one when it
moved: `ring_paused`. It rings again for a few seconds, since a run may have been refused before and parked after,
and once a minute, since on PostgreSQL a number may be stored after a higher one.
What a run waits for is not asked of the ledger but looked up (`look`), so nothing is held and no line is written
until there is room.

Rejected: a signal in the process that publishes (a lost one would be found by nobody), asking again every few
seconds (a thousand paused runs would be a thousand claims each time).
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from governance import clock
from governance.port import Pause
from runs.engine.memory import StepKey

if TYPE_CHECKING:
    from runs.engine.driver import Driver
    from runs.engine.host import Engine

RING_FOR_US = 4_000_000
RING_EVERY_US = 1_000_000
RING_ANYWAY_US = 60_000_000
ACTIVATED = (
    "SELECT max(a.id) FROM governance_activation a JOIN governance_document d ON d.id=a.document_id "
    "WHERE a.id > %s AND d.kind='budget'"
)
PAUSED = (
    "UPDATE runs_run SET bell=bell+1, ready_at=%s WHERE id IN (SELECT id FROM runs_run "
    "WHERE project_id IN (SELECT id FROM governance_project) AND status IN ('waiting', 'running') "  # by an index
    "AND waiting LIKE %s AND finished_at IS NULL{})"
)
WAITS_FOR_MONEY = '%"kind":"budget"%'


class Pauses:
    """The paused calls of one run."""

    def __init__(self, driver: "Driver"):
        self.driver = driver
        self._rung = asyncio.Event()

    async def until_room(self, key: StepKey, look: Callable[[], Pause | None]) -> None:
        """Returns once `look` finds room. Says on record that it waits, once."""
        driver, rung = self.driver, self._rung
        pause = await driver.engine.read(look)
        if pause is None:
            return
        if driver.is_new(key, f"exceeded {pause.call}"):
            driver.line("budget.exceeded", pause.data, key)
            said = {"kind": "budget", "id": pause.account, "until": clock.show(pause.until)}
            driver.line("step.waiting", {**said, "call": pause.call}, key)
        wait = {"kind": "budget", "id": pause.account, "until": pause.until}
        async with driver.waiting.suspended(key, wait):
            while pause is not None:
                wait.update(id=pause.account, until=pause.until)  # another budget may be in the way by now
                await self._rung_or_due(rung, pause.until)
                rung = self._rung
                pause = await driver.engine.read(look)

    def heed(self) -> None:
        """Somebody rang: whoever is paused has a look."""
        self._rung.set()
        self._rung = asyncio.Event()

    @staticmethod
    async def _rung_or_due(rung: asyncio.Event, until: int | None) -> None:
        # Not wait_for: in Python 3.11 it can swallow a cancellation.
        with suppress(TimeoutError):
            async with asyncio.timeout(None if until is None else max((until - clock.now()) / 1_000_000, 0)):
                await rung.wait()


def heed_all(engine: "Engine") -> None:
    """On the engine's loop: also a run that works on beside its paused step has a look."""
    for driver in list(engine.drivers.values()):
        driver.pauses.heed()


class Watch:
    """What a keeper remembers of budgets. The first look rings too: nobody watched before."""

    def __init__(self) -> None:
        self._seen = 0
        self._ring_until = self._ring_at = self._ring_anyway_at = 0

    def tick(self, cursor: Any, now: int, skipping: str) -> bool:
        """Rings for every run that waits for a budget, where one was activated or archived lately, and once a minute;
        says whether."""
        cursor.execute(ACTIVATED, [self._seen])
        ((newest,),) = cursor.fetchall()
        if newest is not None:
            self._seen, self._ring_until, self._ring_at = newest, now + RING_FOR_US, now
        elif now >= self._ring_anyway_at:
            self._ring_until, self._ring_at = max(self._ring_until, now), now
        rings = self._ring_at <= now <= self._ring_until
        if rings:
            cursor.execute(PAUSED.format(skipping), [now, WAITS_FOR_MONEY])
            self._ring_at, self._ring_anyway_at = now + RING_EVERY_US, now + RING_ANYWAY_US
        return rings
