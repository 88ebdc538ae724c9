"""The sealer: gives entries their places in the chains, and moves the head on.

Every process that executes runs calls it a few times a second, commands at their end, and whoever reads the log before
reading. One at a time does the work: in a folder by the head's lock, on PostgreSQL by an advisory lock.
INVARIANT: what is cut off, changed or computed anew is never sealed over. A chain goes on from the head, where that
knows more or other than the database: the gap or the broken link stays for verify-audit to find.
"""

import logging
from collections.abc import Iterable

from django.db import OperationalError, connection, transaction

from governance import audit, clock
from governance.chain import head as heads
from governance.chain import rows
from governance.chain.entries import Entry
from governance.chain.head import Head, HeadForged, HeadMissing, Place

log = logging.getLogger("baton.audit")
MOST = 500
LOCK = 0x6175646974  # "audit"


def seal_all() -> int:
    """Seals everything that is committed, however much that is. Returns how many entries."""
    done = 0
    while sealed := seal():
        done += sealed
    return done


def seal(most: int = MOST) -> int:
    """Seals the oldest `most` unsealed entries; 0 where there is none or another process is at it."""
    if not rows.is_waiting():
        return 0
    try:
        with heads.folder_to_oneself() as alone:
            return _seal(most) if alone else 0
    except OSError as error:
        log.error("the audit log cannot be sealed, its head file cannot be kept: %s", error)
    except OperationalError as error:
        log.warning("the audit log is sealed later, the database is away or busy: %s", error)
    return 0


def _seal(most: int) -> int:
    with transaction.atomic():
        if not _elected():
            return 0
        head = _head()
        waiting = rows.unsealed(most)
        ends = _ends(head, {entry.chain for entry in waiting})
        sealed = list(_placed(waiting, ends))
        rows.keep(sealed)
        moved = Head({**head.ends, **ends}, head.begun_at, head.begun_because, clock.now())
        # After the commit: a head that is ahead of its database would tell of entries that never were.
        transaction.on_commit(lambda: heads.write(moved))
    return len(sealed)


def _elected() -> bool:
    """SQLite's transactions exclude each other, and all its processes share the folder."""
    if connection.vendor == "sqlite":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return cursor.fetchone()[0]


def _placed(waiting: Iterable[Entry], ends: dict[int, Place]) -> Iterable[Entry]:
    """The entries in their places; `ends` moves along."""
    for entry in waiting:
        before = ends[entry.chain]
        placed = entry.sealed(before.seq + 1, before.hash)
        ends[entry.chain] = Place(before.seq + 1, placed.hash)
        yield placed


def _ends(head: Head, chains: set[int]) -> dict[int, Place]:
    stored = rows.tails(chains)
    return {chain: _end(chain, head.end(chain), stored.get(chain, 0)) for chain in chains}


def _end(chain: int, known: Place, stored: int) -> Place:
    """Where the chain goes on: after the head, or after what was sealed since by another process."""
    if stored < known.seq:
        log.error("the audit log ends at %s, its head knows %s entries: verify-audit", stored, known.seq)
        return known
    if known.seq and rows.hash_at(chain, known.seq) != known.hash:
        log.error("entry %s of the audit log is not the one that was sealed: verify-audit", known.seq)
        return Place(stored, known.hash)
    return Place(stored, rows.hash_at(chain, stored) or "") if stored else known


def _head() -> Head:
    """The folder's head; where there is none that can be believed, a new one, which the log tells of."""
    try:
        return heads.read()
    except HeadMissing:
        known = rows.tails()
        if not known:
            return Head(begun_at=clock.now(), begun_because="new")
        return _begun_anew("missing", known)
    except HeadForged:
        heads.put_aside(clock.now())
        return _begun_anew("forged", rows.tails())


def _begun_anew(why: str, known: dict[int, int]) -> Head:
    log.error("the head file of the audit log is %s: a new one begins", why)
    audit.record("audit.head", "audit/head", None, None, {"because": why, "entries": sum(known.values())})
    ends = {chain: Place(seq, rows.hash_at(chain, seq) or "") for chain, seq in known.items()}
    return Head(ends, clock.now(), why)
