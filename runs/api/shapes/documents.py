"""Shapes of documents, versions, checks, trials and secrets."""

from flows.alone import WORDS
from runs.api.shapes.basics import (
    ANYTHING,
    COUNT,
    FLAG,
    MOMENT,
    MONEY,
    NUMBER,
    OBJECT,
    TEXT,
    body,
    list_of,
    name,
    named,
    nullable,
    record,
)

NUMBER_OF_VERSION = {"type": "integer", "minimum": 1, "maximum": 999_999_999}

PROBLEM = {"pointer": TEXT, "code": TEXT, "message": TEXT, "nodes": list_of(TEXT)}
DOCUMENT = {
    "kind": TEXT,
    "slug": TEXT,
    "name": TEXT,
    "draft": nullable(OBJECT),
    "revision": {"type": "integer", "minimum": 0},
    "active": nullable(NUMBER_OF_VERSION),
    "document": nullable(OBJECT),
    "updated_at": MOMENT,
}

COMPONENTS = {
    "DocumentProblem": record({**PROBLEM, "severity": {"type": "string", "enum": ["error", "warning"]}}),
    "Document": record(DOCUMENT),
    "SavedDocument": record({**DOCUMENT, "problems": list_of(named("DocumentProblem"))}),
    "Version": record(
        {
            "version": NUMBER_OF_VERSION,
            "hash": TEXT,
            "document": OBJECT,
            "created_at": MOMENT,
            "created_by": nullable(TEXT),
            "active": FLAG,
        }
    ),
    "Activation": record({"version": NUMBER_OF_VERSION, "at": MOMENT, "by": nullable(TEXT)}),
    "AsOf": record({"version": NUMBER_OF_VERSION, "document": OBJECT, "since": MOMENT}),
    "DocumentHint": record({**PROBLEM, "severity": {"type": "string", "enum": ["info"]}}),
    "OneAgentAlone": record(
        {
            "agents": COUNT,
            "enough": FLAG,
            "advice": TEXT,
            "losses": list_of(
                record(
                    {
                        "kind": {"type": "string", "enum": list(WORDS)},
                        "message": TEXT,
                        "nodes": list_of(TEXT),
                    }
                )
            ),
        }
    ),
    "FlowCheck": record(
        {
            "problems": list_of(named("DocumentProblem")),
            "cost": record({"expected_usd": MONEY, "worst_usd": nullable(MONEY), "unbounded": list_of(TEXT)}),
            "time": record({"expected_s": NUMBER, "worst_s": nullable(NUMBER), "unbounded": list_of(TEXT)}),
            "hints": list_of(named("DocumentHint")),
            "alone": nullable(named("OneAgentAlone")),
        }
    ),
    "Trial": record(
        {
            "ok": FLAG,
            "output": ANYTHING,
            "error": record({"code": TEXT, "message": TEXT}),
            "latency_ms": NUMBER,
        },
        optional=("output", "error"),
    ),
    "Secret": record({"name": TEXT, "updated_at": MOMENT}),
    "JsonSchema": OBJECT,
    "Entry": record(
        {
            "openapi": TEXT,
            "docs": TEXT,
            "addresses": list_of(
                record({"path": TEXT, "methods": {"type": "object", "additionalProperties": TEXT}})
            ),
        }
    ),
    "Kinds": record({"kinds": list_of(record({"kind": TEXT, "kinds": TEXT, "schema": TEXT}))}),
}

BODY = {
    "type": "object",
    "description": "A document: its JSON Schema is at /api/v1/schemas/{kind}/.",
}
ACTIVATION = body({"version": NUMBER_OF_VERSION})
PROVIDER_TRIAL = body({"model": name()})
TOOL_TRIAL = body({"arguments": OBJECT})
SECRET = body({"value": {"type": "string", "minLength": 1, "maxLength": 10_000}})
