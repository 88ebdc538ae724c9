"""Carries the engine's announcements to the server's loop.

The in-memory channel layer belongs to the loop that reads it: a message posted from another thread arrives seconds
late, one posted through the server's own loop at once.
"""

import asyncio

from runs import live


class Postbox:
    """`open` on the server's loop, then `send` from the engine's."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        self.loop = asyncio.get_event_loop_policy().get_event_loop()

    async def send(self, run_id: int, message: dict) -> None:
        if self.loop is not None and not self.loop.is_closed():
            asyncio.run_coroutine_threadsafe(live.send(run_id, message), self.loop)
