"""The engine's watchman: renews leases, sees rings from elsewhere, sweeps up what nobody rang for, seals the audit log.

A thread of its own with a connection of its own, so that a busy loop loses no lease.
"""

import logging
import threading
from typing import TYPE_CHECKING

from django.db import DatabaseError, close_old_connections, connection, transaction

from governance import clock, ledger, reminders
from governance.chain import sealing
from governance.chain import watch as chain_watch
from registry import upkeep
from runs.engine.claims import HELD, LEASE_US, MOST_SWEPT, READY, RENEW, RESERVED, SKIPPING, VOID
from runs.engine.pauses import Watch, heed_all

if TYPE_CHECKING:
    from runs.engine.host import Engine

log = logging.getLogger("baton.engine")
TICK_S = 0.3
RENEW_BELOW_US = LEASE_US * 2 // 3
CHECKPOINT_US = 2_000_000
REMIND_US = 1_000_000
SWEEP_US = 60_000_000


class Keeper:
    """Started and stopped with its engine."""

    def __init__(self, engine: "Engine"):
        self.engine = engine
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="baton-keeper", daemon=True)
        self._budgets = Watch()
        self._chains = chain_watch.Watch()
        self._checkpoint_at = self._sweep_at = self._remind_at = 0

    def start(self) -> None:
        upkeep.begin(self.engine.owner, self.engine.loop)
        self._thread.start()

    def void_dead_leases(self) -> None:
        """Before anything is claimed: this process alone owns the data folder, so whoever held a lease is gone, and
        whoever stood in a line for money."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(VOID)
            cursor.execute(RESERVED)
            gone = [ledger.Orphan(row[0]) for row in cursor.fetchall()]
            if gone:
                ledger.run_sync(cursor, ledger.apply(connection.vendor, gone), connection.vendor)
        upkeep.void()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._try(self._tick)
            self._try(upkeep.tick)
            self._try(sealing.seal)
            self._try(self._look_at_chains)
            self._stop.wait(TICK_S)
        self._chains.stop()
        self._try(upkeep.end)
        self._try(sealing.seal_all)
        connection.close()

    def _try(self, work) -> None:
        """A database that is away for a moment must not end the watch."""
        try:
            work()
        except DatabaseError as error:
            log.warning("the keeper could not reach the database: %s", error)
            close_old_connections()

    def _look_at_chains(self) -> None:
        self._chains.tick(clock.now())

    def _tick(self) -> None:
        now = clock.now()
        with connection.cursor() as cursor:
            hosted = self.engine.hosted()
            if hosted:
                self._look_after(cursor, hosted, now)
            cursor.execute(READY, [now, now, MOST_SWEPT])
            found = cursor.fetchall()
            self._checkpoint(cursor, now)
            skipping = SKIPPING if connection.vendor == "postgresql" else ""
            if self._budgets.tick(cursor, now, skipping):
                self.engine.loop.call_soon_threadsafe(heed_all, self.engine)
        if now >= self._remind_at:
            reminders.remind_due(now)
            self._remind_at = now + REMIND_US
        if now >= self._sweep_at:
            upkeep.sweep()
            self._sweep_at = now + SWEEP_US
        dead = [run_id for run_id, owner in found if owner is not None and run_id not in hosted]
        if dead:
            self.engine.bury(dead)
        for run_id, _ in found:
            if run_id not in hosted:
                self.engine.ring(run_id)

    def _look_after(self, cursor, hosted: dict[int, tuple[int, int]], now: int) -> None:
        # Only what is hosted: the lease of a run that was let go has to end.
        skipping = SKIPPING if connection.vendor == "postgresql" else ""
        renew = RENEW.format(", ".join(["%s"] * len(hosted)), skipping)
        cursor.execute(renew, [now + LEASE_US, self.engine.owner, now + RENEW_BELOW_US, *hosted])
        cursor.execute(HELD, [self.engine.owner])
        held = {run_id: (bell, epoch) for run_id, bell, epoch in cursor.fetchall()}
        for run_id, (heeded, epoch) in hosted.items():
            bell, current = held.get(run_id, (0, None))
            if current != epoch:
                self.engine.lost(run_id, epoch)
            elif bell > heeded:
                self.engine.ring(run_id)

    def _checkpoint(self, cursor, now: int) -> None:
        """SQLite's log is folded into the file here, where nobody waits for the disk."""
        if connection.vendor == "sqlite" and now >= self._checkpoint_at:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
            self._checkpoint_at = now + CHECKPOINT_US
