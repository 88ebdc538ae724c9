"""The published JSON Schema of a flow document: its own fields, and each node type's config.

A type that is not known here passes the schema, so that a draft can be kept; `flows.check` names it as a problem.
"""

from flows.fields import (
    A_SLUG,
    LONGEST_TIME_S,
    SLUG,
    duration,
    json_schema,
    port,
    reference,
    reviewer,
    strict,
)
from flows.nodes import TYPES
from governance.schemas import MUST_BE

MOST_NODES = 500
MOST_EDGES = 2_000
MOST_FIELDS = 100  # of the state
NAME = {"type": "string", "maxLength": 200}
PROSE = {"type": "string", "maxLength": 10_000}
NODE_ID = "^[a-z][a-z0-9_]{0,63}$"
NODE_NAME = {
    "type": "string",
    "pattern": NODE_ID,
    MUST_BE: "a node's id: a small letter, then up to 63 of small letters, digits and underscore",
}
DOLLARS = {"type": "number", "minimum": 0, "maximum": 9_000_000}
TIME = {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST_TIME_S}

RETRY = strict(
    {
        "max_attempts": {"type": "integer", "minimum": 1, "maximum": 10, "default": 3},
        "backoff_s": {"type": "number", "minimum": 0, "maximum": LONGEST_TIME_S, "default": 1},
        "factor": {"type": "number", "minimum": 1, "maximum": 100, "default": 2},
        "max_backoff_s": {"type": "number", "minimum": 0, "maximum": LONGEST_TIME_S, "default": 30},
        "jitter": {"type": "boolean", "default": True},
    }
)
POSITION = strict({"x": {"type": "number"}, "y": {"type": "number"}}, required=("x", "y"))
LIMITS = strict(
    {
        "max_cost_usd": DOLLARS,
        "timeout_s": TIME,
        "max_steps": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "max_hops": {"type": "integer", "minimum": 0, "maximum": 1_000},
    }
)
STATE = strict(
    {
        "schema": {
            **json_schema("What the state holds"),
            "properties": {"properties": {"maxProperties": MOST_FIELDS}},
        },
        "reducers": {
            "type": "object",
            "maxProperties": MOST_FIELDS,
            "additionalProperties": {"enum": ["append", "merge", "max", "min", "replace"]},
        },
    }
)
EDGE = strict(
    {
        "from": NODE_NAME,
        "port": {**port(), "default": "out"},
        "to": NODE_NAME,
        "loop": strict({"max": {"type": "integer", "minimum": 1, "maximum": 1_000}}, required=("max",)),
    },
    required=("from", "to"),
)
WRITES = {
    "type": "object",
    "description": "What the step writes to the flow's state when it succeeded: a value for each field",
    "maxProperties": MOST_FIELDS,
}
NODE = strict(
    {
        "id": NODE_NAME,
        "type": {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,63}$"},
        "name": NAME,
        "config": {"type": "object"},
        "retry": RETRY,
        "timeout_s": TIME,
        "fallback": {
            "type": "array",
            "items": reference("An agent that steps in"),
            "maxItems": 10,
            "uniqueItems": True,
        },
        "escalate": strict({"to": reviewer(), "due_in_s": duration("How long they have")}, required=("to",)),
        "on_error": {"enum": ["fail", "port"], "default": "fail"},
        "cache_ttl_s": {"type": "number", "minimum": 0, "maximum": 366 * LONGEST_TIME_S},
        "writes": WRITES,
        "position": POSITION,
        "note": PROSE,
    },
    required=("id", "type"),
)


def config_rule(kind: str, config_schema: dict) -> dict:
    """A node of `kind` has this config; where a field is required, the config is too."""
    then: dict = {"properties": {"config": {"$ref": f"#/$defs/{kind}"}}}
    if config_schema["required"]:
        then["required"] = ["config"]
    return {"if": {"properties": {"type": {"const": kind}}}, "then": then}


SCHEMA = strict(
    {
        "kind": {"const": "flow"},
        "slug": {"type": "string", "pattern": SLUG, MUST_BE: A_SLUG},
        "name": NAME,
        "description": PROSE,
        "input_schema": json_schema("What a run's input must be"),
        "limits": LIMITS,
        "state": STATE,
        "nodes": {"type": "array", "items": {"$ref": "#/$defs/node"}, "maxItems": MOST_NODES},
        "edges": {"type": "array", "items": EDGE, "maxItems": MOST_EDGES},
    },
    required=("kind", "slug", "nodes", "edges"),
    **{
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Flow",
        "$defs": {
            "node": {**NODE, "allOf": [config_rule(kind, TYPES[kind].config_schema) for kind in TYPES]},
            **{kind: node_type.config_schema for kind, node_type in TYPES.items()},
        },
    },
)
NODE_SCHEMA = {"$ref": "#/$defs/node", "$defs": SCHEMA["$defs"]}
"""A node alone, for what is said of one node."""
