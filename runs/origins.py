"""Says of each request and each socket where it comes from, for the audit log (governance.origin)."""

from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from governance import origin

SESSION_LETTERS = 8


class RequestOrigin:
    """For pages and the API. What is said holds while the request is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        via = "api" if request.path.startswith("/api/") else "page"
        agent = origin.agent_of(request.headers.get("User-Agent", ""))
        with origin.of(via, address=address(request), agent=agent, session=session_mark(request)):
            return self.get_response(request)


class SocketOrigin:
    """An ASGI application for sockets that says the same."""

    def __init__(self, inner: Callable[[dict, Callable, Callable], Awaitable[Any]]):
        self.inner = inner

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> Any:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        peer, _ = scope.get("client") or ("", 0)
        meta = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": headers.get(b"x-forwarded-for", "")}
        agent = origin.agent_of(headers.get(b"user-agent", ""))
        with origin.of("socket", address=origin.address_of(meta, settings.TRUSTED_PROXIES), agent=agent):
            return await self.inner(scope, receive, send)


def address(request: HttpRequest) -> str:
    """Where the client is: what proxies say counts where BATON_TRUSTED_PROXIES names them."""
    return origin.address_of(request.META, settings.TRUSTED_PROXIES)


def session_mark(request: HttpRequest) -> str:
    """A few letters that tell one session from another, and open none."""
    key = request.session.session_key
    return salted_hmac("runs.origins", key, algorithm="sha256").hexdigest()[:SESSION_LETTERS] if key else ""
