"""The ASGI application: pages and API over HTTP, live runs over WebSocket."""

import os
from importlib import import_module
from urllib.parse import urlsplit

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
http = get_asgi_application()  # sets Django up: what needs models is imported after it


class SameOrigin:
    """Notes whether a socket comes from a page of this host: a session cookie counts for nothing elsewhere."""

    def __init__(self, inner):
        self.inner = inner

    async def __call__(self, scope, receive, send):
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        # Programs send no Origin. A page always does, and `null` (a sandboxed frame, a file) is a foreign one.
        same_origin = b"origin" not in headers or place_of(headers[b"origin"].decode("latin-1")) == host
        return await self.inner({**scope, "same_origin": same_origin}, receive, send)


def place_of(origin: str) -> str | None:
    """The `host:port` of a page; None where it is none."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def websocket():
    auth, routing = import_module("channels.auth"), import_module("channels.routing")
    watcher = import_module("runs.live").Watcher
    path = import_module("django.urls").re_path
    routes = [path(r"^ws/runs/(?P<run_id>[0-9a-z]{1,64})/$", watcher.as_asgi())]
    said = import_module("runs.origins").SocketOrigin
    return SameOrigin(auth.AuthMiddlewareStack(said(NotFoundRouter(routing.URLRouter(routes)))))


class NotFoundRouter:
    """A socket to nowhere is refused instead of breaking off with a traceback."""

    def __init__(self, router):
        self.router = router

    async def __call__(self, scope, receive, send):
        if any(route.pattern.match(scope["path"].lstrip("/")) for route in self.router.routes):
            return await self.router(scope, receive, send)
        await receive()
        await send({"type": "websocket.close", "code": 4404})


import_module("config.listening").teach()
limited = import_module("runs.api.bodies").LimitedBodies(http)
application = import_module("channels.routing").ProtocolTypeRouter(
    {"http": limited, "websocket": websocket()}
)
