"""Which runs wait for which budget."""

import json
from dataclasses import dataclass

from governance.models import Project
from runs.models import Run

MOST = 200
ALIVE = ("waiting", "running")  # one that works in runs below it may have a paused step too
FOR_MONEY = '"kind":"budget"'


@dataclass(frozen=True, slots=True)
class WaitingRun:
    """A run that holds still until there is room; `node` is the step that asked."""

    run: Run
    node: str


def by_budget(project: Project) -> dict[str, list[WaitingRun]]:
    """The newest 200 that wait, by the slug of the budget. One query."""
    rows = Run.objects.filter(project=project, status__in=ALIVE, waiting__contains=FOR_MONEY)
    found: dict[str, list[WaitingRun]] = {}
    for run in rows.order_by("-id")[:MOST]:
        for slug, node in waits_of(run):
            found.setdefault(slug, []).append(WaitingRun(run, node))
    return found


def waits_of(run: Run) -> list[tuple[str, str]]:
    """(slug, node) of each wait for a budget: its account is called `budget:SLUG:…`."""
    waits = [wait for wait in json.loads(run.waiting) if wait.get("kind") == "budget"]
    named = [(str(wait.get("id", "")).split(":"), wait.get("node") or "") for wait in waits]
    return [(parts[1], node) for parts, node in named if parts[0] == "budget" and len(parts) > 1]
