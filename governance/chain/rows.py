"""The rows of the chain, read as they lie in the database: no model in between that would parse or repair them."""

from collections.abc import Iterable, Iterator

from django.db import connection
from django.db.models import Max, Min

from governance.chain.entries import OUTSIDE, Entry
from governance.models import AuditEntry

READ_AT_ONCE = 1_000
# SQLite hands bytes that are no UTF-8 out as bytes only, and an index would answer for the table it belongs to.
SELECT = {
    "sqlite": (
        "SELECT id, project_id, at, CAST(actor AS BLOB), CAST(action AS BLOB), CAST(object AS BLOB), "
        "CAST(data AS BLOB), CAST(origin AS BLOB), seq, CAST(prev AS BLOB), CAST(hash AS BLOB) "
        "FROM governance_auditentry NOT INDEXED"
    ),
    "postgresql": (
        "SELECT id, project_id, at, actor, action, object, data, origin, seq, prev, hash "
        "FROM governance_auditentry"
    ),
}
SEAL = "UPDATE governance_auditentry SET seq = %s, prev = %s, hash = %s WHERE id = %s AND seq IS NULL"


def is_waiting() -> bool:
    """Whether an entry has no place yet. One look at a small index."""
    return AuditEntry.objects.filter(seq=None).exists()


def unsealed(most: int) -> list[Entry]:
    """The oldest entries that have no place yet."""
    waiting = AuditEntry.objects.filter(seq=None).order_by("id").values_list("id", flat=True)
    return named(list(waiting[:most]))


def named(numbers: list[int]) -> list[Entry]:
    """The rows with these ids, by id."""
    if not numbers:
        return []
    marks = ", ".join(["%s"] * len(numbers))
    return _read(f" WHERE id IN ({marks}) ORDER BY id", numbers)


def in_order(chain: int | None = None) -> Iterator[Entry]:
    """All rows by id, a thousand at a time: of everything, or of one chain."""
    only = "" if chain is None else " AND project_id IS NULL" if chain == OUTSIDE else " AND project_id = %s"
    last = -(2**63)
    while True:
        given = [last] if chain in (None, OUTSIDE) else [last, chain]
        found = _read(f" WHERE id > %s{only} ORDER BY id LIMIT {READ_AT_ONCE}", given)
        yield from found
        if len(found) < READ_AT_ONCE:
            return
        last = found[-1].id


def tails(chains: Iterable[int] | None = None) -> dict[int, int]:
    """The last place in each chain; chains without an entry are left out."""
    rows = AuditEntry.objects.exclude(seq=None).order_by()
    if chains is not None:
        wanted = set(chains)
        found = {chain: _last(chain) for chain in wanted}
        return {chain: seq for chain, seq in found.items() if seq is not None}
    last = rows.values_list("project_id").annotate(last=Max("seq"))
    return {OUTSIDE if project is None else project: seq for project, seq in last}


def _last(chain: int) -> int | None:
    rows = AuditEntry.objects.filter(project=None if chain == OUTSIDE else chain)
    return rows.aggregate(last=Max("seq"))["last"]


def hash_at(chain: int, seq: int) -> str | None:
    """What the entry at a place is sealed with; None where there is none."""
    rows = AuditEntry.objects.filter(project=None if chain == OUTSIDE else chain, seq=seq)
    return rows.values_list("hash", flat=True).first()


def waiting() -> tuple[int, int | None]:
    """How many entries have no place yet, and since when the oldest waits."""
    rows = AuditEntry.objects.filter(seq=None)
    return rows.count(), rows.aggregate(oldest=Min("at"))["oldest"]


def keep(sealed: Iterable[Entry]) -> None:
    """Writes the places and hashes of entries."""
    with connection.cursor() as cursor:
        cursor.executemany(SEAL, [(entry.seq, entry.prev, entry.hash, entry.id) for entry in sealed])


def _read(condition: str, given: list) -> list[Entry]:
    with connection.cursor() as cursor:
        cursor.execute(SELECT[connection.vendor] + condition, given)
        return [Entry.of(row) for row in cursor.fetchall()]
