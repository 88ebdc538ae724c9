"""A project with scripted providers, and a small HTTP service that counts what was done to it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from governance import documents
from governance.models import Project
from registry import lookups
from registry.calls import Pinned
from registry.connections import close_sessions

_numbers = itertools.count(1)


@pytest.fixture
def project(transactional_db: None) -> Project:
    """A project whose number no other test has: breakers and look-ups remember by it."""
    lookups.forget()
    return Project.objects.create(pk=1_000 + next(_numbers), slug="alpha", name="Alpha")


@pytest.fixture
def scripted(project: Project) -> Callable[..., None]:
    """`scripted(script, prices)` publishes the provider `sim`."""

    def publish(script: list[dict] = (), prices: dict | None = None, slug: str = "sim") -> None:
        body = {"kind": "provider", "slug": slug, "type": "scripted", "script": list(script)}
        documents.create_and_publish(
            project, "provider", slug, body | ({"prices": prices} if prices else {}), None
        )
        lookups.forget()

    return publish


@dataclass
class Service:
    """A peer: `answers` are functions of the request, used in order, the last one again and again."""

    port: int = 0
    requests: list[dict] = field(default_factory=list)
    answers: list[Callable] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(
            {"headers": dict(request.headers), "path": request.path, "body": await request.text()}
        )
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request)


@pytest.fixture
async def service(settings) -> AsyncIterator[Service]:
    """A real server on a loopback port that this instance may reach."""
    service = Service()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", service.handle)
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.port = runner.addresses[0][1]
    settings.HTTP_ALLOW = frozenset({f"127.0.0.1:{service.port}"})
    yield service
    await close_sessions()
    await runner.cleanup()


def says(body: object, status: int = 200, **headers: str) -> Callable:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(body, status=status, headers=headers)

    return answer


def hangs_up(seconds: float = 0) -> Callable:
    """Takes the request, and breaks the connection without a word."""

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(seconds)
        request.transport.abort()
        return web.Response()

    return answer


def agent(**changes) -> Pinned:
    document = {"kind": "agent", "slug": "writer", "model": "sim/m", "tools": ["charge"], **changes}
    return Pinned("writer", 1, document)


def tool(url: str, **changes) -> Pinned:
    document = {
        "kind": "tool",
        "slug": "charge",
        "type": "http",
        "config": {"method": "POST", "url": f"{url}/charges", "body": {"amount": "= arguments.amount"}},
        "input_schema": {
            "type": "object",
            "required": ["amount"],
            "properties": {"amount": {"type": "number"}},
        },
        "risk": "read",
        **changes,
    }
    return Pinned("charge", 1, document)
