"""A web server for tests of the http tool, and how a test calls the tool on it."""

import asyncio
import gzip
import zlib

import pytest
from aiohttp import web

from registry.address import Guard
from registry.tools import TOOLS, CallLimits, ToolError

SECRETS = {"key": 'sec"ret-value/1'}


class Peer:
    """A server that remembers what it was asked and answers by path."""

    def __init__(self) -> None:
        self.asked: list[web.BaseRequest] = []
        self.bodies: list[bytes] = []
        self.port = 0
        self.attempts = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(request)
        self.bodies.append(await request.read())
        name = request.path.strip("/").split("/")[0]
        answer = getattr(self, f"on_{name}", None)
        return await answer(request) if answer else web.json_response({"path": request.raw_path})

    async def on_status(self, request):
        status = int(request.path.rsplit("/", 1)[1])
        return web.Response(status=status, text=f"because {SECRETS['key']}", headers={"Retry-After": "3"})

    async def on_zero(self, request):
        request.transport.write(b"HTTP/1.1 000 Nothing\r\nContent-Length: 4\r\n\r\ndone")
        return web.Response()

    async def on_text(self, request):
        return web.Response(body=b"caf\xe9\x00", content_type="text/plain", charset="latin-1")

    async def on_echo(self, request):
        return web.json_response({"got": request.headers.get("Authorization"), "nul": "a\x00b"})

    async def on_deep(self, request):
        return web.Response(text="[" * 300 + "]" * 300, content_type="application/json")

    async def on_big(self, request):
        return web.Response(body=b"x" * 2_000_000)

    async def on_bomb(self, request):
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        packed = b"".join(packer.compress(bytes(1_000_000)) for _ in range(300)) + packer.flush()
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    async def on_gzip(self, request):
        return web.Response(body=gzip.compress(b'{"packed": true}'), headers={"Content-Encoding": "gzip"})

    async def on_torn(self, request):
        return web.Response(
            body=gzip.compress(b'{"packed": true}')[:-9], headers={"Content-Encoding": "gzip"}
        )

    async def on_brotli(self, request):
        return web.Response(body=b"??", headers={"Content-Encoding": "br"})

    async def on_slow(self, request):
        await asyncio.sleep(30)

    async def on_hangup(self, request):
        request.transport.close()
        return web.Response()

    async def on_once(self, request):
        """Answers the first call; hangs up on the connection when it is used again."""
        self.attempts += 1
        if self.attempts == 1:
            return web.json_response({})
        request.transport.close()
        return web.Response()

    async def on_to(self, request):
        return web.Response(
            status=int(request.query.get("status", 302)), headers={"Location": request.query["at"]}
        )

    async def on_loop(self, request):
        return web.Response(status=302, headers={"Location": "/loop"})

    async def on_cookie(self, request):
        answer = web.json_response({"cookie": request.headers.get("Cookie")})
        answer.set_cookie("session", "1")
        return answer


def tool(url, **config):
    return {"slug": "t", "type": "http", "risk": "read", "config": {"method": "GET", "url": url, **config}}


async def call(peer, url, arguments=None, project="demo", guard=None, timeout_s=5.0, **config):
    guard = guard or Guard(frozenset({f"127.0.0.1:{peer.port}"}))
    limits = CallLimits(timeout_s, project, "run/call-1", guard)
    return await TOOLS["http"].call(tool(url, **config), arguments or {}, SECRETS, limits)


async def failed(*args, **changes) -> ToolError:
    with pytest.raises(ToolError) as caught:
        await call(*args, **changes)
    assert SECRETS["key"] not in str(caught.value)
    return caught.value
