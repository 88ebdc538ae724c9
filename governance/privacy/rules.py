"""Privacy rules: what happens to which finding, where. Pure: a parsed document in, an action out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.detection.entities import ENTITIES

ALLOW, FLAG, MASK, TOKENIZE, APPROVE, BLOCK = "allow", "flag", "mask", "tokenize", "approve", "block"
ACTIONS = (ALLOW, FLAG, MASK, TOKENIZE, APPROVE, BLOCK)  # from the mildest to the strictest
WHERE = (
    "run_input",
    "run_output",
    "model_input",
    "model_output",
    "tool_input",
    "tool_output",
    "memory",
    "approval",
    "log",
)
DEFAULT = "default"


def strictest(*actions: str) -> str:
    return max(actions, key=ACTIONS.index, default=ALLOW)


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A privacy document as it is asked. `actions` is {where: {entity: action}}; `name` is "slug@version"."""

    name: str
    actions: Mapping[str, Mapping[str, str]]

    @classmethod
    def parse(cls, document: Mapping[str, Any], version: int = 0) -> "Ruleset":
        """The rules of a document that fits its schema; where two speak of the same, the stricter one holds."""
        actions: dict[str, dict[str, str]] = {}
        for rule in document.get("rules", ()):
            for where in rule["where"]:
                there = actions.setdefault(where, {})
                for entity in rule["entities"]:
                    if entity in ENTITIES:
                        there[entity] = strictest(there.get(entity, ALLOW), rule["action"])
        return cls(f"{document.get('slug', '')}@{version}", actions)

    def action(self, where: str, entity: str) -> str:
        """One of ACTIONS; allow where no rule speaks of it."""
        return self.actions.get(where, {}).get(entity, ALLOW)

    def speaks_of(self, where: str) -> bool:
        """Whether anything but allow can happen there: else nothing needs to be scanned."""
        return bool(self.entities(where))

    def entities(self, where: str) -> frozenset[str]:
        """The entities that do not simply pass there."""
        return frozenset(entity for entity, action in self.actions.get(where, {}).items() if action != ALLOW)

    def strictest(self, entity: str) -> str:
        """The strictest action on `entity`, wherever."""
        return strictest(*(there.get(entity, ALLOW) for there in self.actions.values()))

    def joined(self, other: "Ruleset") -> "Ruleset":
        """Both sets at once: for every finding the stricter action."""
        places = {*self.actions, *other.actions}
        actions = {
            where: {
                entity: strictest(self.action(where, entity), other.action(where, entity))
                for entity in {*self.actions.get(where, {}), *other.actions.get(where, {})}
            }
            for where in places
        }
        return Ruleset(" + ".join(filter(None, (self.name, other.name))), actions)
