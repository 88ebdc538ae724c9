"""Rules: parsed policies, and whether one matches an operation. Pure: plain facts in, yes, no or a fault out.

A condition may name every fact of the contract whatever the action: one that an operation does not have is null.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from governance import expressions

ALLOW, APPROVE, DENY = "allow", "approve", "deny"
EFFECTS = (ALLOW, DENY, APPROVE)
REVIEWERS = ("role:reviewer",)
FAULT = "could not be evaluated"  # in the reason of a rule that failed
ACTIONS = ("flow.launch", "agent.run", "model.call", "tool.call", "handoff", "output.release")
FACTS = (
    "agent",
    "tool",
    "flow",
    "model",
    "arguments",
    "input",
    "output",
    "project",
    "user",
    "environment",
    "trigger",
    "run",
    "cost_usd",
)
NO_FACTS = dict.fromkeys(FACTS)
UNREADABLE = "built-in/policies-unreadable"


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy document as the gate uses it. `name` is "slug@version"; without `when` it holds always."""

    name: str
    effect: str
    actions: frozenset[str]
    when: str | None = None
    reason: str = ""
    reviewers: tuple[str, ...] = REVIEWERS
    quorum: int = 1
    four_eyes: bool = False
    due_in_s: float | None = None

    @classmethod
    def parse(cls, document: Mapping[str, Any], version: int) -> "Rule":
        """The rule of a policy document that fits its schema."""
        return cls(
            name=f"{document['slug']}@{version}",
            effect=document["effect"],
            actions=frozenset(document["actions"]),
            when=document.get("when"),
            reason=document.get("reason", ""),
            reviewers=tuple(document.get("reviewers", REVIEWERS)),
            quorum=document.get("quorum", 1),
            four_eyes=document.get("four_eyes", False),
            due_in_s=document.get("due_in_s"),
        )


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that spoke. `fault` says why it could not be evaluated: then it counts as deny."""

    rule: Rule
    fault: str | None = None

    @property
    def effect(self) -> str:
        return DENY if self.fault else self.rule.effect

    @property
    def reason(self) -> str:
        if self.fault:
            return f"The policy {self.rule.name} {FAULT}, which counts as deny: {self.fault}"
        return self.rule.reason or f"The policy {self.rule.name} says {self.rule.effect}."


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Rules in their order, ready to be asked by action."""

    rules: tuple[Rule, ...] = ()
    by_action: Mapping[str, tuple[Rule, ...]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        actions = {action for rule in self.rules for action in rule.actions}
        sorted_out = {
            action: tuple(rule for rule in self.rules if action in rule.actions) for action in actions
        }
        object.__setattr__(self, "by_action", sorted_out)

    @classmethod
    def parse(cls, documents: Iterable[tuple[Mapping[str, Any], int]]) -> "Rulebook":
        """The book of (policy document, version) pairs, by slug: the order of rules never depends on a store."""
        in_order = sorted(documents, key=lambda pair: pair[0]["slug"])
        return cls(tuple(Rule.parse(document, version) for document, version in in_order))

    @classmethod
    def closed(cls, reason: str) -> "Rulebook":
        """Where no policies can be read: everything is denied, with the reason."""
        return cls((Rule(UNREADABLE, DENY, frozenset(ACTIONS), reason=reason),))

    def matches(self, action: str, facts: Mapping[str, Any]) -> list[Match]:
        """The rules that speak of `action` with these facts, in order, those that failed among them."""
        rules = self.by_action.get(action)
        if not rules:
            return []
        whole = {**NO_FACTS, **facts}
        found = (match(rule, whole) for rule in rules)
        return [one for one in found if one is not None]


def match(rule: Rule, facts: dict[str, Any]) -> Match | None:
    """Whether the condition of `rule` holds; an error in it is a match with its fault."""
    if rule.when is None:
        return Match(rule)
    try:
        return Match(rule) if expressions.condition(rule.when, facts) else None
    except expressions.ExpressionError as error:
        return Match(rule, str(error))
