"""The inbox as the engine writes it: statements for its one writer, sans-IO like the ledger's.

Each function returns an operation: called with the vendor it yields (sql, params) and is sent the rows. What a run
is told of an item is its outcome: {decision, payload, by: [usernames], reason, at: RFC 3339}.
"""

import json
from collections.abc import Callable, Generator, Sequence
from typing import Any

from governance import clock
from governance.port import ApprovalRequest, Facts

Statements = Generator[tuple[str, Sequence[Any]], list[tuple], Any]
Operation = Callable[[str], Statements]

ANYBODY = ("role:reviewer",)  # who decides where nobody is named
NO_ITEM = -1
COLUMNS = (
    "id", "project_id", "kind", "run_id", "node", "iteration", "item", "call", "title", "payload", "schema", "editable",
    "reviewers", "quorum", "four_eyes", "launched_by_id", "on_timeout", "status", "fingerprint", "reason",
    "requested_at", "due_at", "flow", "subject", "remind_at",
)  # fmt: skip
OPEN = " ".join(
    (
        "INSERT INTO governance_approval (",
        ", ".join(COLUMNS),
        ") VALUES (",
        ", ".join("?" * len(COLUMNS)),
        ")",
    )
)
DUE = """
    SELECT id, kind, payload FROM governance_approval
    WHERE run_id = ? AND status = 'pending' AND due_at <= ? ORDER BY id"""
TIME_OUT = """
    UPDATE governance_approval SET status = 'timed_out', outcome = ?, decided_at = ?
    WHERE id = ? AND status = 'pending'"""
OUTCOMES = "SELECT id, outcome FROM governance_approval WHERE run_id = ? AND outcome IS NOT NULL"
CANCEL = """
    UPDATE governance_approval SET status = 'cancelled', decided_at = ? WHERE run_id = ? AND status = 'pending'"""

WITHDRAW = """
    UPDATE governance_approval SET status = 'cancelled', decided_at = ? WHERE id = ? AND status = 'pending'"""


def opening(
    number: int,
    request: ApprovalRequest,
    facts: Facts,
    launched_by: int | None,
    asked_at: int,
    due_at: int | None,
) -> Operation:
    """Asks once: an item for the same kind and call of the same step stays as it is.

    `number` is the id of a new item, `launched_by` the user's id, times are microseconds.
    """
    row = (
        number, facts.project_id, request.kind, facts.run, facts.node, facts.iteration,
        NO_ITEM if facts.item is None else facts.item, request.call, plain(request.title)[:500], _json(request.payload),
        _json(request.schema), request.editable, json.dumps(list(request.reviewers or ANYBODY)), request.quorum,
        request.four_eyes, launched_by, request.on_timeout, "pending", request.fingerprint, plain(request.reason),
        asked_at, due_at, facts.flow, _json(dict(request.subject)), remind_at(asked_at, due_at),
    )  # fmt: skip

    def statements(vendor: str) -> Statements:
        yield f"{OPEN} ON CONFLICT (run_id, node, iteration, item, call, kind) DO NOTHING", row

    return statements


def remind_at(asked_at: int, due_at: int | None) -> int | None:
    """When half of the time for an item has passed: from then on it is due soon."""
    return None if due_at is None else asked_at + (due_at - asked_at) // 2


def expiring(run_id: int, now: int) -> Operation:
    """Times out what is due at `now`; returns {id: outcome} of these items, where a decision came first its own."""

    def statements(vendor: str) -> Statements:
        due = yield DUE, (run_id, now)
        for number, kind, payload in due:
            yield TIME_OUT, (json.dumps(_timed_out(kind, payload, now)), now, number)
        numbers = {number for number, _, _ in due}
        rows = (yield OUTCOMES, (run_id,)) if due else []
        return {number: json.loads(outcome) for number, outcome in rows if number in numbers}

    return statements


def cancelling(run_id: int, now: int, node: str | None = None, iteration: int | None = None) -> Operation:
    """Withdraws what the run still asks, or what one iteration of one of its nodes does."""

    def statements(vendor: str) -> Statements:
        if node is None:
            yield CANCEL, (now, run_id)
        else:
            yield f"{CANCEL} AND node = ? AND iteration = ?", (now, run_id, node, iteration)

    return statements


def withdrawing(number: int, now: int) -> Operation:
    """Withdraws one item: what it asks is not asked any more."""

    def statements(vendor: str) -> Statements:
        yield WITHDRAW, (now, number)

    return statements


def plain(text: str) -> str:
    """Text as a database can hold it: titles and reasons may quote what a model said."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _timed_out(kind: str, payload: str | None, now: int) -> dict:
    kept = json.loads(payload) if kind == "approval" and payload is not None else None
    return {"decision": "timed_out", "payload": kept, "by": [], "reason": "", "at": clock.show(now)}


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)
