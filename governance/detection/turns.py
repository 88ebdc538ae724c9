"""Whose turn it is: long scans wait in a line per owner, and the owners take turns.

The pool has few processes and takes its work in the order in which it comes. So it is handed only what its processes
can begin at once; the rest waits here, where one run, or one person, with a hundred long texts does not stand before
everybody else's first.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any

Work = Callable[[], "Future[Any]"]


class Turns:
    """Hands at most `at_once` works to whoever executes them; `begin` of each returns the future of its result."""

    def __init__(self, at_once: int):
        self._free = at_once
        self._lock = threading.Lock()
        self._lines: OrderedDict[Hashable, deque[tuple[Work, Future[Any]]]] = OrderedDict()

    def take(self, owner: Hashable, begin: Work) -> "Future[Any]":
        """The future of `begin`'s result, once it was `owner`'s turn. Cancelled before that, it never begins."""
        promised: Future[Any] = Future()
        with self._lock:
            self._lines.setdefault(owner, deque()).append((begin, promised))
        self._go_on()
        return promised

    def _go_on(self) -> None:
        while (turn := self._next()) is not None:
            begin, promised = turn
            if not promised.set_running_or_notify_cancel():
                self._give_back()
                continue
            try:
                begin().add_done_callback(lambda ended, to=promised: self._ended(ended, to))
            except RuntimeError as error:  # the interpreter is on its way out
                self._give_back()
                promised.set_exception(error)

    def _next(self) -> tuple[Work, "Future[Any]"] | None:
        with self._lock:
            if not self._free or not self._lines:
                return None
            owner, line = next(iter(self._lines.items()))
            turn = line.popleft()
            if line:
                self._lines.move_to_end(owner)
            else:
                del self._lines[owner]
            self._free -= 1
            return turn

    def _give_back(self) -> None:
        with self._lock:
            self._free += 1

    def _ended(self, ended: "Future[Any]", promised: "Future[Any]") -> None:
        self._give_back()
        if ended.cancelled():
            promised.set_exception(RuntimeError("The scan was ended with its process."))
        elif (error := ended.exception()) is not None:
            promised.set_exception(error)
        else:
            promised.set_result(ended.result())
        self._go_on()
