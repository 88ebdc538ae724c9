"""Who may play a step, in which order: its own agent, the agent's other models, and the fallbacks in its place."""

from collections.abc import Sequence
from dataclasses import dataclass

from flows.graph import Node
from flows.nodes import TYPES
from runs.engine.library import Shelf


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who plays the step: its own agent or tool, another model of it, or a fallback in its place.

    `conversation` numbers what starts anew: a fallback model goes on with the same conversation.
    """

    conversation: int = 0
    ref: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Players:
    """Who may play a step, in the order they are tried. `name` is what the step itself names: an agent, a tool or its
    node. With `slas` an agent that takes longer than its SLA is replaced, while somebody is left to replace it."""

    candidates: tuple[Candidate, ...]
    name: str
    slas: tuple[float | None, ...] = ()
    escalates: bool = True

    def name_of(self, index: int) -> str:
        """How people know a candidate: the model or the fallback, else what the step itself names."""
        candidate = self.candidates[index]
        return candidate.model or candidate.ref or self.name

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
    """The agent, its other models, and the fallback agents in its place."""
    found, pinned = [Candidate()], shelf.get("agents", agent)
    if pinned is not None:
        found += [Candidate(model=model) for model in pinned.content.get("fallback_models", ())]
    found += [Candidate(number, ref=ref) for number, ref in enumerate(fallback, start=1) if ref != agent]
    if not has_slas or pinned is None:
        return Players(tuple(found), name, escalates=escalates)
    slas = tuple(_sla_s(shelf, candidate.ref or agent) for candidate in found)
    return Players(tuple(found), name, slas if any(slas) else (), escalates)


def _sla_s(shelf: Shelf, agent: str) -> float | None:
    """None of one that may let others answer: their time is not its own."""
    pinned = shelf.get("agents", agent)
    if pinned is None or pinned.content.get("delegation", {}).get("to"):
        return None
    return pinned.content.get("sla", {}).get("latency_s")
