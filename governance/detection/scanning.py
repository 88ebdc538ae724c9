"""Scanning: one text at once, many off the event loop; long ones in processes of their own; each only once.

Design note. A scan is pure computation that holds the interpreter, so a text over 32 kB goes to a pool of processes:
a million characters cost the event loop nothing. Short ones are scanned in a thread, where the interpreter changes
hands every few milliseconds. What was found is kept by a keyed digest of the text, never by the text, so that the
next turn of a conversation scans only what is new. Long texts take turns by whose they are. Detectors are imported at
the first scan, Presidio when a candidate asks for it: who scans nothing pays nothing.
"""

import asyncio
import os
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import blake2b

from governance.detection import pool
from governance.detection.findings import Finding, resolved
from governance.detection.folding import Reading
from governance.detection.turns import Turns

LONG = 32_768
KEPT = 20_000
MANY = 2_000  # findings that the event loop does not sort
MODEL = "BATON_SPACY_MODEL"
TELLING = re.compile(
    r"(?i)pass|pwd|secret|token|key|credential|auth|ssn|social|tax|steuer|nhs|pesel|aadhaar|phone|tel|mobil|fax|handy"
)
LONGEST_HINT = 64

_threads = ThreadPoolExecutor(2, thread_name_prefix="scan")
_turns = Turns(pool.PROCESSES)
_key = secrets.token_bytes(32)
_kept: OrderedDict[bytes, tuple[Finding, ...]] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Item:
    """A text, and the key it stood under in JSON where that says something about it: {"password": "…"}."""

    text: str
    key: str = ""


def hint(key: str) -> str:
    """`key`, where it tells what stands under it; else nothing, so that equal texts are scanned once."""
    return key if len(key) <= LONGEST_HINT and TELLING.search(key) else ""


def find(text: str, entities: Collection[str] | None = None, key: str = "") -> tuple[Finding, ...]:
    """What stands in `text`, without overlap, in order; only `entities` where some are named.

    Call it off the event loop for anything longer than a line. Nothing is kept.
    """
    return _chosen(find_now(Item(text, key)), entities)


async def find_many(
    texts: Sequence[str | Item], entities: Collection[str] | None = None, owner: Hashable = None
) -> list[tuple[Finding, ...]]:
    """`find` for many texts, in their order, off the event loop; a text that was scanned before is looked up.

    Long texts of different owners (a run, a person) take turns.
    """
    items = [Item(text) if isinstance(text, str) else text for text in texts]
    digests = [_digest(item) for item in items]
    found = {digest: kept for digest in digests if (kept := _recall(digest)) is not None}
    missing = {digest: item for digest, item in zip(digests, items, strict=True) if digest not in found}
    if missing:
        found |= zip(missing, await _scan_all(list(missing.values()), owner), strict=True)
        for digest in missing:
            _keep(digest, found[digest])
    if sum(map(len, found.values())) > MANY:
        return await asyncio.wrap_future(
            _threads.submit(lambda: [_chosen(found[one], entities) for one in digests])
        )
    return [_chosen(found[digest], entities) for digest in digests]


def find_now(item: Item) -> tuple[Finding, ...]:
    """Everything that any detector says of the text, overlapping; pure."""
    before = f"{item.key}: " if item.key else ""
    reading = Reading(before + item.text)
    said = (one for detector in _detectors() for one in detector.find(reading.text))
    placed = (Finding(one.entity, *reading.span(one.start, one.end), one.score) for one in said)
    return tuple(one.moved(-len(before)) for one in placed if one.start >= len(before))


def has_model() -> bool:
    """Whether names are looked for: the operator named a spaCy model."""
    return bool(os.environ.get(MODEL))


def warm() -> None:
    """Imports what a first scan would have to wait for: some 2 s, 110 MB."""
    find("warm@example.com 10.0.0.1 219-09-9999 +49 30 901820")


async def _scan_all(items: Sequence[Item], owner: Hashable) -> list[tuple[Finding, ...]]:
    short = [item for item in items if len(item.text) <= LONG]
    scanned = iter(await _off_loop(short)) if short else iter(())
    found = [None if len(item.text) > LONG else next(scanned) for item in items]
    ended = iter(await asyncio.gather(*(_in_process(item, owner) for item in items if len(item.text) > LONG)))
    return [next(ended) if one is None else one for one in found]


async def _off_loop(items: Iterable[Item]) -> list[tuple[Finding, ...]]:
    return await asyncio.wrap_future(_threads.submit(lambda: [find_now(item) for item in items]))


async def _in_process(item: Item, owner: Hashable) -> tuple[Finding, ...]:
    begin = partial(pool.submit, find_now, item)
    try:
        return await asyncio.wrap_future(_turns.take(owner, begin))
    except BrokenProcessPool:  # somebody ended the process that was at it
        return await asyncio.wrap_future(_turns.take(owner, begin))


def _chosen(found: Iterable[Finding], entities: Collection[str] | None) -> tuple[Finding, ...]:
    return resolved(one for one in found if entities is None or one.entity in entities)


@lru_cache(maxsize=1)
def _detectors() -> tuple:
    from governance.detection.detectors import DETECTORS, NamesDetector

    return (*DETECTORS, NamesDetector(os.environ[MODEL])) if has_model() else DETECTORS


def _digest(item: Item) -> bytes:
    found = blake2b(item.key.encode(errors="surrogatepass") + b"\0", key=_key, digest_size=16)
    found.update(item.text.encode(errors="surrogatepass"))
    return found.digest()


def _recall(digest: bytes) -> tuple[Finding, ...] | None:
    with _lock:
        found = _kept.get(digest)
        if found is not None:
            _kept.move_to_end(digest)
        return found


def _keep(digest: bytes, found: tuple[Finding, ...]) -> None:
    with _lock:
        _kept[digest] = found
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
