"""The live socket: a tail of each watched run's journal, read and encoded once for all who watch it here.

Design note. The channel layer only says "run R has events up to N"; what is sent was read from the database, in `seq`
order, from each watcher's own cursor on. So a lost message costs a second (the tail looks by itself), never an
event, and nothing is sent twice. Text that is still streaming is passed on as it comes and is no part of the journal.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import parse_qs

import orjson
from channels.consumer import AsyncConsumer
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.layers import get_channel_layer
from django.db import DatabaseError
from redis.exceptions import RedisError
from rest_framework.exceptions import AuthenticationFailed

from governance import access, ids
from governance.models import User
from governance.refusals import Forbidden, NotFound
from runs.api.authentication import Bearer
from runs.api.journals import show_events
from runs.engine.broadcast import gather
from runs.models import FINISHED, Event, Run

EVENTS_A_FRAME = 500
LOOK_EVERY_S = 1.0
PAUSE_A_WATCHER_S = (
    0.025  # frames for many are fewer and larger: what a frame costs, it costs for each of them
)
LONGEST_PAUSE_S = 0.5
LONGEST_SEQ = 20  # digits
DONE, TRY_AGAIN, REFUSED = 1000, 1013, 4403
log = logging.getLogger("baton.live")


def group_of(run_id: int) -> str:
    return f"run.{run_id}"


async def send(run_id: int, message: dict) -> None:
    """The engine's side: hands `{"seq", "deltas"}` to everyone who watches the run."""
    await get_channel_layer().group_send(group_of(run_id), {"type": "run.news", **message})


class Tail:
    """One watched run in this process. Starts with its first watcher and ends with its last."""

    running: dict[int, "Tail"] = {}

    def __init__(self, run_id: int):
        self.run_id = run_id
        self.watchers: set[Watcher] = set()
        self.task: asyncio.Task | None = None

    @classmethod
    def join(cls, watcher: "Watcher") -> "Tail":
        tail = cls.running.get(watcher.run_id)
        if tail is None:
            tail = cls.running[watcher.run_id] = cls(watcher.run_id)
            tail.task = asyncio.get_running_loop().create_task(tail.follow())
        tail.watchers.add(watcher)
        return tail

    def leave(self, watcher: "Watcher") -> None:
        self.watchers.discard(watcher)
        if not self.watchers:
            # The run may have a new tail already: a watcher leaves twice, at its end and when it disconnects.
            if self.running.get(self.run_id) is self:
                del self.running[self.run_id]
            if self.task is not None:
                self.task.cancel()

    async def follow(self) -> None:
        try:
            await self._follow()
        except (DatabaseError, RedisError, OSError) as error:
            log.warning("run %s cannot be shown live for now: %s", ids.encode(self.run_id), error)
            for watcher in list(self.watchers):
                await watcher.end(TRY_AGAIN)

    async def _follow(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(group_of(self.run_id), channel)
        try:
            while self.watchers:
                await self._pass_on_events()
                await self._listen(layer, channel)
        finally:
            await layer.group_discard(group_of(self.run_id), channel)

    async def _listen(self, layer, channel: str) -> None:
        """Waits for news, and where many watch also for what else comes within a pause; passes streamed text on."""
        pause = min(LONGEST_PAUSE_S, PAUSE_A_WATCHER_S * (len(self.watchers) - 1))
        deltas: list[dict] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY_S):
                await self._hear(layer, channel, deltas)
            async with asyncio.timeout(pause):
                while pause:
                    await self._hear(layer, channel, deltas)
        for delta in deltas:
            await self._pass_on({"delta": delta})

    async def _hear(self, layer, channel: str, deltas: list[dict]) -> None:
        message = await layer.receive(channel)
        for piece in message["deltas"]:
            gather(deltas, piece)

    async def _pass_on(self, frame: dict) -> None:
        text = orjson.dumps(frame).decode()
        for watcher in list(self.watchers):
            await watcher.write(text)

    async def _pass_on_events(self) -> None:
        """Reads once from the slowest cursor on; a watcher that has some of it gets a frame of its own."""
        while self.watchers:
            after = min(watcher.seen for watcher in self.watchers)
            events = await read_events(self.run_id, after)
            if not events:
                return
            frames: dict[int, str] = {}
            # Who came during the read and has less waits for the next one, which starts from there.
            for watcher in [watcher for watcher in self.watchers if watcher.seen >= after]:
                if watcher.seen not in frames:
                    frames[watcher.seen] = encode([event for event in events if event["seq"] > watcher.seen])
                await watcher.show(frames[watcher.seen], events[-1])


def encode(events: Sequence[dict]) -> str:
    return orjson.dumps({"events": events}).decode() if events else ""


@database_sync_to_async
def read_events(run_id: int, after: int) -> list[dict]:
    rows = Event.objects.filter(run_id=run_id, seq__gt=after).order_by("seq")[:EVENTS_A_FRAME]
    return show_events(run_id, list(rows))


class Watcher(AsyncConsumer):
    """One socket: `ws/runs/{id}/?after=SEQ`."""

    run_id: int
    seen = 0
    tail: Tail | None = None

    async def websocket_connect(self, message: dict) -> None:
        run_id = ids.decode(self.scope["url_route"]["kwargs"]["run_id"])
        after = parse_qs(self.scope["query_string"].decode("latin-1")).get("after", ["0"])[-1]
        is_seq = after.isascii() and after.isdecimal() and len(after) <= LONGEST_SEQ
        status = await self._may_watch(run_id) if run_id is not None and is_seq else None
        if status is None:
            await self.send({"type": "websocket.close", "code": REFUSED})  # before the handshake: HTTP 403
            raise StopConsumer
        self.run_id, self.seen = run_id, min(int(after), 2**31 - 1)
        await self.send({"type": "websocket.accept"})
        if status in FINISHED and not await read_events(run_id, self.seen):
            await self.end(DONE)
            return
        self.tail = Tail.join(self)

    @database_sync_to_async
    def _may_watch(self, run_id: int) -> str | None:
        """The run's status; None for strangers and for runs that are not there."""
        try:
            user, token = self._who()
            run = Run.objects.select_related("project").get(id=run_id)
            access.require(user, run.project, "read", token)
        except (AuthenticationFailed, Run.DoesNotExist, NotFound, Forbidden):
            return None
        return run.status

    def _who(self) -> tuple[User, object]:
        for name, value in self.scope["headers"]:
            if name == b"authorization":
                word, _, token = value.partition(b" ")
                if word.lower() != b"bearer":
                    raise AuthenticationFailed
                return Bearer().authenticate_credentials(token.strip())
        user = self.scope["user"]
        if not user.is_authenticated or not self.scope["same_origin"]:
            raise AuthenticationFailed
        return user, None

    async def show(self, frame: str, last: dict) -> None:
        if frame:
            await self.write(frame)
        self.seen = max(self.seen, last["seq"])
        if last["type"] == "run.finished":
            await self.end(DONE)

    async def write(self, text: str) -> None:
        await self.send({"type": "websocket.send", "text": text})

    async def end(self, code: int) -> None:
        """The server closes: nothing can follow, or not for now. The tail goes last: this may be its own task."""
        await self.send({"type": "websocket.close", "code": code})
        if self.tail is not None:
            self.tail.leave(self)

    async def websocket_receive(self, message: dict) -> None:
        """The socket only tells; what a client says is not read."""

    async def websocket_disconnect(self, message: dict) -> None:
        if self.tail is not None:
            self.tail.leave(self)
        raise StopConsumer
