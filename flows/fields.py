"""JSON Schema fragments that the flow document and its node types share."""

from collections.abc import Mapping

from governance.schemas import MUST_BE

SLUG = "^[a-z0-9-]{1,64}$"
REFERENCE = "^[a-z0-9-]{1,64}(@[1-9][0-9]{0,8})?$"
REVIEWER = "^(role:(viewer|author|operator|reviewer|admin)|user:[^\\s:]{1,150}|group:[a-z0-9-]{1,64})$"
PORT = "^[A-Za-z][A-Za-z0-9_-]{0,63}$"
A_SLUG = "a slug: 1 to 64 of the characters a-z, 0-9 and the hyphen"
A_PORT = "the name of a port: a letter, then up to 63 of letters, digits, hyphen and underscore"
RESERVED_PORTS = frozenset(
    "out else otherwise error exhausted approved rejected timed_out no_consensus".split()
)
LONGEST_TEXT = 100_000
LONGEST_TIME_S = 86_400
LONGEST_WAIT_S = 366 * 86_400  # people and timers may take a year; no worker is held meanwhile


def reference(of: str) -> dict:
    return {
        "type": "string",
        "pattern": REFERENCE,
        MUST_BE: "a slug, or a version of it such as writer@3",
        "description": f"{of}: `slug`, or `slug@3` for one version",
    }


def text(description: str) -> dict:
    return {"type": "string", "maxLength": LONGEST_TEXT, "description": description}


def condition(description: str) -> dict:
    return {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "description": description}


def values(description: str) -> dict:
    """An object of values, or one `= expression` that makes the object."""
    return {"type": ["object", "string"], "pattern": "^=", "description": description}


def duration(description: str) -> dict:
    return {
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": LONGEST_WAIT_S,
        "description": f"{description}, in seconds",
    }


def reviewers() -> dict:
    return {"type": "array", "items": reviewer(), "minItems": 1, "maxItems": 50, "uniqueItems": True}


def reviewer() -> dict:
    return {
        "type": "string",
        "pattern": REVIEWER,
        MUST_BE: "role: and a role, user: and a username, or group: and a group's slug, such as role:reviewer",
        "description": "`role:reviewer`, `user:rita` or `group:finance`",
    }


def json_schema(description: str) -> dict:
    return {"type": "object", "description": description}


def port() -> dict:
    return {"type": "string", "pattern": PORT, MUST_BE: A_PORT}


def strict(properties: dict, required: tuple[str, ...] = (), **more) -> dict:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


def closed(properties: Mapping[str, Mapping]) -> dict:
    """The schema of an object that has exactly these keys."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
