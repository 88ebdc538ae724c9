"""The typed state of a run, as its journal tells it: what each step wrote, and the state after it.

Folded from the lines of the steps that write, in the order of their seq: the engine does the same
(runs.engine.shared_state), so that a page shows what the next step sees.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.state import CannotWrite, Declared, declared
from runs.engine.rows import loads
from runs.models import Event, Run


@dataclass(frozen=True, slots=True)
class Written:
    """What one step wrote, as it was evaluated, and the state after it."""

    seq: int
    at: int
    node: str
    iteration: int
    writes: Mapping[str, Any]
    state: Mapping[str, Any]


@dataclass(frozen=True)
class History:
    """`writes` in the order in which they happened."""

    declared: Declared
    writes: Sequence[Written]

    @property
    def now(self) -> Mapping[str, Any]:
        return self.writes[-1].state if self.writes else self.declared.first()

    def before(self, seq: int) -> Mapping[str, Any]:
        """The state as it was when the line `seq` was written."""
        earlier = [each.state for each in self.writes if each.seq < seq]
        return earlier[-1] if earlier else self.declared.first()

    def of(self, node: str, iteration: int) -> Written | None:
        return next((each for each in self.writes if (each.node, each.iteration) == (node, iteration)), None)


def history(run: Run, document: Mapping[str, Any]) -> History | None:
    """Of a run of this flow document; None where it has no state. One query, none where no node writes."""
    found = declared(document)
    if found is None:
        return None
    writers = [node["id"] for node in document.get("nodes", ()) if node.get("writes")]
    state, writes = found.first(), []
    for seq, at, node, iteration, data in lines(run, writers) if writers else ():
        written = loads(data).get("writes") or {}
        try:
            state = found.written(state, written)
        except CannotWrite:
            continue
        if written:
            writes.append(Written(seq, at, node, iteration, written, state))
    return History(found, writes)


def lines(run: Run, nodes: Sequence[str]) -> Sequence[tuple]:
    rows = Event.objects.filter(run_id=run.id, type="step.finished", node__in=nodes)
    found = rows.exclude(item__gte=0).order_by("seq")
    return found.values_list("seq", "at", "node", "iteration", "data")
