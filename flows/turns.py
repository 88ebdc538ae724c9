"""How many turns the members of a supervisor and of a team take: what the estimates of cost and time add up. Pure.

Expected: a supervisor takes two rounds, asks each worker once, and answers. A round robin without `stop_when` takes all
its messages; with it, and in a debate, everybody speaks twice; a swarm ends with the second message, a moderated team
hears everybody once; in a vote everybody votes once. A judge speaks once at the end.

At most: MOST_DELEGATIONS a round, in `max_rounds` rounds; `max_turns` messages, a moderator before each. All that
begins anew with each `fallback` agent that takes the place of the step's own. Never more than the flow's
`limits.max_steps`, since every turn is a step.
"""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any, NamedTuple

from flows.graph import Node
from flows.members import Member, listed

MOST_DELEGATIONS = 16  # of one round of a supervisor
MOST_ROUNDS = 5
MOST_MESSAGES = 12
USUAL_ROUNDS = 2


class Turns(NamedTuple):
    """So many turns, each by one of `members`: any of them may take them all, so many at once. `is_beside`: they run at
    the same time as the step's other turns of that kind."""

    members: tuple[Member, ...]
    usual: int
    most: int
    lanes: int = 1
    is_beside: bool = False


class Rounds(NamedTuple):
    """Turns of the node's own agent that call its members: expected and at most; the answer comes on top."""

    usual: int
    most: int


def turns_of(node: Node, max_steps: int | None = None) -> list[Turns]:
    """The turns of a supervisor's or a team's members in one step; empty for a node that holds nobody."""
    find = TURNS.get(node.type)
    found = [] if find is None else find(node)
    begun = 1 + len(node.fallback)  # a fallback of the whole step begins all turns anew
    return [
        each._replace(usual=at_most(each.usual, max_steps), most=at_most(each.most * begun, max_steps))
        for each in found
    ]


def at_most(count: int, limit: int | None) -> int:
    return count if limit is None else min(count, limit)


def rounds_of(config: Mapping[str, Any]) -> Rounds:
    most = config.get("max_rounds", MOST_ROUNDS)
    return Rounds(min(USUAL_ROUNDS, most), most)


def of_supervisor(node: Node) -> list[Turns]:
    config = node.config
    workers = tuple(dict.fromkeys(listed(config["workers"])))
    most = MOST_DELEGATIONS * rounds_of(config).most
    lanes = MOST_DELEGATIONS if config.get("parallel", True) else 1
    return [Turns(workers, len(workers), most, lanes)]


def of_team(node: Node) -> list[Turns]:
    config = node.config
    speakers = tuple(listed(config["participants"]))
    most = config.get("max_turns", MOST_MESSAGES)
    found = SPEAKING[config["protocol"]](config, speakers, most)
    if "judge" in config and config.get("decide") == "judge":
        found.append(Turns((Member("agent", config["judge"]),), 1, 1))
    return found


def in_order(config: Mapping, speakers: tuple[Member, ...], most: int) -> list[Turns]:
    """Everybody has a share of the messages; the first ones have one more where they do not come out even."""
    ends_early = config["protocol"] == "debate" or "stop_when" in config
    usual = min(most, USUAL_ROUNDS * len(speakers)) if ends_early else most
    return [
        Turns((speaker,), share(usual, len(speakers), place), share(most, len(speakers), place))
        for place, speaker in enumerate(speakers)
    ]


def share(messages: int, speakers: int, place: int) -> int:
    return max(0, ceil((messages - place) / speakers))


def by_anybody(config: Mapping, speakers: tuple[Member, ...], most: int) -> list[Turns]:
    return [Turns(speakers, min(2, most), most)]


def by_moderator(config: Mapping, speakers: tuple[Member, ...], most: int) -> list[Turns]:
    usual = min(len(speakers), most)
    chosen = Turns(speakers, usual, most)
    if "moderator" not in config:  # a draft may not say it yet
        return [chosen]
    return [chosen, Turns((Member("agent", config["moderator"]),), min(usual + 1, most), most)]


def once_each(config: Mapping, speakers: tuple[Member, ...], most: int) -> list[Turns]:
    return [Turns((speaker,), 1, 1, is_beside=True) for speaker in speakers]


SPEAKING: dict[str, Callable[[Mapping, tuple[Member, ...], int], list[Turns]]] = {
    "round_robin": in_order,
    "debate": in_order,
    "swarm": by_anybody,
    "moderated": by_moderator,
    "vote": once_each,
}
TURNS: dict[str, Callable[[Node], list[Turns]]] = {"supervisor": of_supervisor, "team": of_team}
