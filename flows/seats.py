"""What a card shows of who works inside a supervisor or a team: the members, and how long they may go on. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flows.checks.drawing import Lookup
from flows.members import SINGLE, Member, listed, member, members, person
from flows.turns import MOST_MESSAGES, MOST_ROUNDS

MOST_LISTED = 6
ICONS = {"agent": "bot", "flow": "workflow", "person": "users"}
PROTOCOLS = {
    "round_robin": "round robin",
    "debate": "debate",
    "swarm": "swarm",
    "vote": "vote",
    "moderated": "moderated",
}


@dataclass(frozen=True, slots=True)
class Seat:
    """One member: what it is called, the icon of its kind, and its part ("judge", "counts 2") where it has one."""

    name: str
    icon: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """`seats` are the first members, `more` counts the others; `limit` says how long they may go on."""

    seats: tuple[Seat, ...]
    more: int
    limit: str


def held(config: Mapping[str, Any], lookup: Lookup) -> Held | None:
    """Who works inside a node; None for one that holds nobody."""
    inside = members(config)
    besides = [(member(config[part]), part) for part in SINGLE if names(config, part)]
    if not inside and not besides:
        return None
    weights = config.get("weights") if isinstance(config.get("weights"), dict) else {}
    seats = [seat(each, counted(weights, each), lookup) for each in inside]
    shown = seats[: MOST_LISTED - len(besides)]
    closing = [seat(each, part, lookup) for each, part in besides]
    return Held((*shown, *closing), len(seats) - len(shown), limit_of(config))


def names(config: Mapping[str, Any], field: str) -> bool:
    return isinstance(config.get(field), str) and bool(config[field])


def seat(found: Member, part: str, lookup: Lookup) -> Seat:
    if found.kind == "person":
        return Seat(person(found.ref), ICONS["person"], part)
    called = (lookup(found.kind, found.ref) or {}).get("name")
    return Seat(called if isinstance(called, str) and called else found.slug, ICONS[found.kind], part)


def counted(weights: Mapping[str, Any], found: Member) -> str:
    weight = weights.get(found.ref, weights.get(found.slug))
    return f"counts {weight:g}" if isinstance(weight, int | float) and weight != 1 else ""


def limit_of(config: Mapping[str, Any]) -> str:
    if "workers" in config:
        rounds = config.get("max_rounds", MOST_ROUNDS)
        return f"at most {rounds} round{'' if rounds == 1 else 's'}"
    if config.get("protocol") == "vote":
        return "each votes once"
    return f"at most {config.get('max_turns', MOST_MESSAGES)} messages"


def together(config: Mapping[str, Any]) -> str:
    """How participants work together; "" for a node that has none."""
    if "participants" not in config:
        return ""
    protocol = config.get("protocol")
    called = PROTOCOLS.get(protocol, "team") if isinstance(protocol, str) else "team"
    return f"{called} of {len(listed(config['participants']))}"
