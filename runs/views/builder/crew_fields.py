"""The fields of a supervisor and of a team: who can be chosen, and which fields make sense with what is set."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from flows.members import listed, members, of_kind, person
from runs.inspection import Offered
from runs.views.forms import Choices

TALKING = ("round_robin", "debate", "swarm", "moderated")
WITH_POSITIONS = ("vote", "debate")


def by_protocol(*protocols: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda config: config.get("protocol", TALKING[0]) in protocols


def any_person(config: Mapping[str, Any]) -> bool:
    return bool(of_kind(members(config), "person"))


# When a field is drawn: what has no effect is not asked for, unless it stands there.
NEEDED: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "options": lambda config: by_protocol(*WITH_POSITIONS)(config) or config.get("decide") == "judge",
    "weights": by_protocol(*WITH_POSITIONS),
    "quorum": by_protocol("vote"),
    "max_turns": by_protocol(*TALKING),
    "stop_when": by_protocol(*TALKING),
    "moderator": by_protocol("moderated"),
    "decide": by_protocol("round_robin", "debate", "vote", "moderated"),
    "judge": lambda config: config.get("decide") == "judge",
    "due_in_s": lambda config: "participants" not in config or any_person(config),
    "second_opinion": lambda config: config.get("by") == "agent",
    "min_lead": lambda config: config.get("by") == "agent",
}


def applies(name: str, config: Mapping[str, Any]) -> bool:
    """Whether a field of the config has anything to say; what is set is always shown."""
    needed = NEEDED.get(name)
    return needed is None or name in config or needed(config)


def widgets(
    offered: Mapping[str, list[Offered]], people: list[tuple[str, str]], config: Mapping[str, Any]
) -> dict[str, Choices]:
    """Agents, flows and people to choose from, as lists of members name them: who is chosen stands first, in their
    order, which is that of their turns; who is chosen next comes after them."""
    agents = [(each.slug, called(each)) for each in offered["agent"]]
    flows = [(f"flow:{each.slug}", _("Flow: %(name)s") % {"name": called(each)}) for each in offered["flow"]]
    return {
        "/workers": Choices(chosen_first([*agents, *flows, *people], config.get("workers"))),
        "/participants": Choices(chosen_first([*agents, *people], config.get("participants"))),
        "/protocol": Choices(protocols()),
        "/decide": Choices(decisions()),
    }


def chosen_first(choices: list[tuple[str, str]], chosen: Any) -> list[tuple[str, str]]:
    known = chosen if isinstance(chosen, list) else []  # a draft may hold anything
    order = {name: place for place, name in enumerate(known) if isinstance(name, str)}
    return sorted(choices, key=lambda choice: order.get(choice[0], len(order)))


def protocols() -> list[tuple[str, str]]:
    return [
        ("round_robin", _("In turn: everybody speaks, round after round")),
        ("debate", _("Debate: positions, challenged until they agree")),
        ("vote", _("Vote: everybody once, knowing nothing of the others")),
        ("swarm", _("Swarm: whoever has the floor answers or hands it on")),
        ("moderated", _("Moderated: a moderator says who speaks next")),
    ]


def decisions() -> list[tuple[str, str]]:
    return [
        ("consensus", _("Consensus")),
        ("majority", _("Majority")),
        ("judge", _("A judge")),
    ]


def called(offered: Offered) -> str:
    return f"{offered.name} ({offered.slug})" if offered.name else offered.slug


def weights(
    schema: Mapping[str, Any], config: Mapping[str, Any], offered: Mapping[str, list[Offered]]
) -> dict[str, Any]:
    """A number for each participant, by name, instead of an object that people would have to write."""
    one = schema.get("additionalProperties")
    number = one if isinstance(one, Mapping) else {"type": "number"}
    known = {each.slug: called(each) for each in offered["agent"]}
    counted = {
        name: {**number, "title": known.get(name.partition("@")[0], person(name)), "default": 1}
        for name in names_of(config.get("participants"))
    }
    return {**schema, "properties": counted, "additionalProperties": False}


def names_of(participants: Any) -> list[str]:
    if not isinstance(participants, list):
        return []
    return [name for name in participants if listed([name])]
