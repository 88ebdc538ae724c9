"""What the places and actions of privacy rules are called, and how an action looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from governance.detection.entities import ENTITIES
from governance.privacy import rules


@dataclass(frozen=True, slots=True)
class Action:
    """`status` colours it; the icon and the word say it."""

    name: str
    label: str
    says: str
    icon: str
    status: str = ""


ACTIONS = {
    action.name: action
    for action in (
        Action(rules.ALLOW, _("Allow"), _("goes through, unnoted"), "shield-check", "succeeded"),
        Action(rules.FLAG, _("Flag"), _("goes through, noted in the run"), "flag", "queued"),
        Action(rules.MASK, _("Mask"), _("replaced by its kind, for good"), "eye", "accent"),
        Action(
            rules.TOKENIZE,
            _("Tokenize"),
            _("replaced by a token that can be restored"),
            "key-round",
            "accent",
        ),
        Action(rules.APPROVE, _("Ask for approval"), _("waits until a person agrees"), "hand", "waiting"),
        Action(rules.BLOCK, _("Block"), _("the step is refused"), "shield-x", "blocked"),
    )
}
PLACES = {
    "run_input": _("Run input"),
    "run_output": _("Run output"),
    "model_input": _("To the model"),
    "model_output": _("From the model"),
    "tool_input": _("To a tool"),
    "tool_output": _("From a tool"),
    "memory": _("Memory"),
    "approval": _("Approvals"),
    "log": _("Logs"),
}


def entity_title(name: str) -> str:
    found = ENTITIES.get(name)
    return found.title if found else name


@dataclass(frozen=True, slots=True)
class Matrix:
    """What happens to which entity where: `rows` are (entity, its title, an Action or None for each place)."""

    places: list[str]
    rows: list[tuple[str, str, list[Action | None]]]


def matrix_of(body: Mapping[str, Any]) -> Matrix:
    """The table of a document; of a draft in the making, of the rules in it that can be read."""
    ruleset = rules.Ruleset.parse({"rules": readable(body.get("rules"))})
    named = {entity for there in ruleset.actions.values() for entity in there}
    places = [place for place in rules.WHERE if place in ruleset.actions]
    rows = [
        (name, entity.title, [_action(ruleset, place, name) for place in places])
        for name, entity in ENTITIES.items()
        if name in named
    ]
    return Matrix([str(PLACES[place]) for place in places], rows)


def _action(ruleset: rules.Ruleset, place: str, entity: str) -> Action | None:
    """None where no rule speaks of it."""
    said = ruleset.actions.get(place, {}).get(entity)
    return ACTIONS[said] if said else None


def readable(found: Any) -> list[dict[str, Any]]:
    """The rules of a body that say something, whatever else a draft holds."""
    return [rule for rule in found if _is_rule(rule)] if isinstance(found, list) else []


def _is_rule(rule: Any) -> bool:
    if not isinstance(rule, dict) or rule.get("action") not in ACTIONS:
        return False
    lists = [rule.get("where"), rule.get("entities")]
    texts = all(isinstance(one, list) and all(isinstance(name, str) for name in one) for one in lists)
    return texts and set(rule["where"]) <= set(rules.WHERE)
