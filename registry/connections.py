"""Outgoing connections: aiohttp sessions that connect only where the guard permits.

Design note. aiohttp asks its resolver for addresses and its socket factory for every socket; both are ours and
look up who is calling in a context variable. So the check holds for literal addresses, for redirects that a
library follows by itself and for names that change between two look-ups. Reads, writes and models have sessions
of their own: a pooled connection is never used by another kind. Writes keep none (one that turned out dead would
leave open whether the write was done) and are sent once: left alone, aiohttp repeats PUT and DELETE by itself.
Nothing is read from the environment (proxies, netrc) and no cookie is kept.
"""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from registry.address import AddressRefused, Guard, refusal

MAX_CONNECTIONS = 2000


@dataclass(slots=True)
class Caller:
    """On whose behalf connections are made, what was refused to them, and whether one was ever open."""

    guard: Guard
    project: str
    resolved: dict[tuple[str, int], list[tuple[str, int]]] = field(default_factory=dict)
    refused: AddressRefused | None = None
    connected: bool = False

    @property
    def tried(self) -> bool:
        """Whether anything was to be connected to."""
        return self.connected or bool(self.resolved)

    async def resolve(self, host: str, port: int) -> list[tuple[str, int]]:
        """The permitted addresses behind a name, looked up once a call: it connects to these and no others."""
        if (host, port) not in self.resolved:
            try:
                self.resolved[host, port] = await self.guard.addresses(host, port, self.project)
            except AddressRefused as refused:
                self.refused = refused
                raise
        return self.resolved[host, port]

    def admit(self, address: str, port: int) -> None:
        """Raises AddressRefused unless a socket to this address may be opened."""
        checked = any((address, port) in found for found in self.resolved.values())
        if not checked and not self.guard.permits(address, port):
            self.refused = AddressRefused(refusal(address, port))
            raise self.refused


_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)
_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, aiohttp.ClientSession]] = (
    WeakKeyDictionary()
)


@contextmanager
def calling(guard: Guard, project: str) -> Iterator[Caller]:
    """Connections opened inside belong to this project and pass this guard."""
    caller = Caller(guard, project)
    token = _caller.set(caller)
    try:
        yield caller
    finally:
        _caller.reset(token)


def session(purpose: str) -> aiohttp.ClientSession:
    """The running loop's session for `reads`, `writes` or `models`, made at first use."""
    sessions = _sessions.setdefault(asyncio.get_running_loop(), {})
    if purpose not in sessions or sessions[purpose].closed:
        sessions[purpose] = _new_session(kept=purpose != "writes")
    return sessions[purpose]


async def close_sessions() -> None:
    """Closes the running loop's sessions; called where the loop ends."""
    for open_session in _sessions.pop(asyncio.get_running_loop(), {}).values():
        await open_session.close()


def _new_session(kept: bool) -> aiohttp.ClientSession:
    connector = guarded_connector(limit=MAX_CONNECTIONS, force_close=not kept)
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(_note_connected)
    trace.on_connection_reuseconn.append(_note_connected)
    made = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"User-Agent": "Baton"},
        trust_env=False,
        trace_configs=[trace],
    )
    made._retry_connection = kept  # the only switch there is; a test watches that it works
    return made


def guarded_connector(**options: Any) -> aiohttp.TCPConnector:
    """An aiohttp connector with these options that connects only where the current caller may."""
    guarded = {"resolver": _GuardedResolver(), "use_dns_cache": False, "socket_factory": _guarded_socket}
    options.pop("ttl_dns_cache", None)
    return aiohttp.TCPConnector(**{**options, **guarded})


def _current() -> Caller:
    caller = _caller.get()
    if caller is None:
        raise AddressRefused("A connection was asked for outside of a call.")
    return caller


class _GuardedResolver(AbstractResolver):
    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=mapped,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address, mapped in await _current().resolve(host, port)
        ]

    async def close(self) -> None:
        """Holds nothing open."""


def _guarded_socket(info: tuple) -> socket.socket:
    family, kind, protocol, _, place = info
    _current().admit(place[0], place[1])
    return socket.socket(family, kind, protocol)


async def _note_connected(*_: object) -> None:
    caller = _caller.get()
    if caller is not None:
        caller.connected = True
