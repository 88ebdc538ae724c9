"""Leases: who may append to a run, until when. The statements of claiming, renewing, sweeping and giving back."""

from collections.abc import Sequence

from governance import clock, inbox, ledger
from runs.engine.places import MAY_WORK, call_up
from runs.engine.rows import EVENT_COLUMNS, dumps
from runs.engine.store import Operation, Touching, marks

LEASE_US = 8_000_000  # another worker takes over within ten seconds, its look and its claim included
MOST_SWEPT = 200


def in_order(vendor: str) -> str:
    """Rows that several processes may want are locked in one order: none of them locks another out."""
    return " ORDER BY id FOR UPDATE" if vendor == "postgresql" else ""


def claim(run_ids: Sequence[int], owner: str) -> Operation:
    """Takes the runs that are unfinished and unleased, and that may work (runs.engine.places). The result is
    [(id, epoch)]; each has a new epoch."""

    def statements(vendor: str):
        now = clock.now()
        # Rows are locked in one order, so that two workers who were rung for the same runs never lock each other out.
        order = " ORDER BY r.id FOR UPDATE OF r SKIP LOCKED" if vendor == "postgresql" else ""
        rows = yield (
            # A driver that is lost, however it came to the run, must be found by the sweep: the run is ready from now.
            "UPDATE runs_run SET owner=?, epoch=epoch+1, lease_until=?, in_line_since=NULL, "
            "ready_at=CASE WHEN ready_at <= ? THEN ready_at ELSE ? END, "
            "has_place=(has_place OR (parent_id IS NULL AND cancelled_by='')) WHERE id IN ("
            "SELECT r.id FROM runs_run r JOIN governance_project p ON p.id=r.project_id "
            f"WHERE r.id IN ({marks(len(run_ids))}) AND r.finished_at IS NULL AND r.lease_until < ? "
            f"AND {MAY_WORK}{order}) RETURNING id, epoch",
            [owner, now + LEASE_US, now, now, *run_ids, now],
        )
        return [tuple(row) for row in rows]

    return statements


def bury(run_ids: Sequence[int]) -> Operation:
    """Their drivers are gone: nobody owns these runs."""

    def statements(vendor: str):
        order = SKIPPING if vendor == "postgresql" else ""
        yield (
            "UPDATE runs_run SET owner=NULL WHERE id IN (SELECT id FROM runs_run "
            f"WHERE id IN ({marks(len(run_ids))}) AND lease_until < ?{order})",
            [*run_ids, clock.now()],
        )

    return statements


def give_back(owner: str) -> Operation:
    """At a clean stop: everything this process holds is free at once."""

    def statements(vendor: str):
        yield (
            "UPDATE runs_run SET owner=NULL, lease_until=0, ready_at=? WHERE id IN "
            f"(SELECT id FROM runs_run WHERE owner=? AND finished_at IS NULL{in_order(vendor)})",
            [clock.now(), owner],
        )

    return statements


def fail_unread(run_id: int, epoch: int) -> Touching:
    """Ends a run that cannot be driven at all: its documents or its journal cannot be read. The result is who has its
    place now."""
    message = "The run's documents or its journal cannot be read; the server's log says why."
    error = {"code": "step_failed", "message": message, "node": None, "iteration": None}

    def statements(vendor: str):
        now = clock.now()
        rows = yield (
            "UPDATE runs_run SET status='failed', error=?, finished_at=?, seq=seq+1, owner=NULL, lease_until=0, "
            "ready_at=NULL, has_place=? WHERE id=? AND epoch=? AND finished_at IS NULL RETURNING seq, project_id",
            [dumps(error), now, False, run_id, epoch],
        )
        if not rows:
            return []
        ((seq, project),) = rows
        data = dumps({"status": "failed", "error": error})
        event = (run_id, seq, now, "run.finished", None, None, None, None, data)
        yield (f"INSERT INTO runs_event ({', '.join(EVENT_COLUMNS)}) VALUES ({marks(len(event))})", event)
        # Who waits for it above, and what it asks of people, must hear of it.
        yield (
            "UPDATE runs_run SET bell=bell+1, ready_at=? WHERE finished_at IS NULL AND id="
            "(SELECT parent_id FROM runs_run WHERE id=?)",
            [now, run_id],
        )
        yield from inbox.cancelling(run_id, now)(vendor)
        called = yield from call_up(project, vendor)
        yield from ledger.apply(vendor, [ledger.ReleaseRun(run_id)])
        return called

    return Touching(statements, runs=(run_id,), above=(run_id,))


RENEW = (
    "UPDATE runs_run SET lease_until=%s WHERE id IN (SELECT id FROM runs_run "
    "WHERE owner=%s AND finished_at IS NULL AND lease_until < %s AND id IN ({}){})"
)
# The writer locks rows in an order of its own: what it holds is renewed at the next tick instead.
SKIPPING = " ORDER BY id FOR UPDATE SKIP LOCKED"
HELD = "SELECT id, bell, epoch FROM runs_run WHERE owner=%s"
READY = (
    "SELECT id, owner FROM runs_run WHERE ready_at IS NOT NULL AND ready_at <= %s AND lease_until < %s "
    "ORDER BY ready_at LIMIT %s"
)
RESERVED = "SELECT DISTINCT run_id FROM governance_reservation"
VOID = "UPDATE runs_run SET owner=NULL, lease_until=0 WHERE owner IS NOT NULL"
