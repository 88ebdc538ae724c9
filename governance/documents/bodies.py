"""The body of a document: what may stand in it, its one canonical form, and what never stays in it.

Canonical text is JSON with kind, slug, name and description first and the author's order after them, so that an
exported file reads as it was written. The digest ignores the order of keys: moving a line makes no new version.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from governance import schemas
from governance.access import SLUG
from governance.documents.kinds import Kind
from governance.refusals import Problem

FIRST = ("kind", "slug", "name", "description")
RESERVED = frozenset({"scan", "simulation"})
# Fields that hold a secret, by kind: the field, and the one that names the secret from then on.
WRITE_ONLY = {"provider": ("api_key", "secret")}
NODE = re.compile(r"/nodes/(\d+)(?:/|$)")
MAX_SECRET = 10_000
MAX_BYTES = 2_000_000  # what the API takes


def canonical(body: Mapping[str, Any]) -> str:
    """The one JSON text of `body`: unicode kept, no spaces, FIRST in front."""
    ordered = {field: body[field] for field in FIRST if field in body} | dict(body)
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def digest(body: Mapping[str, Any]) -> str:
    """SHA-256 in hex of the content, whatever the order of its keys."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def take_secret(kind: Kind, body: Any) -> tuple[Any, tuple[str, str] | None, list[Problem]]:
    """Parts a write-only secret from a body: the body that is kept, (secret name, value) or None, and problems.

    No problem ever shows the value.
    """
    if kind.name not in WRITE_ONLY or not isinstance(body, dict) or WRITE_ONLY[kind.name][0] not in body:
        return body, None, []
    field, reference = WRITE_ONLY[kind.name]
    kept = {key: value for key, value in body.items() if key != field}
    value, name = body[field], f"{kind.name}-{body.get('slug')}"
    if not isinstance(value, str) or not value or len(value) > MAX_SECRET or schemas.plain_problems(value):
        return kept, None, [Problem(f"/{field}", f"{field} must be a text of 1 to {MAX_SECRET} characters.")]
    if not value.isascii() or not value.isprintable():
        message = f"{field} has characters that no key has: paste the whole key, without dots in its place."
        return kept, None, [Problem(f"/{field}", message)]
    if kept.setdefault(reference, name) != name:
        message = f"Give {field} or {reference}, not both: {field} is stored as the secret {name!r}."
        return kept, None, [Problem(f"/{field}", message)]
    return kept, (name, value), []


def unkeepable_problems(kind: Kind, slug: str, body: Any) -> list[Problem]:
    """Why `body` cannot be kept even as a draft in the making; that it does not fit the schema is no reason."""
    if not isinstance(body, dict):
        return [Problem("", f"A document is an object with the fields of a {kind.name}.", "type")]
    problems = schemas.plain_problems(body) or _identity_problems(kind, slug, body)
    if not problems and len(canonical(body).encode()) > MAX_BYTES:
        message = (
            f"This document is longer than {MAX_BYTES} bytes: move parts of it to documents of their own."
        )
        return [Problem("", message, "too_large")]
    return problems


def body_problems(kind: Kind, slug: str, body: Any) -> list[Problem]:
    """Why `body` cannot be kept as `kind` `slug`, with every error of its schema; empty for one that can."""
    if not isinstance(body, dict):
        return [Problem("", f"A document is an object with the fields of a {kind.name}.", "type")]
    problems = schemas.plain_problems(body)
    if problems:
        return problems
    problems = _identity_problems(kind, slug, body)
    told = {problem.pointer for problem in problems}
    return problems + [
        _with_node(problem, body)
        for problem in schemas.instance_problems(kind.schema, body)
        if problem.pointer not in told and not _names_identity(problem, told)
    ]


def _identity_problems(kind: Kind, slug: str, body: Mapping) -> list[Problem]:
    problems = []
    for field, expected in (("kind", kind.name), ("slug", slug)):
        if field not in body:
            problems.append(Problem(f"/{field}", f"The field {field!r} is missing: add it.", "missing_field"))
        elif body[field] != expected:
            problems.append(Problem(f"/{field}", f"The {field} must be {expected!r} here.", f"wrong_{field}"))
    if not SLUG.match(slug):
        sentence = "A slug has 1 to 64 of the characters a-z, 0-9 and the hyphen."
        problems.append(Problem("/slug", sentence, "invalid_slug"))
    elif slug in RESERVED:
        problems.append(Problem("/slug", f"The slug {slug!r} is reserved: choose another.", "reserved_slug"))
    return problems


def _with_node(problem: Problem, body: Mapping) -> Problem:
    """A pointer counts nodes; people know them by their ids."""
    found = NODE.match(problem.pointer)
    node = body["nodes"][int(found[1])] if found and isinstance(body.get("nodes"), list) else None
    name = node.get("id") if isinstance(node, dict) else None
    return replace(problem, nodes=(name,)) if isinstance(name, str) else problem


def _names_identity(problem: Problem, told: set[str]) -> bool:
    return problem.code == "missing_field" and any(f"{name[1:]!r}" in problem.message for name in told)
