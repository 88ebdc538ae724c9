"""What is in force in a project, kept in memory: at most a second old, and at once what this process puts in force.

Design note. Policies, budgets and privacy rules are asked several times a step, so they are not read each time. Who
asks gets what is young; the first who finds it half-aged has it read anew beside the loop; who finds it old waits for
that. A load that began before a change is not kept after it. Where the store cannot be read, the keeper of a kind
says what holds then: for policies that everything is denied.
"""

import asyncio
import itertools
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import DatabaseError, close_old_connections

from governance import clock
from governance.documents.changes import changed

OLD_US = 1_000_000
HALF_AGED_US = OLD_US // 2
TRIES, BETWEEN_S = 3, 0.3  # a store that is away for a moment must not stop every run
MOST_PROJECTS = 10_000
THREADS = 2

T = TypeVar("T")

_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="in-force")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    value: T
    number: int  # of the load, in the order they began
    at: int  # when it began, in microseconds


class InForce(Generic[T]):
    """What the active documents of `kind` come to, by project.

    `load(project_id)` reads the database; `unreadable(error)` is what holds where it cannot. `error` is None where
    nothing was read yet.
    """

    def __init__(self, kind: str, load: Callable[[int], T], unreadable: Callable[[Exception | None], T]):
        self.kind, self._load, self._unreadable = kind, load, unreadable
        self._kept: dict[Hashable, _Kept[T]] = {}
        self._loading: dict[Hashable, Future[T]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        changed.connect(self._heed, dispatch_uid=f"in force: {kind}", weak=False)

    def read(self, project_id: int) -> T:
        """From the database, always. Synchronous."""
        number, at = next(self._numbers), clock.now()
        try:
            value = self._load(project_id)
        except DatabaseError as error:
            with self._lock:
                self._kept.pop(project_id, None)
            return self._unreadable(error)
        return self._keep(project_id, _Kept(value, number, at))

    def young(self, project_id: int) -> T | None:
        """What was read within the last second; None where that is to be awaited (`fresh`). No I/O."""
        kept = self._kept.get(project_id)
        if kept is None or not 0 <= (age := clock.now() - kept.at) <= OLD_US:
            return None
        if age > HALF_AGED_US:
            self._begin(project_id)
        return kept.value

    async def fresh(self, project_id: int) -> T:
        """At most a second old, on whatever loop; reads off it where needed."""
        value = self.young(project_id)
        if value is not None:
            return value
        # Shielded: who gives up waiting does not take the answer from the others.
        return await asyncio.shield(asyncio.wrap_future(self._begin(project_id)))

    def current(self, project_id: int) -> T:
        """What this process read last. No I/O."""
        kept = self._kept.get(project_id)
        return self._unreadable(None) if kept is None else kept.value

    def forget(self) -> None:
        """Everything is read anew: for tests, whose projects share their numbers."""
        with self._lock:
            self._kept.clear()
            self._loading.clear()

    def _heed(self, *, kind: str, project_id: int, **_: object) -> None:
        """A document was put in force or taken out of it by this process."""
        if kind == self.kind:
            with self._lock:
                self._loading.pop(project_id, None)
            self.read(project_id)

    def _keep(self, project_id: int, read: _Kept[T]) -> T:
        """The value, or a newer one: what began before a change is not kept after it."""
        with self._lock:
            known = self._kept.get(project_id)
            if known is not None and known.number > read.number:
                return known.value
            if known is None and len(self._kept) >= MOST_PROJECTS:
                self._kept.clear()
            self._kept[project_id] = read
        return read.value

    def _begin(self, project_id: int) -> "Future[T]":
        """One load for all who want it at the same time."""
        with self._lock:
            known = self._loading.get(project_id)
            if known is not None:
                return known
            future = self._loading[project_id] = _pool.submit(self._in_thread, project_id)
        future.add_done_callback(lambda ended: self._ended(project_id, ended))
        return future

    def _ended(self, project_id: int, ended: "Future[T]") -> None:
        with self._lock:
            if self._loading.get(project_id) is ended:
                del self._loading[project_id]

    def _in_thread(self, project_id: int) -> T:
        for remaining in reversed(range(TRIES)):
            close_old_connections()
            number, at = next(self._numbers), clock.now()
            try:
                return self._keep(project_id, _Kept(self._load(project_id), number, at))
            except DatabaseError as error:
                reason = error
            finally:
                close_old_connections()
            time.sleep(BETWEEN_S if remaining else 0)
        return self._unreadable(reason)
