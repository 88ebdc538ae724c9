"""The breakers of this process that opened, as people are told of them: written down beside the calls.

Design note. A breaker is a matter of one process and of memory (registry.breaker). What people see of it is a row
(registry.openings) that the engine's keeper writes a few times a second: no call waits for it or fails with it, and
where the database is away for a moment it is written later. The same tick asks whether a person closed one. Where no
keeper runs (trials of a process without an engine) nothing is written.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace

from django.db import DatabaseError, IntegrityError, connection

from governance import clock, ids
from registry import openings
from registry.breaker import Change
from registry.untrusted import shorten, storable_text

MOST_ENTRIES = 1_000
MOST_RUNS = 10
LONGEST_MESSAGE = 300
HEARD_EVERY_US = 10_000_000
MOST_TRIES = 20  # a few times a second

log = logging.getLogger("baton.breakers")


@dataclass(slots=True)
class Entry:
    """One opening. Times are microseconds; `runs` are the first that saw it, `refused` the calls that it turned away.

    `changes` and `stored` count: what differs is still to be written, and what was never stored is a new row. `tries`
    are those in a row that a database which answers refused.
    """

    id: int
    key: tuple
    opened_at: int
    probe_at: int
    failures: int
    code: str
    message: str
    runs: list[str] = field(default_factory=list)
    refused: int = 0
    closed_at: int | None = None
    changes: int = 1
    stored: int = 0
    tries: int = 0


class Book:
    """Told on the loop, written by the keeper's thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[Hashable, Entry] = {}
        self._closed: list[Entry] = []  # to be written once more
        self._process = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._hear_at = 0

    # --- told of calls: no I/O ---------------------------------------------------------------------------------

    def tell(self, change: Change, cool_down_s: float, code: str, message: str, run: str) -> None:
        """What a call did to a breaker; `code` and `message` are of its failure, `run` is where that was seen."""
        if self._loop is None:
            return
        with self._lock:
            if change.became == "closed":
                self._close(change.key)
                return
            now = clock.now()
            probe_at = now + round(cool_down_s * 1_000_000)
            said = shorten(storable_text(message), LONGEST_MESSAGE)
            known = self._open.get(change.key)
            if known is None:
                # One that is held and not known was closed by a person meanwhile, or given up here.
                if change.became == "opened" and len(self._open) < MOST_ENTRIES:
                    entry = Entry(ids.new_id(), change.key, now, probe_at, change.failures, code, said)
                    self._open[change.key] = entry
                    _seen(entry, run)
                return
            known.probe_at, known.code, known.message = probe_at, code, said
            known.failures += change.failures
            known.changes += 1
            _seen(known, run)

    def refused(self, key: Hashable, run: str) -> None:
        """A call was turned away: counted here, written with a run that is new to it, or when the row is next heard."""
        with self._lock:
            known = self._open.get(key)
            if known is not None:
                known.refused += 1
                _seen(known, run)

    def _close(self, key: Hashable) -> None:
        known = self._open.pop(key, None)
        if known is not None:
            known.closed_at = clock.now()
            known.changes += 1
            self._closed.append(known)

    # --- the keeper's thread -----------------------------------------------------------------------------------

    def begin(self, process: str, loop: asyncio.AbstractEventLoop) -> None:
        """From now on what opens is written down, in the name of `process`."""
        self._process, self._loop = process, loop

    def tick(self, close: Callable[[Hashable], None]) -> None:
        """Writes what is new; calls `close(key)` on the loop for what a person closed. Raises DatabaseError."""
        with self._lock:
            if not self._open and not self._closed:
                return
        self._write("probe")
        now = clock.now()
        with self._lock:
            numbers = {entry.id: key for key, entry in self._open.items() if entry.stored}
        for number in openings.closed_among(numbers):
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._heed, numbers[number], number, close)
        if now >= self._hear_at:
            self._hear_at = now + HEARD_EVERY_US
            with self._lock:
                counts = {entry.id: entry.refused for entry in self._open.values() if entry.stored}
            openings.hear(counts, now)

    def end(self) -> None:
        """The process goes, and its breakers with it. Raises DatabaseError."""
        self._loop = None
        with self._lock:
            for key in list(self._open):
                self._close(key)
        self._write("ended")

    def _write(self, closing: str) -> None:
        with self._lock:
            every = [*self._closed, *self._open.values()]
            due = [(entry, replace(entry, runs=list(entry.runs))) for entry in every]
        for entry, copy in due:
            if copy.changes == copy.stored:
                continue
            try:
                openings.store(copy, self._process, closing)
            except DatabaseError as error:
                if not self._is_given_up(entry, error):
                    continue
            entry.stored, entry.tries = copy.changes, 0
        with self._lock:
            self._closed = [entry for entry in self._closed if entry.stored != entry.changes]

    def _is_given_up(self, entry: Entry, error: DatabaseError) -> bool:
        """Whether this one is not tried again; those behind it are. Raises the error where the database is away."""
        if not connection.is_usable():
            raise error
        entry.tries += 1
        # An IntegrityError says that its project is gone.
        if entry.tries < MOST_TRIES and not isinstance(error, IntegrityError):
            return False
        log.warning("an open breaker could not be written down: %s", error)
        self._forget(entry.key, entry.id)
        return True

    def _heed(self, key: Hashable, number: int, close: Callable[[Hashable], None]) -> None:
        """On the loop: no probe ends between the two."""
        if self._forget(key, number):
            close(key)

    def _forget(self, key: Hashable, number: int) -> bool:
        """Whether that was what is known of the peer."""
        with self._lock:
            known = self._open.get(key)
            if known is None or known.id != number:
                return False
            del self._open[key]
            return True


def _seen(entry: Entry, run: str) -> None:
    if run and run not in entry.runs and len(entry.runs) < MOST_RUNS:
        entry.runs.append(run)
        entry.changes += 1
