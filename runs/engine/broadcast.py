"""Tells whoever watches that a run has new lines, and shows streaming text: never the truth, only a doorbell.

Lines are announced at most every 100 ms a run, text with them; a lost message costs a watcher a second.
"""

import asyncio
from collections.abc import Awaitable, Callable

GATHER_S = 0.1
Send = Callable[[int, dict], Awaitable[None]]


class Broadcast:
    """`send(run_id, message)` hands a message to the channel layer: {"seq": N, "deltas": […]}."""

    def __init__(self, loop: asyncio.AbstractEventLoop, send: Send | None):
        self.loop = loop
        self.send = send
        self.pending: dict[int, dict] = {}
        self.armed = False
        self.task: asyncio.Task | None = None

    def stored(self, run_id: int, seq: int) -> None:
        if self.send is not None:
            self._pending(run_id)["seq"] = seq

    def delta(self, run_id: int, piece: dict) -> None:
        if self.send is None:
            return
        gather(self._pending(run_id)["deltas"], piece)

    def _pending(self, run_id: int) -> dict:
        if not self.armed:
            self.armed = True
            self.loop.call_later(GATHER_S, self._flush)
        return self.pending.setdefault(run_id, {"seq": 0, "deltas": []})

    def _flush(self) -> None:
        self.armed = False
        pending, self.pending = self.pending, {}
        self.task = self.loop.create_task(self._send_all(pending))

    async def _send_all(self, pending: dict[int, dict]) -> None:
        for run_id, message in pending.items():
            await self.send(run_id, message)


def gather(deltas: list[dict], piece: dict) -> None:
    """Adds a piece of text {node, iteration, item, text} to those before it: what the same step says next is one."""
    if deltas and all(deltas[-1][name] == piece[name] for name in ("node", "iteration", "item")):
        deltas[-1]["text"] += piece["text"]
    else:
        deltas.append(dict(piece))
