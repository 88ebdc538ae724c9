"""The first guard of bodies, before Django spools them to disk: none under /api/ is longer than 2 MB.

Wraps the ASGI application (config.asgi), whatever server is in front of it; Daphne takes a body in before it asks,
and is taught to refuse it itself (config.listening). A body without Content-Length is counted as it comes in.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from runs.api.parsing import MAX_BYTES
from runs.api.problems import Refusal, response

App = Callable[[dict, Callable, Callable], Awaitable[Any]]


class BodyTooLarge(Exception):
    """The body went over the limit while it came in."""


class LimitedBodies:
    """An ASGI application that answers 413 itself and hands everything else on."""

    def __init__(self, app: App, longest: int = MAX_BYTES):
        self._app, self._longest = app, longest

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> Any:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            return await self._app(scope, receive, send)
        if self._announced(scope) > self._longest:
            return await refuse(send)
        try:
            return await self._app(scope, self._counted(receive), send)
        except BodyTooLarge:
            return await refuse(send)

    def _announced(self, scope: dict) -> int:
        length = dict(scope["headers"]).get(b"content-length", b"0")
        return int(length) if length.isdigit() else 0

    def _counted(self, receive: Callable) -> Callable:
        received = 0

        async def counted() -> dict:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._longest:
                raise BodyTooLarge
            return message

        return counted


async def refuse(send: Callable) -> None:
    """Django has not answered yet: it reads the whole body first."""
    answer = response(Refusal(413, f"A body may have {MAX_BYTES} bytes."))
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.items()]
    # What is left of the body must not be taken for the next request.
    headers += [(b"content-length", str(len(answer.content)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content})
