"""From where an act comes: kept beside whoever asks, so that the verbs need not be told.

A middleware says it for each request and each socket (config.origins, config.asgi), the command line for itself. Where
nobody said anything the engine acts: its threads begin without what the process was started with.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

COMMAND_LINE = "command line"
ENGINE = "engine"
LONGEST_AGENT = 200

Network = IPv4Network | IPv6Network
_current: ContextVar[dict[str, Any] | None] = ContextVar("baton_origin", default=None)


def current() -> dict[str, Any]:
    """{via: page, api, socket, command line or engine; address?, agent?, token?, session?} of who acts here."""
    return dict(_current.get() or {"via": ENGINE})


@contextmanager
def of(via: str, **more: str) -> Iterator[None]:
    """What happens inside comes from here. Empty texts are left out."""
    kept = _current.set({"via": via, **{name: text for name, text in more.items() if text}})
    try:
        yield
    finally:
        _current.reset(kept)


def add(**more: str) -> None:
    """Says more of who acts here, once it is known: a token is read long after the request began."""
    known = _current.get()
    if known is not None:
        known |= {name: text for name, text in more.items() if text}


def agent_of(header: str) -> str:
    """What a client calls itself, as far as it can be kept and read."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in header[:LONGEST_AGENT])


def address_of(meta: Mapping[str, Any], trusted: Sequence[Network]) -> str:
    """The client's address. X-Forwarded-For counts only as far as proxies of ours wrote it, read from the right."""
    address = str(meta.get("REMOTE_ADDR") or "")
    hops = [hop.strip() for hop in str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
    while hops and _is_among(address, trusted):
        before = hops.pop()
        if not _is_address(before):
            break
        address = before
    return address


def _is_among(address: str, networks: Sequence[Network]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
