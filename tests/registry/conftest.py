"""What several tests of the registry need."""

import pytest
from aiohttp import web

from registry.connections import close_sessions
from tests.registry.http_peer import Peer
from tests.registry.scene import project, scripted, service

__all__ = ["peer", "project", "scripted", "service"]


@pytest.fixture
async def peer():
    peer = Peer()
    runner = web.ServerRunner(web.Server(peer.answer), handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    peer.port = runner.addresses[0][1]
    yield peer
    await close_sessions()
    await runner.cleanup()
