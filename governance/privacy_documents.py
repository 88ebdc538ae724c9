"""The kind `privacy`: its schema, and what is wrong with rules that fit it."""

from collections.abc import Iterator, Mapping
from typing import Any

from governance.detection import ENTITIES, NEED_MODEL
from governance.detection.scanning import has_model
from governance.documents.kinds import register_kind
from governance.models import Project
from governance.privacy.rules import ACTIONS, WHERE, strictest
from governance.refusals import Problem
from governance.schemas import MUST_BE, nearest

RESERVED = frozenset({"scan"})
NO_MODEL = (
    "{entity} is found only where the operator names a spaCy model in BATON_SPACY_MODEL, and none is named: "
    "this rule finds nothing."
)
RULE: dict[str, Any] = {
    "type": "object",
    "title": "Rule",
    "additionalProperties": False,
    "required": ["entities", "where", "action"],
    "properties": {
        "entities": {
            "type": "array",
            "items": {
                "type": "string",
                "pattern": "^[A-Z][A-Z0-9_]{0,63}$",
                MUST_BE: "the name of an entity, such as EMAIL_ADDRESS",
                "examples": list(ENTITIES),
            },
            "minItems": 1,
            "maxItems": 100,
            "uniqueItems": True,
            "title": "Entities",
            "description": "What is looked for: "
            + ", ".join(ENTITIES)
            + ". "
            + " and ".join(sorted(NEED_MODEL))
            + " are not found without a spaCy model.",
        },
        "where": {
            "type": "array",
            "items": {"enum": list(WHERE)},
            "minItems": 1,
            "uniqueItems": True,
            "title": "Where",
            "description": "Where it is looked for: on the way into or out of a run, a model, a tool; in memory, "
            "approvals and logs.",
            "default": [
                "run_input",
                "run_output",
                "model_input",
                "model_output",
                "tool_input",
                "tool_output",
            ],
        },
        "action": {
            "enum": list(ACTIONS),
            "title": "Action",
            "description": "allow: nothing; flag: noted; mask: replaced by its name for good; tokenize: replaced by a "
            "token that those who may can turn back; approve: a person has to agree; block: it goes no further. "
            "Where several rules speak of a finding the strictest holds: block, approve, tokenize, mask, flag, allow.",
            "default": "tokenize",
        },
    },
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Privacy rules",
    "type": "object",
    "additionalProperties": False,
    "required": ["kind", "slug", "rules"],
    "properties": {
        "kind": {"const": "privacy"},
        "slug": {
            "type": "string",
            "pattern": "^[a-z0-9-]{1,64}$",
            MUST_BE: "a slug: 1 to 64 of the characters a-z, 0-9 and the hyphen",
            "title": "Slug",
            "description": "Agents name it in their field privacy; the rules called default hold for all others.",
        },
        "name": {"type": "string", "maxLength": 200, "title": "Name", "description": "As lists show it."},
        "description": {
            "type": "string",
            "maxLength": 20_000,
            "title": "Description",
            "description": "Why there are these rules.",
        },
        "rules": {"type": "array", "items": RULE, "minItems": 1, "maxItems": 200, "title": "Rules"},
    },
}


def register() -> None:
    register_kind("privacy", "privacy", SCHEMA, problems)


def problems(body: Mapping[str, Any], project: Project) -> list[Problem]:
    """What is wrong with rules that fit the schema."""
    return [*_slug_problems(body), *_entity_problems(body), *_contradictions(body)]


def _slug_problems(body: Mapping[str, Any]) -> Iterator[Problem]:
    if body["slug"] in RESERVED:
        yield Problem("/slug", f"{body['slug']!r} is an address of the API: choose another slug.", "reserved")


def _entity_problems(body: Mapping[str, Any]) -> Iterator[Problem]:
    for index, rule in enumerate(body["rules"]):
        for place, entity in enumerate(rule["entities"]):
            at = f"/rules/{index}/entities/{place}"
            if entity not in ENTITIES:
                meant = nearest(entity, map(str.lower, ENTITIES))
                instead = f"did you mean {meant.upper()}?" if meant else f"there are {', '.join(ENTITIES)}."
                yield Problem(at, f"There is no entity {entity}: {instead}", "unknown_name")
            elif entity in NEED_MODEL and not has_model():
                yield Problem(at, NO_MODEL.format(entity=entity), "needs_model", "warning")


def _contradictions(body: Mapping[str, Any]) -> Iterator[Problem]:
    """Two rules that say different things about the same: the strictest holds, which somebody may not have meant."""
    said: dict[tuple[str, str], tuple[int, str]] = {}
    for index, rule in enumerate(body["rules"]):
        told: set[tuple[int, str]] = set()
        for entity in rule["entities"]:
            for where in rule["where"]:
                before, action = said.get((where, entity), (index, rule["action"]))
                said[where, entity] = (index, strictest(action, rule["action"]))
                if action != rule["action"] and (before, entity) not in told:
                    told.add((before, entity))
                    yield _contradiction(index, before, entity, where, action, rule["action"])


def _contradiction(index: int, before: int, entity: str, where: str, action: str, other: str) -> Problem:
    holds = strictest(action, other)
    message = (
        f"Rule {before + 1} says {action} and rule {index + 1} says {other} for {entity} in {where}: the strictest "
        f"holds, {holds}. Take {entity} out of one of them."
    )
    return Problem(f"/rules/{index}/action", message, "contradiction", "warning")
