"""The places of a project: how many of its runs work at once (`max_running_runs`), and who stands in line for one.

Design note. A run holds a place from its claim until it finishes or waits. Whoever finds none stands in line, where no
sweep looks for it; whoever gives a place back hands it to the first in line in the same transaction, so no wake-up can
be lost and nobody asks again and again. A place handed over survives a crash: the sweep finds who has one. On
PostgreSQL the project's row is locked while places are counted and given, so several workers never give one too many.
A run below another needs no place: its parent would wait for it and keep its own. Nor does one that is cancelled.

Rejected: counting runs by their status (a resumed run would slip in between two looks), a counter a project (every
crash would leave it wrong).
"""

from collections.abc import Iterable, Mapping, Sequence

from governance import clock
from runs.engine.store import Operation, Touching, marks

# What a claim asks of a run `r` of the project `p`.
MAY_WORK = "(p.max_running_runs IS NULL OR r.parent_id IS NOT NULL OR r.has_place OR r.cancelled_by <> '')"
NO_LIMIT = 1_000_000  # more than one statement should wake


def wanting(run_ids: Sequence[int]) -> Operation:
    """The runs among these that only lack a place, by project."""

    def statements(vendor: str):
        rows = yield (
            "SELECT r.project_id, r.id FROM runs_run r JOIN governance_project p ON p.id=r.project_id "
            f"WHERE r.id IN ({marks(len(run_ids))}) AND r.finished_at IS NULL AND r.lease_until < ? AND NOT {MAY_WORK}",
            [*run_ids, clock.now()],
        )
        found: dict[int, list[int]] = {}
        for project, run in rows:
            found.setdefault(project, []).append(run)
        return found

    return statements


def seat(wanted: Mapping[int, Sequence[int]]) -> Touching:
    """Puts these runs in line by project, and gives away what places there are: the result is who has one now."""

    def statements(vendor: str):
        seated: list[int] = []
        for project in sorted(wanted):
            yield from _line_up(wanted[project], vendor)
            seated += yield from call_up(project, vendor)
        return seated

    return Touching(statements, projects=tuple(wanted))


def _line_up(run_ids: Sequence[int], vendor: str):
    """Who comes back from a wait stands behind who asked before that; the line is in the order of asking."""
    now = clock.now()
    yield (
        "UPDATE runs_run SET in_line_since=coalesce(in_line_since, CASE WHEN ready_at < ? THEN ready_at ELSE ? END), "
        f"ready_at=NULL WHERE id IN (SELECT id FROM runs_run WHERE id IN ({marks(len(run_ids))}) "
        f"AND finished_at IS NULL AND lease_until < ? AND NOT has_place ORDER BY id{skipping(vendor)})",
        [now, now, *run_ids, now],
    )


def call_up(project: int, vendor: str):
    """Gives the free places of a project to the first in line. Returns who has one now: ring for them."""
    if vendor == "postgresql":
        # Counted in a statement of its own: only what comes after the lock sees what others gave away before.
        yield "SELECT 1 FROM governance_project WHERE id=? FOR NO KEY UPDATE", [project]
    ((most, held),) = yield (
        "SELECT max_running_runs, (SELECT count(*) FROM runs_run WHERE project_id=p.id AND has_place) "
        "FROM governance_project p WHERE id=?",
        [project],
    )
    free = NO_LIMIT if most is None else most - held
    if free <= 0:
        return []
    rows = yield (
        "UPDATE runs_run SET has_place=?, in_line_since=NULL, ready_at=? WHERE id IN (SELECT id FROM runs_run "
        f"WHERE project_id=? AND in_line_since IS NOT NULL ORDER BY in_line_since, id LIMIT ?{skipping(vendor)}) "
        "RETURNING id",
        [True, clock.now(), project, free],
    )
    return [row[0] for row in rows]


def called_up(project: int) -> Operation:
    """The limit was changed: whoever may work now is called up."""

    def statements(vendor: str):
        return (yield from call_up(project, vendor))

    return statements


def skipping(vendor: str) -> str:
    """Who is locked is being rung or cancelled: that has somebody look at the line again."""
    return " FOR UPDATE SKIP LOCKED" if vendor == "postgresql" else ""


def positions(project_ids: Iterable[int], run_ids: Iterable[int]) -> tuple[str, list[int]]:
    """The statement that gives (run, its place among its project's queued runs, from 1) for those that are queued."""
    projects, runs = sorted(set(project_ids)), sorted(set(run_ids))
    return (
        "SELECT id, place FROM (SELECT id, row_number() OVER (PARTITION BY project_id ORDER BY created_at, id) "
        f"AS place FROM runs_run WHERE project_id IN ({', '.join(['%s'] * len(projects))}) AND status='queued' "
        f"AND parent_id IS NULL) queued WHERE id IN ({', '.join(['%s'] * len(runs))})",
        [*projects, *runs],
    )
