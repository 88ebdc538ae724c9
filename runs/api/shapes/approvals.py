"""Shapes of the inbox: approvals, questions, escalations, uncertain outcomes and their decisions."""

from governance.models.approvals import KINDS, STATUSES
from runs.api.shapes.basics import (
    ANYTHING,
    FLAG,
    IDENTIFIER,
    MOMENT,
    OBJECT,
    SLUG,
    TEXT,
    WHOLE,
    body,
    list_of,
    nullable,
    record,
    text,
)
from runs.api.shapes.runs import ITEM

DECISIONS = ("approve", "reject", "answer", "retry", "done", "repeat")

COMPONENTS = {
    "Approval": record(
        {
            "id": IDENTIFIER,
            "kind": {"type": "string", "enum": list(KINDS)},
            "project": SLUG,
            "run": IDENTIFIER,
            "node": TEXT,
            "iteration": WHOLE,
            "item": ITEM,
            "title": TEXT,
            "payload": ANYTHING,
            "schema": nullable({"anyOf": [OBJECT, FLAG]}),
            "editable": FLAG,
            "reviewers": list_of(TEXT),
            "quorum": WHOLE,
            "four_eyes": FLAG,
            "decisions": list_of(
                record(
                    {
                        "by": nullable(TEXT),
                        "decision": TEXT,
                        "payload": ANYTHING,
                        "reason": TEXT,
                        "at": MOMENT,
                    }
                )
            ),
            "status": {"type": "string", "enum": list(STATUSES)},
            "fingerprint": TEXT,
            "requested_at": MOMENT,
            "due_at": nullable(MOMENT),
            "reason": TEXT,
        }
    )
}

DECISION = body(
    {
        "decision": {"type": "string", "enum": list(DECISIONS)},
        "payload": ANYTHING,
        "reason": text(10_000),
        "fingerprint": text(400),
    },
    optional=("payload", "reason"),
)
