"""Answers used again: models' and read tools' replies under a time to live, never across projects.

The key is a keyed hash, so that the table tells nothing about who asked what. A busy or full database is no reason
for a call to fail: then nothing is found, or kept.
"""

import hashlib
import hmac
import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings
from django.db import DatabaseError

from governance import clock
from registry.models import CachedReply
from registry.offloop import off_loop

LONGEST_TTL_S = 30 * 86_400
LARGEST_REPLY = 1_000_000  # characters: more is not worth keeping twice
MICROS = 1_000_000

log = logging.getLogger("baton.registry")


def key(project_id: int, caller: str, callee: str, content: Any) -> str:
    """The name of an answer: `caller` is `agent@version` or "", `callee` the model or `tool@version`."""
    text = orjson.dumps(
        [project_id, caller, callee, content], option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    )
    return hmac.new(_secret(settings.SECRET_KEY), text, hashlib.sha256).hexdigest()


@lru_cache(maxsize=2)
def _secret(instance_key: str) -> bytes:
    """A key of the cache's own, so that its hashes say nothing about other uses of the instance's key."""
    return hmac.new(instance_key.encode(), b"registry.cache", hashlib.sha256).digest()


async def find(name: str) -> dict | None:
    """The answer that is stored and still good."""
    try:
        return await off_loop(read, name)
    except DatabaseError:
        log.warning("a cached answer could not be read", exc_info=True)
        return None


async def store(name: str, reply: Mapping, ttl_s: float) -> None:
    """Keeps an answer for `ttl_s` seconds, 30 days at most."""
    text = orjson.dumps(reply).decode()
    if len(text) > LARGEST_REPLY:
        return
    try:
        await off_loop(write, name, text, clock.now() + int(min(ttl_s, LONGEST_TTL_S) * MICROS))
    except DatabaseError:
        log.warning("an answer could not be kept", exc_info=True)


def read(name: str, now: int | None = None) -> dict | None:
    moment = clock.now() if now is None else now
    row = CachedReply.objects.filter(key=name, expires_at__gt=moment).values_list("reply", flat=True).first()
    return None if row is None else orjson.loads(row)


def write(name: str, reply: str, expires_at: int) -> None:
    CachedReply.objects.update_or_create(key=name, defaults={"reply": reply, "expires_at": expires_at})


def forget_expired(now: int | None = None) -> int:
    """Removes what is void; returns how many answers that were. For the sweep."""
    return CachedReply.objects.filter(expires_at__lte=clock.now() if now is None else now).delete()[0]
