"""The JSON Schemas of agent, tool and provider documents (contract, section 3). Unknown fields are refused."""

from collections.abc import Mapping

from governance.models.projects import ROLES
from governance.schemas import MUST_BE, ROLES_ARE
from registry.sqlite.limits import LONGEST_STATEMENT
from registry.sqlite.placeholders import names_in
from registry.tools import TOOLS

SLUG = {
    "type": "string",
    "pattern": "^[a-z0-9-]{1,64}$",
    MUST_BE: "a slug: 1 to 64 of the characters a-z, 0-9 and the hyphen",
}
REFERENCE = {
    "type": "string",
    "pattern": "^[a-z0-9-]{1,64}(@[1-9][0-9]{0,8})?$",
    MUST_BE: "a slug, or a version of it such as lookup-charge@3",
}
MODEL = {
    "type": "string",
    "pattern": "^[a-z0-9-]{1,64}/\\S.*$",
    "maxLength": 265,
    MUST_BE: "provider/model, such as openai-main/gpt-5-mini",
}
NAME = {"type": "string", "maxLength": 200}
TEXT = {"type": "string", "maxLength": 20_000}
LONG_TEXT = {"type": "string", "maxLength": 200_000}
DOLLARS = {"type": "number", "minimum": 0, "maximum": 1_000_000}
SECONDS = {"type": "number", "exclusiveMinimum": 0, "maximum": 86_400}
COUNT = {"type": "integer", "minimum": 0, "maximum": 1_000_000}
JSON_SCHEMA = {"type": "object"}
SECRET_NAME = {
    "type": "string",
    "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$",
    MUST_BE: "the name of a secret: a letter or digit, then up to 99 of letters, digits, dot, hyphen and underscore",
}
ENTITY = {
    "type": "string",
    "pattern": "^[A-Z][A-Z0-9_]{0,63}$",
    MUST_BE: "the name of an entity, such as EMAIL_ADDRESS",
}
# Not built yet are the types of later issues: registry.checks says so instead of calling them unknown.
TOOL_TYPES = ("http", "sql", "files", "calculator", "mcp", "knowledge")
RISKS = ("read", "write", "irreversible")
LONGEST_DUE_S = 31 * 86_400  # people may take a month
MAY_REPORT = ("status", "help", "escalate", "out_of_scope")


