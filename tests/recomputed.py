"""Owns the check that every stored decision can be computed again: same facts, same policies, same verdict."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from governance.gate import decide
from runs import recomputing
from runs.models import Event


def check(**of: object) -> int:
    """Of all runs that fit `of` (filters of events); how many decisions were computed again."""
    events = Event.objects.filter(type="policy.decided", **of).select_related("run__project")
    stored = recomputing.decisions(list(events.order_by("run_id", "seq")))
    for one, operation in zip(stored, recomputing.operations(stored), strict=True):
        line = f"run {one.run.id}, {one.event.seq}: {one.data}"
        assert operation is not None, f"nothing to compute it from: {line}"
        verdict = decide(operation, recomputing.book_of(one.run.project, one.data["policies"]))
        recorded = (one.data["effect"], tuple(one.data["policies"]), one.data["reason"], one.data.get("code"))
        assert (verdict.effect, verdict.policies, verdict.reason, verdict.code) == recorded, line
    return len(stored)


@contextmanager
def database_of(data: Path, blocker: object) -> Iterator[None]:
    """This process reads the embedded database of a served Baton."""
    patch = pytest.MonkeyPatch()
    with blocker.unblock():
        connection.close()
        patch.setitem(connection.settings_dict, "NAME", str(data / "baton.sqlite3"))
        try:
            yield
        finally:
            connection.close()
            patch.undo()
