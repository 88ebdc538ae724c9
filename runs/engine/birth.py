"""How a run comes into the world: its row and its first two lines, for launches and for children alike."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.chain import Chain
from governance import clock, gate, ids
from governance.rules import Rulebook
from runs.engine.library import Pinned
from runs.engine.memory import StepKey
from runs.engine.record import RunRecord
from runs.engine.rows import EVENT_COLUMNS, NO_ITEM, dumps, loads
from runs.engine.store import Operation, marks
from runs.models import Run

COLUMNS = tuple(field.column for field in Run._meta.concrete_fields)
ATTRIBUTES = tuple(field.attname for field in Run._meta.concrete_fields)


MOST_OF_ONE_ROOT = 20_000
AS_SHOWN: Any = object()


@dataclass(frozen=True, slots=True)
class Newborn:
    """A run that is not stored yet, and the data of its first lines."""

    run: Run
    created: Mapping
    decided: Mapping
    found: Sequence[Mapping] = ()  # what privacy rules found in the input

    def event_rows(self) -> list[tuple]:
        run = self.run
        found = (("privacy.found", data) for data in self.found)
        lines = (("run.created", self.created), ("policy.decided", self.decided), *found)
        return [
            (run.id, seq, run.created_at, type, None, None, None, None, dumps(data))
            for seq, (type, data) in enumerate(lines, start=1)
        ]


def newborn(
    run: Run,
    *,
    project: str,
    username: str,
    input: Any,
    labels: Mapping,
    book: Rulebook,
    document: Mapping | None = None,
    meant: Any = AS_SHOWN,
    found: Sequence[Mapping] = (),
) -> tuple[Newborn, gate.Verdict]:
    """Fills in what every new run has and asks the gate by `book`. `run` has its flow, version, pins and owner already.

    `document` is the flow itself where the run is of no published version: it stands in the first line. `meant` is the
    input with the values behind its tokens, where it has any: the gate decides on that.
    """
    run.created_at = run.ready_at = clock.now()
    run.root_id = run.root_id or run.id
    run.trace_id = run.trace_id or secrets.token_hex(16)
    run.labels, run.seq = dumps(labels), 2 + len(found)
    facts = _facts(run, project, username, input if meant is AS_SHOWN else meant)
    operation = gate.Operation("flow.launch", "launch", facts)
    shown = gate.Operation("flow.launch", "launch", {**facts, "input": input})
    verdict = gate.told(gate.decide(operation, book), shown, book)
    created = _created(run, username, input, labels, document)
    # The first line holds everything that this was decided on.
    return Newborn(run, created, verdict.as_line(operation, {"cost_usd": 0.0}), found), verdict


def _facts(run: Run, project: str, username: str, meant: Any) -> dict[str, Any]:
    """What the policies of launches may ask; `meant` is the input with its values."""
    where = {"project": project, "user": username, "environment": run.environment}
    return {
        **where,
        "flow": {"slug": run.flow, "version": run.version},
        "trigger": run.trigger,
        "input": meant,
        "run": {**where, "id": ids.encode(run.id), "flow": run.flow, "cost_usd": 0.0},
        "cost_usd": 0.0,
    }


def _created(
    run: Run, username: str, input: Any, labels: Mapping, document: Mapping | None
) -> dict[str, Any]:
    """The data of the first line: what the run is born with."""
    created = {
        "flow": run.flow,
        "version": run.version,
        "pins": loads(run.pins),
        "input": input,
        "user": username,
        "environment": run.environment,
        "trigger": run.trigger,
        "labels": dict(labels),
        "trace_id": run.trace_id,
        "parent": parent_of(run),
    }
    return created if document is None else {**created, "document": document}


def parent_of(run: Run) -> dict | None:
    return {"run": ids.encode(run.parent_id), "node": run.parent_node} if run.parent_id else None


def child_of(
    above: RunRecord,
    key: StepKey,
    attempt: int,
    flow: Pinned,
    input: Any,
    book: Rulebook,
    meant: Any = AS_SHOWN,
    chain: Chain | None = None,
) -> tuple[Newborn, gate.Verdict]:
    """The child that an attempt of a step of `above` asks for: same pins, same trace, same person. It may be born
    unless the verdict is deny; where that is approve, it waits for a person before its first step."""
    run = Run(
        id=ids.new_id(),
        project_id=above.project_id,
        flow=flow.slug,
        version=flow.number,
        pins=above.pins,
        user_id=above.user_id,
        environment=above.environment,
        trigger="flow",
        trace_id=above.trace_id,
        root_id=above.root_id,
        parent_id=above.id,
        parent_node=key[0],
        parent_iteration=key[1],
        parent_item=NO_ITEM if key[2] is None else key[2],
        parent_attempt=attempt,
    )
    child, verdict = newborn(
        run, project=above.project, username=above.user, input=input, labels={}, book=book, meant=meant
    )
    if chain is not None and chain.links:
        child.created["chain"] = chain.as_data()
    return child, verdict


def born(child: Newborn, most: int = MOST_OF_ONE_ROOT) -> Operation:
    """Stores a child unless the step's attempt has one already. The result is (its number, whether it is
    new); no number where the launched run has `most` runs below it already: flows of flows multiply."""
    run = child.run

    def statements(vendor: str):
        known = yield (
            "SELECT id FROM runs_run WHERE parent_id=? AND parent_node=? AND parent_iteration=? AND parent_item=? "
            "AND parent_attempt=?",
            [run.parent_id, run.parent_node, run.parent_iteration, run.parent_item, run.parent_attempt],
        )
        if known:
            return known[0][0], False
        # Everything below one launched run has its trace.
        full = yield "SELECT id FROM runs_run WHERE trace_id=? LIMIT 1 OFFSET ?", [run.trace_id, most]
        if full or not most:
            return None, False
        values = [getattr(run, name) for name in ATTRIBUTES]
        yield INSERT_RUN, values
        for row in child.event_rows():
            yield INSERT_EVENT, row
        return run.id, True

    return statements


INSERT_RUN = f"INSERT INTO runs_run ({', '.join(COLUMNS)}) VALUES ({marks(len(COLUMNS))})"
INSERT_EVENT = f"INSERT INTO runs_event ({', '.join(EVENT_COLUMNS)}) VALUES ({marks(len(EVENT_COLUMNS))})"
