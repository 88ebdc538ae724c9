"""Owns the short hand in which these tests play teams: who takes part, what they say, and what came of it."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flows.nodes import TYPES
from flows.nodes.base import Finished
from governance.schemas import instance_problems
from tests.flows.context import Calls, World, run
from tests.flows.drawings import node


def team(protocol: str, participants: Sequence[str] = ("ann", "bob"), **config) -> dict:
    given = {"participants": list(participants), "protocol": protocol, "text": "Tea or coffee?"}
    return node("t", "team", {**given, **config})


def says(*answers: Any) -> Callable[[str], Any]:
    """An agent that gives these answers one after the other, the last one again and again."""
    left = itertools.chain(answers, itertools.repeat(answers[-1]))
    return lambda text: next(left)


def holds(position: str, text: str = "Because.", **more) -> dict:
    return {"text": text, "position": position, **more}


def votes(vote: str, reason: str = "Because.") -> dict:
    return {"vote": vote, "reason": reason}


def hands(agent: str, message: str = "Yours.") -> Calls:
    return Calls([("handoff", {"agent": agent, "message": message})])


async def played(item: Mapping, agents: Mapping[str, Any], **world) -> tuple[Finished, World]:
    """The step's end, whose output fits what the node type says of it, and the world after it."""
    around = World(agents=agents, **world)
    finished = await run(item, around)
    schema = TYPES["team"].output_schema(item["config"], None)
    assert instance_problems(schema, finished.output) == []
    assert finished.ports[0] in TYPES["team"].ports(item["config"])
    return finished, around


def spoken(output: Mapping) -> list[tuple]:
    """(agent, text) of each entry, and the position where there is one."""
    return [
        tuple(entry[key] for key in ("agent", "text", "position") if key in entry)
        for entry in output["transcript"]
    ]
