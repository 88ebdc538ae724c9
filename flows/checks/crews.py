"""What is odd about a crew: agents that overlap under one router or supervisor, and too many of them (R5, B1).

Two agents overlap where what their documents say of their boundary (`purpose`, `handles`, `description`) is nearly
the same: at least ALIKE, or at least SIMILAR with nearly the same tools. The similarity is the cosine of the two
sets of words, without small words and plurals: 1 for the same words, 0 for none in common. Who chooses among such
two can only guess; rules that choose do not read it. All of this is advice: warnings stop nothing.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from math import sqrt

from flows.checks.drawing import Drawing
from flows.crew import Lead, Member, leads, parts
from governance.refusals import Problem

ALIKE = 0.8
SIMILAR = 0.6
SAME_TOOLS = 0.8
FEWEST_WORDS = 3  # of fewer nothing can be said
MOST_AGENTS = 7
MOST_TOLD = 20
WORD = re.compile(r"[^\W_]+")
SMALL_WORDS = frozenset(
    "a about all an and any are as at be before but by can do does for from has have how if in into is it its not "
    "of on or out so than that the their them then there they this to up was what when where which who will with "
    "you your".split()
)


def crews(drawing: Drawing) -> Iterator[Problem]:
    yield from too_many(drawing)
    for lead in leads(drawing):
        if lead.agent is not None:
            yield from overlaps(drawing, lead)


def too_many(drawing: Drawing) -> Iterator[Problem]:
    found = parts(drawing)
    agents = {part.slug for part in found}
    if len(agents) > MOST_AGENTS:
        message = (
            f"{len(agents)} agents work in this flow: what breaks if one agent does it? "
            f"Above {MOST_AGENTS} few people can say who did what: put those together that lose nothing by it."
        )
        nodes = tuple(dict.fromkeys(part.node for part in found))
        yield Problem("/nodes", message, "many_agents", "warning", nodes)


def overlaps(drawing: Drawing, lead: Lead) -> Iterator[Problem]:
    known = [(each, words_of(each.document)) for each in lead.members]
    told = 0
    for (one, own), (other, others) in combinations(known, 2):
        alike, shared = cosine(own, others), shared_tools(one.document, other.document)
        if told < MOST_TOLD and is_overlap(alike, shared):
            told += 1
            yield drawing.at_node(overlap(lead, one, other, alike, shared), lead.node.id)


def is_overlap(alike: float, shared: float | None) -> bool:
    return alike >= ALIKE or (alike >= SIMILAR and shared is not None and shared >= SAME_TOOLS)


def overlap(lead: Lead, one: Member, other: Member, alike: float, shared: float | None) -> Problem:
    tools = "no tools" if shared is None else f"tools {shared:.0%}"
    message = (
        f"{one.slug} and {other.slug} overlap ({tools}, description sim {alike:.1f}), so {lead.node.id} can only guess "
        "between them: say in their purpose and handles what each alone is for, or make them one agent."
    )
    nodes = tuple(dict.fromkeys((lead.node.id, one.node, other.node)))
    return Problem(other.pointer, message, "agents_overlap", "warning", nodes)


def words_of(agent: Mapping) -> frozenset[str]:
    """The words of an agent's boundary, plain: payments and Payment are one."""
    handles = agent.get("handles", ())
    said = f"{agent.get('purpose', '')} {' '.join(handles)} {agent.get('description', '')}".casefold()
    found = frozenset(singular(word) for word in WORD.findall(said) if word not in SMALL_WORDS)
    return found if len(found) >= FEWEST_WORDS else frozenset()


def singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def cosine(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / sqrt(len(one) * len(other)) if one and other else 0.0


def shared_tools(one: Mapping, other: Mapping) -> float | None:
    """The share of their tools that both have, 0 to 1; None where neither has any."""
    own, others = ({ref.partition("@")[0] for ref in agent.get("tools", ())} for agent in (one, other))
    return len(own & others) / len(own | others) if own | others else None
