"""Shapes of usage, audit, decisions and metrics."""

from runs.api.shapes.basics import (
    ANYTHING,
    COUNT,
    IDENTIFIER,
    MOMENT,
    MONEY,
    NUMBER,
    OBJECT,
    TEXT,
    TOKENS,
    WHOLE,
    list_of,
    nullable,
    record,
)

GROUPS = ("agent", "user", "flow", "model")
USAGE = {"cost_usd": MONEY, "tokens": TOKENS, "calls": COUNT}
PERCENTILES = record({"p50": nullable(NUMBER), "p90": nullable(NUMBER), "p99": nullable(NUMBER)})
RATE = nullable({"type": "number", "minimum": 0, "maximum": 1})

COMPONENTS = {
    "Usage": record(
        {
            "results": list_of(record({**{group: TEXT for group in GROUPS}, **USAGE}, optional=GROUPS)),
            "total": record(USAGE),
        }
    ),
    "AuditEntry": record(
        {
            "seq": nullable({**WHOLE, "minimum": 1, "description": "Null for a moment, until it is sealed."}),
            "at": MOMENT,
            "actor": TEXT,
            "action": TEXT,
            "object": TEXT,
            "data": ANYTHING,
            "origin": ANYTHING,
            "prev": nullable(TEXT),
            "hash": nullable(TEXT),
        }
    ),
    "RunDecision": record(
        {
            "run": IDENTIFIER,
            "seq": WHOLE,
            "at": MOMENT,
            "node": nullable(TEXT),
            "kind": TEXT,
            "candidates": list_of(ANYTHING),
            "chosen": list_of(TEXT),
            "method": nullable(TEXT),
            "reason": TEXT,
            "policies": list_of(ANYTHING),
            "besides": {**TEXT, "description": "What would have been, were it not for what decided."},
            "facts": {
                "anyOf": [OBJECT, {"type": "null"}],
                "description": "What is on record of the facts that decided: names with versions, the cost, and texts "
                "inline or by the part of the run that holds them.",
            },
        }
    ),
    "Metrics": record(
        {
            "since": nullable(MOMENT),
            "runs": record(
                {
                    "total": COUNT,
                    "by_status": OBJECT,
                    "success_rate": RATE,
                    "latency_s": PERCENTILES,
                    "measured": COUNT,
                }
            ),
            "steps": record(
                {
                    "total": COUNT,
                    "failed": COUNT,
                    "retried": COUNT,
                    "retries": COUNT,
                    "success_rate": RATE,
                    "latency_s": PERCENTILES,
                    "measured": COUNT,
                }
            ),
            "kpis": record(
                {
                    "cost_usd": MONEY,
                    "cost_per_run_usd": nullable(MONEY),
                    "tokens": TOKENS,
                    "feedback": COUNT,
                    "mean_score": nullable(NUMBER),
                    "approvals_pending": COUNT,
                }
            ),
        }
    ),
}
