"""Shapes of people, projects, members, groups and tokens."""

from runs.api.shapes.basics import (
    FLAG,
    IDENTIFIER,
    MOMENT,
    ROLE,
    SLUG,
    TEXT,
    USERNAME,
    body,
    list_of,
    named,
    nullable,
    record,
)
from runs.api.shapes.basics import name as name_of

LIMIT = {"type": "integer", "minimum": 1, "maximum": 1_000_000}
ROLES = {"type": "array", "items": ROLE, "minItems": 1, "uniqueItems": True}

COMPONENTS = {
    "Me": record(
        {
            "user": record({"username": TEXT, "name": TEXT, "email": TEXT, "staff": FLAG}),
            "projects": list_of(record({"slug": SLUG, "name": TEXT, "roles": list_of(ROLE)})),
        }
    ),
    "Project": record(
        {
            "slug": SLUG,
            "name": TEXT,
            "roles": list_of(ROLE),
            "max_running_runs": nullable(LIMIT),
            "created_at": MOMENT,
        }
    ),
    "Member": record({"user": TEXT, "name": TEXT, "roles": list_of(ROLE)}),
    "NewMember": record(
        {
            "user": TEXT,
            "name": TEXT,
            "roles": list_of(ROLE),
            "sign_in_link": nullable({"type": "string", "format": "uri"}),
        }
    ),
    "Group": record({"slug": SLUG, "members": list_of(TEXT)}),
    "Token": record(
        {
            "id": IDENTIFIER,
            "name": TEXT,
            "project": nullable(SLUG),
            "created_at": MOMENT,
            "expires_at": nullable(MOMENT),
            "last_used_at": {**nullable(MOMENT), "description": "Right to the minute."},
        }
    ),
    "NewToken": {"allOf": [named("Token"), record({"token": TEXT})]},
}

NEW_PROJECT = body({"slug": SLUG, "name": name_of()}, optional=("name",))
CHANGED_PROJECT = body(
    {"name": name_of(), "max_running_runs": nullable(LIMIT)},
    optional=("name", "max_running_runs"),
    minProperties=1,
)
NEW_MEMBER = body(
    {"user": USERNAME, "roles": ROLES, "name": name_of(), "email": {"type": "string", "maxLength": 254}},
    optional=("name", "email"),
)
GROUP = body(
    {"members": {"type": "array", "items": USERNAME, "maxItems": 500, "uniqueItems": True}},
)
NEW_TOKEN = body(
    {"name": name_of(), "project": nullable(SLUG), "expires_at": nullable(MOMENT)},
    optional=("project", "expires_at"),
)
