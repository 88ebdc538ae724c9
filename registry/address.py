"""The private-address guard: which network addresses a tool or a provider may reach.

Design note. A name is resolved once, every address behind it is judged, and the connection goes to an address
that was judged (`registry/connections.py` pins it), so a name that changes its mind in between gains nothing.
One private address behind a name refuses the name: picking the public ones would let a peer choose. Judging
names alone, or the text of an address, was rejected: both have too many spellings.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

SAMPLE_HOST = "sample.baton.internal"
LOOPBACK = "127.0.0.1"

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[[str, int], Awaitable[list[str]]]

# Globally routable by their registry, but not a place in the Internet: they lead on to an IPv4 address.
_TRANSLATED = tuple(
    ipaddress.ip_network(net)
    for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "::ffff:0:0:0/96")
)
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(net)
    for net in (
        "100.64.0.0/10",
        "192.88.99.0/24",
        "192.0.0.0/24",
        "198.18.0.0/15",
        "fec0::/10",
        "3fff::/20",
        "5f00::/16",
    )
)
# The last label of a name is never a number; where it is, the host is another spelling of an IPv4 address.
_NUMERIC_END = re.compile(r"(?:^|\.)(?:[0-9]+|0[xX][0-9a-fA-F]*)$")

_samples: dict[str, int] = {}


class AddressRefused(Exception):
    """The address is private and not in BATON_HTTP_ALLOW: add its host:port there to allow it."""

    code = "address_refused"


def register_sample(project: str, port: int) -> None:
    """From now on SAMPLE_HOST means 127.0.0.1:`port` for this project, and nothing for any other."""
    _samples[project] = port


def forget_sample(project: str) -> None:
    """The project's sample service is gone."""
    _samples.pop(project, None)


async def system_lookup(host: str, port: int) -> list[str]:
    """The addresses the system knows for a name. Raises socket.gaierror."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(entry[4][0] for entry in found))


def canonical(host: str) -> str:
    """A host as the guard compares it: lower case, no brackets, no dot at the end."""
    return host.strip("[]").lower().rstrip(".")


def endpoint(host: str, port: int) -> str:
    """`host:port`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def literal(host: str) -> IPAddress | None:
    """The address that `host` spells in the usual way; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_public(address: IPAddress) -> bool:
    """Whether this is an ordinary address of the Internet."""
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return False
    if any(address in net for net in (*_TRANSLATED, *_NOT_PUBLIC) if net.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


@dataclass(frozen=True, slots=True)
class Guard:
    """What this instance may reach: everything public, and the `host:port` of `allow` (lower case).

    `loopback` says which project has a sample service at which port of this machine.
    """

    allow: frozenset[str] = frozenset()
    loopback: Mapping[str, int] = field(default_factory=lambda: _samples)
    lookup: Lookup = system_lookup

    async def addresses(self, host: str, port: int, project: str = "") -> list[tuple[str, int]]:
        """The (address, port) pairs to connect to, all of them permitted.

        Raises AddressRefused, and socket.gaierror where the name is not known.
        """
        host = canonical(host)
        if host == SAMPLE_HOST:
            return [self._sample(port, project)]
        if literal(host) is not None:
            found = [host]
        elif _NUMERIC_END.search(host):
            raise AddressRefused(
                f"{host} is not a usual way to write an address; write four decimal numbers."
            )
        else:
            found = await self.lookup(host, port)
        if not found or not all(self.permits(address, port, host) for address in found):
            raise AddressRefused(refusal(host, port))
        return [(address, port) for address in found]

    def permits(self, address: str, port: int, host: str = "") -> bool:
        """Whether a connection may go to this address, reached under the name `host`."""
        ip = literal(address)
        if ip is None:
            return False
        names = {endpoint(str(ip), port), endpoint(canonical(host), port)}
        return is_public(ip) or not names.isdisjoint(self.allow)

    def _sample(self, port: int, project: str) -> tuple[str, int]:
        if project not in self.loopback:
            raise AddressRefused(
                f"{SAMPLE_HOST} is the demo project's sample service; no other project reaches it."
            )
        return LOOPBACK, self.loopback[project]


def refusal(host: str, port: int) -> str:
    """The sentence for a refused address. It names no resolved address: that would map the inner network."""
    place = endpoint(host, port)
    return f"{place} is a private address. Whoever runs this instance can allow it with BATON_HTTP_ALLOW={place}."
