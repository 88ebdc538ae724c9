"""Who may start a process now: so many at once, and of them so many for one project."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MOST_AT_ONCE = 8  # processes a loop
OF_ONE_PROJECT = 3  # of them: a project whose queries wait for something leaves places to the others


class Places:
    """The places of one event loop. A project's queries stand in a line of their own before they stand in the common
    one, in which each project so has a few at most; both are served in order."""

    def __init__(self) -> None:
        self._common = asyncio.Semaphore(MOST_AT_ONCE)
        self._own: dict[str, asyncio.Semaphore] = {}
        self._asking: Counter[str] = Counter()

    @asynccontextmanager
    async def taken(self, project: str) -> AsyncIterator[None]:
        """A place, for as long as this is open."""
        self._asking[project] += 1
        try:
            async with self._own.setdefault(project, asyncio.Semaphore(OF_ONE_PROJECT)), self._common:
                yield
        finally:
            self._asking[project] -= 1
            if not self._asking[project]:
                del self._asking[project], self._own[project]
