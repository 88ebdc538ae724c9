"""What is wrong with a team's config that its schema cannot say. Pure; pointers are relative to the node."""

from collections.abc import Iterator, Mapping

from flows.members import listed, member
from flows.teams.moderated import DONE
from flows.turns import MOST_MESSAGES
from governance.refusals import Problem, pointer

WITH_POSITIONS = ("debate", "vote")
WIDE = ("role:", "group:")  # people who may be one or many


def problems(config: Mapping) -> list[Problem]:
    return [found for check in CHECKS for found in check(config)]


def participants(config: Mapping) -> Iterator[Problem]:
    names = [each.slug for each in listed(config["participants"])]
    for place, name in enumerate(names):
        if name in names[:place]:
            message = f"{name} takes part already: name every participant once."
            yield Problem(f"/config/participants/{place}", message, "duplicate_participant")
    if config["protocol"] in WITH_POSITIONS and len(names) < 2:
        message = f"A {config['protocol']} needs two or more participants: name another one."
        yield Problem("/config/participants", message, "too_few_participants")
    if config["protocol"] == "moderated" and DONE in names:
        message = f"`{DONE}` is what a moderator says to end it: give this participant another slug."
        yield Problem(f"/config/participants/{names.index(DONE)}", message, "reserved_name")


def weights(config: Mapping) -> Iterator[Problem]:
    """A weight names a participant as it takes part, or without its version; each participant is weighed once."""
    there = {each.slug: each.ref for each in listed(config["participants"])}
    weighed: dict[str, str] = {}
    for name in config.get("weights", {}):
        slug, where = member(name).slug, f"/config/weights{pointer(name)}"
        if slug not in there:
            message = f"{name} does not take part: weigh one of {', '.join(sorted(there))}, or remove it."
            yield Problem(where, message, "unknown_participant")
        elif name not in (slug, there[slug]):
            message = f"{name} does not take part, {there[slug]} does: weigh {slug}, or remove this weight."
            yield Problem(where, message, "other_version")
        elif slug in weighed:
            message = f"{name} is weighed already, as {weighed[slug]}: keep one of the two weights."
            yield Problem(where, message, "duplicate_weight")
        else:
            weighed[slug] = name


def seats(config: Mapping) -> Iterator[Problem]:
    """Whom a role or a group may mean too: one person has one vote, so somebody else has to be there."""
    found = listed(config["participants"])
    wide = [each.ref for each in found if each.ref.startswith(WIDE)]
    if config["protocol"] != "vote" or not wide:
        return
    for place, each in enumerate(found):
        if each.ref.startswith("user:"):
            others = " or ".join(wide)
            message = f"{each.ref} has one vote, and cannot vote for {others} too: make sure that somebody else can."
            yield Problem(f"/config/participants/{place}", message, "one_vote_each", "warning")


def vote(config: Mapping) -> Iterator[Problem]:
    if config["protocol"] != "vote":
        if "quorum" in config:
            yield unused("quorum", "only a vote has a quorum")
        if "options" in config and config["protocol"] != "debate" and config.get("decide") != "judge":
            yield unused("options", "only debaters, voters and judges choose among options")
        return
    if "options" not in config:
        message = "A vote needs something to choose from: set `options`."
        yield Problem("/config", message, "missing_options")
    if config.get("quorum", 0) > len(config["participants"]):
        message = f"{config['quorum']} votes can never come from {len(config['participants'])} participants: lower it."
        yield Problem("/config/quorum", message, "quorum_too_high")
    for name in ("max_turns", "stop_when"):
        if name in config:
            yield unused(name, "in a vote everybody speaks once, all at the same time")


def deciding(config: Mapping) -> Iterator[Problem]:
    decide, protocol = config.get("decide"), config["protocol"]
    if decide == "judge" and "judge" not in config:
        message = "Nobody is there to judge: set `judge` to an agent."
        yield Problem("/config", message, "missing_judge")
    if decide != "judge" and "judge" in config:
        yield unused("judge", "the judge is asked with `decide: judge`")
    if protocol == "swarm" and decide:
        message = "In a swarm whoever answers decides: remove `decide`."
        yield Problem("/config/decide", message, "nothing_to_decide")
    elif decide in ("consensus", "majority") and protocol not in WITH_POSITIONS:
        message = f"In {protocol} nobody takes a position: only a judge could decide. Set `judge`, or remove `decide`."
        yield Problem("/config/decide", message, "nothing_to_decide")


def moderator(config: Mapping) -> Iterator[Problem]:
    if config["protocol"] == "moderated" and "moderator" not in config:
        message = "Nobody is there to say who speaks next: set `moderator` to an agent."
        yield Problem("/config", message, "missing_moderator")
    if config["protocol"] != "moderated" and "moderator" in config:
        yield unused("moderator", "only `protocol: moderated` has one")


def turns(config: Mapping) -> Iterator[Problem]:
    most, needed = config.get("max_turns", MOST_MESSAGES), len(config["participants"])
    if config["protocol"] in ("debate", "round_robin") and most < needed:
        message = f"With {most} messages {needed - most} of the {needed} participants never speak: raise `max_turns`."
        where = "/config/max_turns" if "max_turns" in config else "/config"
        yield Problem(where, message, "silent_participants", "warning")


def unused(name: str, why: str) -> Problem:
    return Problem(f"/config/{name}", f"Nothing reads this: {why}. Remove it.", "unused", "warning")


CHECKS = (participants, weights, seats, vote, deciding, moderator, turns)
