"""Who handed over to whom on the way to a step, and the guards that keep it from going on for ever.

Pure. A chain is the handoffs and delegations above something that runs: a supervisor's worker stands one link below the
supervisor, and in a swarm each handoff adds a link. Two guards end it: it would be longer than the flow's
`limits.max_hops` or an agent's `delegation.max_hops` allow, or it goes in a circle, which is somebody handing the same
thing to the same other again. The circle is found at its first return, however many hops are left.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from flows.failure import StepFailed

MOST_HOPS = 5  # where neither the flow nor an agent says


class Link(NamedTuple):
    """`source` handed something to `target`; agents by slug, flows as `flow:SLUG`. `said` tells messages apart."""

    source: str
    target: str
    said: str


def said(message: str) -> str:
    """What makes two messages the same: their words, not the space between them or its case."""
    return hashlib.sha256(" ".join(message.split()).casefold().encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Chain:
    """The links so far, oldest first, and how many there may be in all."""

    most: int = MOST_HOPS
    links: tuple[Link, ...] = ()

    @classmethod
    def above(cls, kept: Mapping[str, Any] | None, most: int | None) -> "Chain":
        """What leads to a run: `kept` is its parent's (`as_data`), `most` the run's own limit."""
        most = MOST_HOPS if most is None else most
        if kept is None:
            return cls(most)
        links = tuple(Link(*link) for link in kept["links"])
        return cls(min(kept["most"], len(links) + most), links)

    def as_data(self) -> dict[str, Any] | None:
        """What a run below keeps of it; None where nothing leads there."""
        return {"most": self.most, "links": [list(link) for link in self.links]} if self.links else None

    def within(self, most: int | None) -> "Chain":
        """The same, with at most so many links after these."""
        return self if most is None else replace(self, most=min(self.most, len(self.links) + most))

    def by(self, agent: Mapping[str, Any]) -> "Chain":
        """The same as far as this agent's document lets it grow."""
        return self.within(agent.get("delegation", {}).get("max_hops"))

    def then(self, source: str, target: str, message: str) -> "Chain":
        """One link longer. Raises StepFailed `delegation_cycle` or `limit_hops`, which names the chain."""
        link = Link(source, target, said(message))
        if link in self.links:
            circle = path([*self.links[self.links.index(link) :], link])
            raise StepFailed(
                "delegation_cycle",
                f"The handoffs go in a circle: {circle}, with the same message as before. Let an agent of it answer, "
                "or hand over something new.",
            )
        if len(self.links) >= self.most:
            raise StepFailed(
                "limit_hops",
                f"The chain of handoffs is longer than the {self.most} that are allowed: {path([*self.links, link])}. "
                "Raise `limits.max_hops`, or let an agent answer sooner.",
            )
        return replace(self, links=(*self.links, link))


def path(links: Iterable[Link]) -> str:
    """`a → b → c`, as people read a chain."""
    names: list[str] = []
    for link in links:
        if not names or names[-1] != link.source:
            names.append(link.source)
        names.append(link.target)
    return " → ".join(names)
