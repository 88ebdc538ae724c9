"""What effects and actions of policies are called, and how an effect looks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from governance.rules import ACTIONS


@dataclass(frozen=True, slots=True)
class Effect:
    """`status` colours it (static/css/components.css); the icon and the word say it."""

    name: str
    label: str
    icon: str
    status: str


EFFECTS = {
    "allow": Effect("allow", _("Allow"), "shield-check", "succeeded"),
    "approve": Effect("approve", _("Ask for approval"), "hand", "waiting"),
    "deny": Effect("deny", _("Deny"), "shield-x", "blocked"),
}
LABELS = {
    "flow.launch": _("A flow is launched"),
    "agent.run": _("An agent starts"),
    "model.call": _("A model is called"),
    "tool.call": _("A tool is called"),
    "handoff": _("An agent hands over"),
    "output.release": _("A run gives its output"),
}
FACTS = {
    "flow.launch": _("before the run: input"),
    "agent.run": _("before its step: agent, input"),
    "model.call": _("before each call: agent, model, input"),
    "tool.call": _("before each call: tool, arguments, agent"),
    "handoff": _("from one agent to another: agent, input"),
    "output.release": _("before anybody gets it: output"),
}


def effect_of(body: Mapping[str, Any]) -> Effect | None:
    """None where a draft does not say it yet, or says what there is not."""
    named = body.get("effect")
    return EFFECTS.get(named) if isinstance(named, str) else None


def action_words(actions: Any) -> list[str]:
    """The actions in the order of a run; of a draft in the making what can be understood."""
    named = set(filter(_is_text, actions)) if isinstance(actions, Iterable) else set()
    return [str(LABELS[action]) for action in ACTIONS if action in named]


def _is_text(found: Any) -> bool:
    return isinstance(found, str)
