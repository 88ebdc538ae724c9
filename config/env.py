"""Typed readers of the environment: every setting of Baton comes through here."""

import os
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class SettingError(SystemExit):
    """One line that names the variable and what it should be. It ends any server that reads the settings, also
    those that know nothing of it, without a traceback."""


def raw(name: str) -> str | None:
    """The value of NAME, or the content of the file that NAME_FILE names; None when neither is set."""
    if name in os.environ:
        return os.environ[name]
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(
            f"{name}_FILE: {path} cannot be read ({error}); name a readable text file."
        ) from error


def read(name: str, default: T, parse: Callable[[str], T], expected: str) -> T:
    """The parsed value of NAME, `default` when unset or empty.

    Raises SettingError naming the variable and `expected` when `parse` raises ValueError.
    """
    value = raw(name)
    if value is None or not value.strip():
        return default
    try:
        return parse(value.strip())
    except ValueError as error:
        reason = f" ({error})" if str(error) else ""
        raise SettingError(f"{name} is not valid{reason}: it should be {expected}.") from error


def words(value: str) -> tuple[str, ...]:
    """Comma- or space-separated words."""
    return tuple(value.replace(",", " ").split())


def endpoints(value: str) -> frozenset[str]:
    """A set of `host:port`."""
    found = frozenset(word.lower() for word in words(value))
    for item in found:
        host, _, port = item.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"{item!r} is not host:port")
    return found


def networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses and networks: 10.0.0.1, 10.0.0.0/8."""
    return tuple(ip_network(word) for word in words(value))


def web_address(value: str) -> str:
    """An http(s) address without a trailing slash."""
    if not value.startswith(("http://", "https://")) or len(value.split("://", 1)[1]) == 0:
        raise ValueError("no http:// or https:// at its start")
    return value.rstrip("/")


def days(value: str) -> int:
    """A whole number of days, up to ten years."""
    found = int(value)
    if not 1 <= found <= 3650:
        raise ValueError("not from 1 to 3650")
    return found


def seconds(value: str) -> float:
    """A number of seconds, up to an hour."""
    found = float(value)
    if not 0.1 <= found <= 3600:
        raise ValueError("not from 0.1 to 3600")
    return found


def switch(value: str) -> bool:
    """on/off, true/false, 1/0, yes/no."""
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise ValueError("neither on nor off")


def redis_address(value: str) -> str:
    """A redis:// , rediss:// or unix:// address."""
    if not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("unknown scheme")
    return value
