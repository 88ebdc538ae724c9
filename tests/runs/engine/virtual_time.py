"""Owns virtual time: event loops that share one clock, take turns, and never sleep."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from random import Random

MICROS = 1_000_000
BEGINNING = 1_800_000_000  # seconds since 1970


class Clock:
    """Seconds since 1970, moved by whoever holds it."""

    def __init__(self) -> None:
        self.seconds = float(BEGINNING)

    def now(self) -> int:
        return round(self.seconds * MICROS)


def aside(work: Callable, *args):
    """Runs work as a thread would: beside the loop."""
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return work(*args)
    finally:
        asyncio._set_running_loop(loop)


class Caught:
    """Keeps whatever error the work ends with, as a thread does for who waits for it; a crash passes."""

    error: Exception | None = None

    def __enter__(self) -> "Caught":
        return self

    def __exit__(self, type, error, traceback) -> bool:
        self.error = error if isinstance(error, Exception) else None
        return self.error is not None


class Inline(Executor):
    """Runs work at once, where it is asked for."""

    def submit(self, work, /, *args, **kwargs):
        done = Future()
        with Caught() as caught:
            done.set_result(aside(partial(work, *args, **kwargs)))
        if caught.error is not None:
            done.set_exception(caught.error)
        return done


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop without sockets, stepped one callback at a time in the order that asyncio promises.

    Work for threads runs a seeded moment later, its result comes another moment later: others act in between.
    """

    def __init__(self, clock: Clock, random: Random):
        super().__init__()
        self.clock, self.random = clock, random
        self.dead = False
        self.remains: list[asyncio.Task] = []
        self.paused_until = 0.0
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self.clock.seconds

    def _write_to_self(self) -> None:
        """Nobody sleeps, so nobody is woken."""

    def run_in_executor(self, executor, func, *args):
        done = self.create_future()

        def deliver(setter: Callable, result) -> None:
            if not done.done():
                setter(result)

        def work() -> None:
            result, setter = None, done.set_result
            with Caught() as caught:
                result = aside(func, *args)
            if caught.error is not None:
                result, setter = caught.error, done.set_exception
            self.call_later(self.moment(), deliver, setter, result)

        self.call_later(self.moment(), work)
        return done

    def moment(self) -> float:
        return self.random.choice((0.0, 0.0, 0.0005, 0.003, 0.02))

    def next_at(self) -> float | None:
        """When this loop has something to do next; None for never."""
        if self.dead:
            return None
        self._drop_cancelled()
        if self._ready:
            return max(self.clock.seconds, self.paused_until)
        return max(self._scheduled[0]._when, self.paused_until) if self._scheduled else None

    def _drop_cancelled(self) -> None:
        while self._ready and self._ready[0]._cancelled:
            self._ready.popleft()
        while self._scheduled and self._scheduled[0]._cancelled:
            heapq.heappop(self._scheduled)._scheduled = False

    def step(self) -> None:
        """Runs one callback that is due."""
        while self._scheduled and self._scheduled[0]._when <= self.clock.seconds + self._clock_resolution:
            handle = heapq.heappop(self._scheduled)
            handle._scheduled = False
            self._ready.append(handle)
        if not self._ready:
            return
        handle = self._ready.popleft()
        if handle._cancelled:
            return
        asyncio._set_running_loop(self)
        try:
            handle._run()
        finally:
            asyncio._set_running_loop(None)

    def call_soon(self, callback, *args, context=None):
        if self.dead:
            return asyncio.Handle(callback, args, self, context)  # what Python still tidies up has no effect
        return super().call_soon(callback, *args, context=context)

    def kill(self) -> None:
        """As `kill -9` does: nothing of it runs ever again."""
        self.dead = True
        self._ready.clear()
        self._scheduled.clear()
        self.remains = list(asyncio.all_tasks(self))
        for task in self.remains:
            task._log_destroy_pending = False

    def bury(self) -> None:
        """Ends what was cut off here and now, instead of wherever the garbage collector comes by."""
        while self.remains:
            coroutine = self.remains.pop().get_coro()
            for _ in range(10):
                with suppress(RuntimeError):  # a `finally` that awaits
                    coroutine.close()
                    break

    def __del__(self) -> None:
        """There is nothing to close."""


class Agenda:
    """What happens in the world at which moment, beside the loops."""

    def __init__(self, clock: Clock):
        self.clock = clock
        self._numbers = itertools.count()
        self._entries: list[tuple[float, int, Callable[[], None]]] = []

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._entries, (self.clock.seconds + seconds, next(self._numbers), act))

    def next_at(self) -> float | None:
        return self._entries[0][0] if self._entries else None

    def act(self) -> bool:
        """Does the next thing if its moment has come."""
        if not self._entries or self._entries[0][0] > self.clock.seconds:
            return False
        heapq.heappop(self._entries)[2]()
        return True
