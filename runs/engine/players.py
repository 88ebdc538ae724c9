"""Who may play a step, in which order: its own agent, the agent's other models, and the fallbacks in its place.

An agent that hands over leaves the step to another, whose other models are then next in its place: a fallback model
goes on with the conversation of whoever spoke when a model failed, and nothing of what was said before is repeated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flows.graph import Node
from flows.nodes import TYPES
from runs.engine.library import Pinned, Shelf


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who plays the step: its own agent or tool, another model of it, or a fallback in its place.

    `conversation` numbers what starts anew: a fallback model goes on with the same conversation. `agent` is the slug of
    whose model it is: the step's own agent, or one that it may be handed over to.
    """

    conversation: int = 0
    ref: str | None = None
    model: str | None = None
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Turnout:
    """Where a step stands when a candidate failed: who spoke (`holder`, a slug), the candidate that it spoke as, those
    that may go on, and everybody that concerns it, each in order."""

    holder: str
    now: int
    following: tuple[int, ...]
    concerned: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Players:
    """Who may play a step, in the order they are tried. `name` is what the step itself names: an agent, a tool or its
    node. With `slas` an agent that takes longer than its SLA is replaced, while somebody is left to replace it."""

    candidates: tuple[Candidate, ...]
    name: str
    slas: tuple[float | None, ...] = ()
    escalates: bool = True

    def name_of(self, index: int, holder: str = "") -> str:
        """How people know a candidate: the model or the fallback, else who spoke, which is what the step itself names
        unless that handed over."""
        candidate = self.candidates[index]
        return (
            candidate.model or candidate.ref or (self.name if holder in ("", _slug_of(self.name)) else holder)
        )

    def models(self, candidate: int, used: Sequence[int]) -> Mapping[str, str]:
        """The models that speak instead of the agents' own, by the agents' slugs."""
        if self.candidates[candidate].conversation:
            return {}
        chosen = (self.candidates[index] for index in used)
        return {each.agent: each.model for each in chosen if each.model is not None}

    def turnout(self, candidate: int, used: Sequence[int], agent: str) -> Turnout:
        """After `candidate` failed while `agent` spoke ("": nobody did). `used` are those that had their turn."""
        starts_anew = self.candidates[candidate].conversation > 0
        holder = _slug_of(self.name if starts_anew or not agent else agent)
        models = [index for index, each in enumerate(self.candidates) if each.model and each.agent == holder]
        spoken = [candidate] if starts_anew else [index for index in used if index in models]
        left = [] if starts_anew else [index for index in models if index not in used]
        others = [index for index, each in enumerate(self.candidates) if each.ref]
        return Turnout(
            holder,
            spoken[-1] if spoken else 0,
            (*left, *(index for index in others if index > candidate)),
            (0, *models, *others),
        )

    def sla_s(self, index: int) -> float | None:
        return self.slas[index] if self.slas and index + 1 < len(self.candidates) else None


def players_of(node: Node, shelf: Shelf) -> Players:
    """Those of a node. What takes as long as others do for it (a map, a supervisor, a team) has no SLA of its own.

    The fallbacks stand in for the step's own agent or tool. A team has none: they stand in for its participants, each
    in its turn, and what then failed would fail in a second meeting as well.
    """
    agent = node.config.get("agent", "")
    own = agent or node.config.get("tool")
    name, fallback = str(own or node.id), node.fallback if own else ()
    return cast_of(shelf, agent, fallback, name, has_slas=not TYPES[node.type].holds_items)


def cast_of(
    shelf: Shelf,
    agent: str,
    fallback: Sequence[str],
    name: str,
    *,
    has_slas: bool = True,
    escalates: bool = True,
) -> Players:
    """The agent, its other models, those of whom it may be handed over to, and the fallback agents in its place."""
    found, pinned = [Candidate()], shelf.get("agents", agent)
    for each in _speakers(shelf, pinned):
        found += [
            Candidate(model=model, agent=each.slug) for model in each.content.get("fallback_models", ())
        ]
    found += [Candidate(number, ref=ref) for number, ref in enumerate(fallback, start=1) if ref != agent]
    if not has_slas or pinned is None:
        return Players(tuple(found), name, escalates=escalates)
    slas = tuple(_sla_s(shelf, candidate.ref or agent) for candidate in found)
    return Players(tuple(found), name, slas if any(slas) else (), escalates)


def _speakers(shelf: Shelf, agent: Pinned | None) -> list[Pinned]:
    """The agent, and everybody to whom it may be handed over from there, each once: the nearest first."""
    queue = [] if agent is None else [agent]
    found = {each.slug: each for each in queue}
    for each in queue:
        for ref in each.content.get("delegation", {}).get("to", ()):
            target = shelf.get("agents", ref)
            if target is not None and target.slug not in found:
                found[target.slug] = target
                queue.append(target)
    return list(found.values())


def _slug_of(ref: str) -> str:
    return ref.partition("@")[0]


def _sla_s(shelf: Shelf, agent: str) -> float | None:
    """None of one that may let others answer: their time is not its own."""
    pinned = shelf.get("agents", agent)
    if pinned is None or pinned.content.get("delegation", {}).get("to"):
        return None
    return pinned.content.get("sla", {}).get("latency_s")
