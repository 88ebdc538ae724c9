"""The inbox as the engine writes it: statements for its one writer, sans-IO like the ledger's.

Each function returns an operation: called with the vendor it yields (sql, params) and is sent the rows.
"""

import json
from collections.abc import Callable, Generator, Sequence
from typing import Any

from governance.port import ApprovalRequest, Facts

Statements = Generator[tuple[str, Sequence[Any]], list[tuple], Any]
Operation = Callable[[str], Statements]

ANYBODY = ("role:reviewer",)  # who decides where nobody is named
NO_ITEM = -1
COLUMNS = (
    "id", "project_id", "kind", "run_id", "node", "iteration", "item", "call", "title", "payload", "schema", "editable",
    "reviewers", "quorum", "four_eyes", "launched_by_id", "on_timeout", "status", "fingerprint", "reason",
    "requested_at", "due_at",
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
CANCEL = """
    UPDATE governance_approval SET status = 'cancelled', decided_at = ? WHERE run_id = ? AND status = 'pending'"""


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
        asked_at, due_at,
    )  # fmt: skip

    def statements(vendor: str) -> Statements:
        yield f"{OPEN} ON CONFLICT (run_id, node, iteration, item, call, kind) DO NOTHING", row

    return statements


def cancelling(run_id: int, now: int, node: str | None = None, iteration: int | None = None) -> Operation:
    """Withdraws what the run still asks, or what one iteration of one of its nodes does."""

    def statements(vendor: str) -> Statements:
        if node is None:
            yield CANCEL, (now, run_id)
        else:
            yield f"{CANCEL} AND node = ? AND iteration = ?", (now, run_id, node, iteration)

    return statements


def plain(text: str) -> str:
    """Text as a database can hold it: titles and reasons may quote what a model said."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)
