"""What a process that calls models and tools does beside the calls: warm up, sweep, lend its loop, close."""

import asyncio

from governance.detection import pool
from governance.models import Document
from governance.privacy import vault
from registry import cache, connections, openings, trial
from registry.backends import hosted
from registry.health import BOOK, BREAKERS

SIMULATED = '"type":"scripted"'


def needs_hosted() -> bool:
    """Whether any provider is reached through LiteLLM; reads the database."""
    active = Document.objects.filter(kind="provider", active__isnull=False, archived_at=None)
    return active.exclude(active__content__contains=SIMULATED).exists()


async def warm() -> None:
    """Imports what costs seconds, off the loop."""
    await hosted.warm()


def lend(loop: asyncio.AbstractEventLoop | None) -> None:
    """Trials run on this loop from now on: LiteLLM wants one a process."""
    trial.borrow(loop)


def begin(process: str, loop: asyncio.AbstractEventLoop) -> None:
    """People are told of this process's open breakers from now on, by `tick`."""
    BOOK.begin(process, loop)


def tick() -> None:
    """Writes what became of breakers, and heeds what people closed: called every moment, off the loop."""
    BOOK.tick(BREAKERS.close)


def end() -> None:
    """No breaker of this process is left open on record."""
    BOOK.end()


def void() -> None:
    """What processes that are gone left on record is over: for one that has the database to itself."""
    openings.void()


def sweep() -> None:
    """Removes cached answers, vaulted values and records of breakers that are void; writes the database."""
    openings.sweep()
    cache.forget_expired()
    vault.forget_expired()


async def close() -> None:
    """Closes the loop's connections, ends the processes that scan."""
    pool.close()
    await connections.close_sessions()
