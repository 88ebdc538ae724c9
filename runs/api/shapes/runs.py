"""Shapes of runs, steps, events and what is asked of a run."""

from runs.api.shapes.basics import (
    ANYTHING,
    COUNT,
    IDENTIFIER,
    MOMENT,
    MONEY,
    OBJECT,
    SLUG,
    TEXT,
    TOKENS,
    WHOLE,
    body,
    list_of,
    named,
    nullable,
    record,
    text,
)

ITEM = nullable(COUNT)
STATUS = {
    "type": "string",
    "enum": ["queued", "running", "waiting", "succeeded", "failed", "cancelled"],
}
STEP_STATUS = {
    "type": "string",
    "enum": ["pending", "running", "waiting", "succeeded", "failed", "skipped", "cancelled"],
}
REDUCER = {"type": "string", "enum": ["append", "merge", "max", "min", "replace"]}
WAITING = record(
    {
        "kind": {
            "type": "string",
            "enum": ["approval", "question", "escalation", "uncertain", "budget", "timer"],
        },
        "node": nullable(TEXT),
        "iteration": nullable(WHOLE),
        "item": ITEM,
        "id": nullable(TEXT),
        "until": nullable(MOMENT),
    }
)
FAILURE = record(
    {"code": TEXT, "message": TEXT, "node": nullable(TEXT), "iteration": nullable(WHOLE)},
    optional=("node", "iteration"),
)

COMPONENTS = {
    "RunError": FAILURE,
    "Run": record(
        {
            "id": IDENTIFIER,
            "project": SLUG,
            "flow": SLUG,
            "version": WHOLE,
            "status": STATUS,
            "queue_position": nullable(WHOLE),
            "environment": TEXT,
            "trigger": TEXT,
            "labels": OBJECT,
            "pins": OBJECT,
            "input": ANYTHING,
            "output": ANYTHING,
            "error": nullable(named("RunError")),
            "waiting": list_of(WAITING),
            "cost_usd": MONEY,
            "tokens": TOKENS,
            "created_at": MOMENT,
            "started_at": nullable(MOMENT),
            "finished_at": nullable(MOMENT),
            "user": nullable(TEXT),
            "trace_id": TEXT,
            "parent": nullable(record({"run": IDENTIFIER, "node": TEXT, "iteration": WHOLE, "item": ITEM})),
            "forked_from": nullable(IDENTIFIER),
        }
    ),
    "Step": record(
        {
            "node": TEXT,
            "iteration": WHOLE,
            "item": ITEM,
            "status": STEP_STATUS,
            "port": nullable(TEXT),
            "attempts": COUNT,
            "input": ANYTHING,
            "output": ANYTHING,
            "error": nullable(named("RunError")),
            "agent": nullable(TEXT),
            "version": nullable(WHOLE),
            "cost_usd": MONEY,
            "tokens": TOKENS,
            "started_at": nullable(MOMENT),
            "finished_at": nullable(MOMENT),
            "writes": OBJECT,
        }
    ),
    "State": record(
        {
            "fields": list_of(record({"name": TEXT, "reducer": REDUCER, "schema": ANYTHING})),
            "state": nullable(OBJECT),
        }
    ),
    "Event": record(
        {
            "seq": WHOLE,
            "at": MOMENT,
            "type": TEXT,
            "node": nullable(TEXT),
            "iteration": nullable(WHOLE),
            "item": ITEM,
            "attempt": nullable(WHOLE),
            "data": OBJECT,
        }
    ),
    "Part": record({"text": TEXT}),
    "Feedback": record(
        {
            "run": IDENTIFIER,
            "user": nullable(TEXT),
            "score": WHOLE,
            "outcome": TEXT,
            "comment": TEXT,
            "at": MOMENT,
        }
    ),
}

LABELS = {
    "type": "object",
    "maxProperties": 50,
    "propertyNames": {"minLength": 1, "maxLength": 100},
    "additionalProperties": {"type": "string", "maxLength": 200},
}
FLOW = {"type": "string", "pattern": "^[a-z0-9-]{1,64}(@[1-9][0-9]{0,8})?$"}
LAUNCH = body(
    {"flow": FLOW, "input": ANYTHING, "environment": text(64), "labels": LABELS},
    optional=("environment", "labels"),
)
FORK = body(
    {
        "from_node": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"},
        "input": ANYTHING,
        "pins": {
            "type": "object",
            "maxProperties": 1000,
            "propertyNames": {"pattern": "^(agents|tools|flows)/[a-z0-9-]{1,64}(@[1-9][0-9]{0,8})?$"},
            "additionalProperties": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
        },
    },
    optional=("input", "pins"),
)
FEEDBACK = body(
    {
        "score": {"type": "integer", "minimum": 1, "maximum": 5},
        "outcome": text(200),
        "comment": text(10_000),
    },
    optional=("outcome", "comment"),
)
CANCELLATION = body({})
