"""Processes for long texts: started when the first one comes, gone with this process, also where it was killed."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

PROCESSES = max(1, min(2, (os.cpu_count() or 1) - 1))

P = ParamSpec("P")
T = TypeVar("T")

_lock = threading.Lock()
_pool: ProcessPoolExecutor | None = None


def submit(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
    """`work(*args)` in a process; both must be picklable. A pool that lost a process is replaced."""
    global _pool
    with _lock:
        if _pool is None:
            _pool = _started()
        try:
            return _pool.submit(work, *args, **kwargs)
        except BrokenProcessPool:
            _pool = _started()
            return _pool.submit(work, *args, **kwargs)


def close() -> None:
    """Ends the processes; the next `submit` starts new ones."""
    global _pool
    with _lock:
        ended, _pool = _pool, None
    if ended is not None:
        ended.shutdown(wait=False, cancel_futures=True)


def _started() -> ProcessPoolExecutor:
    # Not forked: this process has threads and open connections.
    return ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """Ctrl-C is for the parent, which ends us; where it was killed, nobody else would."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
