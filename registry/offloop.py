"""Database work that the event loop must not wait for: a few threads of the registry's own.

Django's `sync_to_async` runs everything on one thread; these are several, each with its own connection.
"""

import asyncio
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, ParamSpec, TypeVar

from django.db import close_old_connections

THREADS = 4
MOST_VALUES = 10_000

P = ParamSpec("P")
T = TypeVar("T")

_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="registry")


async def off_loop(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of `work(*args)`, run in a thread that may use the ORM."""
    return await asyncio.wrap_future(_submit(work, *args, **kwargs))


class Fresh(Generic[T]):
    """What `load(*key)` said at most `ttl_s` seconds ago, so that a thousand calls a second cost one query.

    One caller refreshes while the others use what there is; those who come first wait for one load together,
    whatever loop they run on. A failed load is not kept.
    """

    def __init__(self, load: Callable[..., T], ttl_s: float = 1.0, now: Callable[[], float] = time.monotonic):
        self._load, self._ttl_s, self._now = load, ttl_s, now
        self._values: dict[Hashable, tuple[T, float]] = {}
        self._loading: dict[Hashable, Future[T]] = {}

    async def get(self, *key: Any) -> T:
        found = self._values.get(key)
        if found is not None and self._now() < found[1]:
            return found[0]
        if found is not None and key in self._loading and self._now() < found[1] + self._ttl_s:
            return found[0]
        return await self._loaded(key)

    def forget(self) -> None:
        """Everything is looked up anew."""
        self._values.clear()

    async def _loaded(self, key: tuple) -> T:
        future = self._loading.get(key)
        if future is None:
            future = self._loading[key] = _submit(self._load, *key)
            future.add_done_callback(lambda ended: self._keep(key, ended))
        # Shielded: who gives up waiting does not take the answer from the others.
        return await asyncio.shield(asyncio.wrap_future(future))

    def _keep(self, key: tuple, ended: "Future[T]") -> None:
        if ended.exception() is None:
            if len(self._values) >= MOST_VALUES:
                self._values.clear()
            self._values[key] = (ended.result(), self._now() + self._ttl_s)
        else:
            self._values.pop(key, None)
        self._loading.pop(key, None)


def _submit(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
    return _pool.submit(_with_connection, work, *args, **kwargs)


def _with_connection(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    close_old_connections()
    try:
        return work(*args, **kwargs)
    finally:
        close_old_connections()