def closed(properties: dict, required: tuple[str, ...] = ()) -> dict:
    """The schema of an object with these fields and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def listed(items: dict, most: int) -> dict:
    return {"type": "array", "items": items, "maxItems": most}


def document(kind: str, properties: dict, required: tuple[str, ...]) -> dict:
    """The schema of a kind of document: the fields that every kind has, and its own."""
    common = {"kind": {"const": kind}, "slug": SLUG, "name": NAME, "description": TEXT}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind,
        **closed({**common, **properties}, ("kind", "slug", *required)),
    }


PARAMS = {
    "type": "object",
    "properties": {
        "temperature": {"type": "number", "minimum": 0, "maximum": 2},
        "top_p": {"type": "number", "minimum": 0, "maximum": 1},
        "max_tokens": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "seed": {"type": "integer"},
        "stop": {"anyOf": [{"type": "string"}, listed({"type": "string"}, 16)]},
        "presence_penalty": {"type": "number", "minimum": -2, "maximum": 2},
        "frequency_penalty": {"type": "number", "minimum": -2, "maximum": 2},
        "reasoning_effort": {"type": "string", "maxLength": 20},
        "verbosity": {"type": "string", "maxLength": 20},
        "parallel_tool_calls": {"type": "boolean"},
    },
    "additionalProperties": False,
}

REVIEWER = {
    "type": "string",
    "maxLength": 200,
    "pattern": "^(role:(viewer|author|operator|reviewer|admin)|user:[^\\s:]{1,150}|group:[a-z0-9-]{1,64})$",
    ROLES_ARE: list(ROLES),
    MUST_BE: "role: and a role, user: and a username, or group: and a group's slug, such as role:operator",
}
REPORTS = closed(
    {
        "may": {"type": "array", "items": {"enum": list(MAY_REPORT)}, "minItems": 1, "uniqueItems": True},
        "to": {**listed(REVIEWER, 50), "minItems": 1, "uniqueItems": True},
        "due_in_s": {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST_DUE_S},
    },
    ("may",),
)

AGENT = document(
    "agent",
    {
        "purpose": TEXT,
        "handles": listed({"type": "string", "maxLength": 200}, 100),
        "delegates": listed({"type": "string", "maxLength": 500}, 100),
        "model": MODEL,
        "fallback_models": listed(MODEL, 10),
        "params": PARAMS,
        "instructions": LONG_TEXT,
        "tools": {**listed(REFERENCE, 128), "uniqueItems": True},
        "context": closed(
            {
                "history": {"type": "string", "pattern": "^[a-z_]{1,32}$", MUST_BE: "a word such as steps"},
                "last": COUNT,
                "max_tokens": {"type": "integer", "minimum": 1, "maximum": 10_000_000},
                "knowledge": listed(REFERENCE, 50),
                "memory": {"type": "string", "maxLength": 64},
            }
        ),
        "input_schema": JSON_SCHEMA,
        "output_schema": JSON_SCHEMA,
        "delegation": closed({"to": listed(REFERENCE, 100), "max_hops": COUNT}),
        "reports": REPORTS,
        "limits": closed(
            {
                "max_cost_usd_per_call": DOLLARS,
                "max_cost_usd_per_day": DOLLARS,
                "max_tool_calls": {"type": "integer", "minimum": 0, "maximum": 1000},
            }
        ),
        "sla": closed(
            {
                "latency_s": SECONDS,
                "success_rate": {"type": "number", "minimum": 0, "maximum": 1},
                "cost_usd": DOLLARS,
            }
        ),
        "privacy": SLUG,
    },
    ("model",),
)

TOOL = document(
    "tool",
    {
        "type": {"enum": list(TOOL_TYPES)},
        "config": {"type": "object"},
        "input_schema": JSON_SCHEMA,
        "output_schema": JSON_SCHEMA,
        "risk": {"enum": list(RISKS)},
        "idempotent": {"type": "boolean"},
        "timeout_s": SECONDS,
        "secrets": {**listed(SECRET_NAME, 32), "uniqueItems": True},
        "sees": listed(ENTITY, 100),
        "cache_ttl_s": {"type": "number", "minimum": 0, "maximum": 2_592_000},
    },
    ("type",),
)

HTTP_CONFIG = closed(
    {
        "method": {"type": "string"},
        "url": {"type": "string", "maxLength": 8_000},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 100},
        "query": {"type": "object", "maxProperties": 100},
        "body": True,
        "max_bytes": {"type": "integer"},
    },
    ("url",),
)
DATABASE = {
    **SLUG,
    MUST_BE: "the name of one of the project's SQLite databases, a slug such as books; databases on a network, such as "
    "PostgreSQL, are not built yet",
}
TABLE = {
    "type": "string",
    "pattern": "^[A-Za-z_][A-Za-z0-9_ -]{0,127}$",
    MUST_BE: "the name of a table or view, such as invoices",
}
SQL_CONFIG = closed(
    {
        "database": DATABASE,
        "tables": {**listed(TABLE, 200), "minItems": 1, "uniqueItems": True},
        "query": {"type": "string", "maxLength": LONGEST_STATEMENT},
        "max_rows": {"type": "integer", "minimum": 1, "maximum": 1_000},
    },
    ("database", "tables"),
)
TOOL_CONFIGS: Mapping[str, dict] = {"http": HTTP_CONFIG, "calculator": closed({}), "sql": SQL_CONFIG}

SCRIPT_ENTRY = closed(
    {
        "when": closed(
            {
                "agent": {"type": "string"},
                "node": {"type": "string"},
                "iteration": {"type": "integer", "minimum": 1},
                "turn": {"type": "integer", "minimum": 1},
                "contains": {"type": "string"},
            }
        ),
        "say": {"type": "string"},
        "json": True,
        "calls": listed(closed({"tool": {"type": "string"}, "arguments": {"type": "object"}}, ("tool",)), 64),
        "after_s": {"type": "number", "minimum": 0, "maximum": 86_400},
        "fail": closed(
            {
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "attempts": {"type": "integer", "minimum": 1},
                "retry_after_s": {"type": "number", "minimum": 0},
            },
            ("status",),
        ),
        "tokens": closed({"input": COUNT, "output": COUNT}),
    }
)
PRICE = {
    "description": "Prices in US dollars per million tokens; {unpriced: true} lets a model without a price be "
    "called under a budget, booked as 0 and marked so.",
    "anyOf": [
        closed(
            {"input_usd_per_mtok": DOLLARS, "output_usd_per_mtok": DOLLARS},
            ("input_usd_per_mtok", "output_usd_per_mtok"),
        ),
        closed({"unpriced": {"const": True}}, ("unpriced",)),
    ],
}
PROVIDER = document(
    "provider",
    {
        "type": {
            "type": "string",
            "pattern": "^[a-z0-9_-]{1,64}$",
            MUST_BE: "scripted, or a provider's name in LiteLLM such as openai, anthropic or ollama",
        },
        "api_base": {
            "type": "string",
            "maxLength": 2_000,
            "pattern": "^https?://",
            MUST_BE: "an address that starts with http:// or https://",
        },
        "secret": SECRET_NAME,
        "prices": {"type": "object", "additionalProperties": PRICE, "maxProperties": 1000},
        "script": listed(SCRIPT_ENTRY, 1000),
    },
    ("type",),
)

EXPRESSION_INPUT = closed({"expression": {"type": "string", "maxLength": 1000}}, ("expression",))
DEFAULT_INPUTS: Mapping[str, dict] = {"calculator": EXPRESSION_INPUT}
STATEMENT = {"type": "string", "minLength": 1, "maxLength": LONGEST_STATEMENT}
SCALAR_TYPES = ["string", "number", "boolean", "null"]
ANY_INPUT: Mapping = {"type": "object", "properties": {}}


def input_schema_of(tool: Mapping) -> Mapping:
    """What a tool takes: its document's `input_schema`, else what its type takes, else any object."""
    if tool.get("input_schema"):
        return tool["input_schema"]
    if tool["type"] == "sql":
        return statement_input(tool.get("config", {}))
    return DEFAULT_INPUTS.get(tool["type"], ANY_INPUT)


def statement_input(config: Mapping) -> Mapping:
    """A value for each place of a fixed statement, or else the statement."""
    if "query" in config:
        names = names_in(config["query"])
        return closed({name: {"type": SCALAR_TYPES} for name in names}, tuple(names))
    about = f"One statement in SQLite's dialect, on these tables: {', '.join(config.get('tables', ()))}."
    return closed({"sql": {**STATEMENT, "description": about}}, ("sql",))


def risk_of(tool: Mapping) -> str:
    """What the document says, else read for what touches nothing or is held to reading, and write for the others."""
    return tool.get("risk") or ("read" if tool["type"] in ("calculator", "sql") else "write")


def is_repeatable(tool: Mapping) -> bool:
    """Whether a call that may have gone out may simply be made again (contract, section 4.8)."""
    return risk_of(tool) == "read" or bool(tool.get("idempotent"))


def is_built(tool_type: str) -> bool:
    return tool_type in TOOLS
