"""Runs of the past for tests of pages: stored as the engine leaves them, without being driven."""

import itertools
import json
from datetime import UTC, datetime

from governance import ids
from governance.models import Project, Spend, User
from runs.engine.rows import EVENT_COLUMNS
from runs.models import Event, Run

MICROS = 1_000_000
_places = itertools.count(100_000)  # apart from those of store_history
ENDS = ("succeeded", "succeeded", "succeeded", "failed", "succeeded", "cancelled", "succeeded", "succeeded")


def store_run(project: Project, user: User | None, at: int, **fields) -> Run:
    """One run created at `at` (microseconds) with its first line; `input` is what it was launched with."""
    given = fields.pop("input", {"message": "Where is my order?"})
    run = past_run(project, user, at, next(_places), **fields)
    run.save(force_insert=True)
    first_line(run, given).save(force_insert=True)
    return run


def store_history(project: Project, user: User, count: int, now: int, every_s: int = 60) -> None:
    """`count` finished runs up to `now`, one every `every_s` seconds, and what they cost."""
    runs = [
        past_run(
            project,
            user,
            now - place * every_s * MICROS,
            place,
            status=ENDS[place % len(ENDS)],
            flow=("customer-support", "content-pipeline")[place % 2],
        )
        for place in range(count)
    ]
    Run.objects.bulk_create(runs, batch_size=500)
    lines = [first_line(run, {"message": f"Message {place} of a customer"}) for place, run in enumerate(runs)]
    Event.objects.bulk_create(lines, batch_size=500)
    cost = sum(run.cost for run in runs)
    day = datetime.fromtimestamp(now / MICROS, UTC).date()
    Spend.objects.create(project=project, day=day, flow="customer-support", cost=cost, calls=count)


def past_run(project: Project, user: User | None, at: int, place: int, **fields) -> Run:
    """Ids hold their moment, as real ones do; `place` keeps those of one moment apart."""
    number = (at // 1000) << ids.SPARE_BITS | place
    status = fields.pop("status", "succeeded")
    finished = status in ("succeeded", "failed", "cancelled")
    error = {
        "code": "provider_error",
        "message": "The provider did not answer.",
        "node": None,
        "iteration": None,
    }
    known = {
        "flow": "customer-support",
        "version": 1,
        "created_at": at,
        "started_at": None if status == "queued" else at + 200_000,
        "finished_at": at + 9_400_000 + place % 60 * MICROS if finished else None,
        "cost": 3_100_000,
        "error": json.dumps(error, separators=(",", ":")) if status == "failed" else None,
        "seq": 2,
    }
    return Run(
        id=number,
        project=project,
        user=user,
        status=status,
        root_id=number,
        trace_id=f"{number:032x}",
        **{**known, **fields},
    )


def first_line(run: Run, given: object) -> Event:
    data = {"flow": run.flow, "version": run.version, "pins": {}, "input": given, "user": "ada"}
    values = (run.id, 1, run.created_at, "run.created", None, None, None, None, json.dumps(data))
    return Event(**dict(zip(EVENT_COLUMNS, values, strict=True)))
