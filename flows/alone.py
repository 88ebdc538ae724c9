"""Whether one agent alone could do what a drawn flow does: what would be lost, or that nothing would be. Pure.

Compared is one agent that holds every tool and is asked once. What counts as a loss, flows.losses says.
"""

from dataclasses import dataclass
from typing import Any

from flows.checks.crews import MOST_AGENTS
from flows.checks.drawing import Drawing
from flows.costs import PriceOf
from flows.crew import parts
from flows.losses import LOOKS, Crew, Loss

WORDS = {
    "time": "time",
    "tools": "separate tools",
    "risk": "separate rights",
    "models": "different models",
    "people": "people's decisions",
    "checks": "checks in between",
    "isolation": "small failures",
    "context": "separate contexts",
}


@dataclass(frozen=True, slots=True)
class Alone:
    """`agents` counts the different agents of the flow; `advice` is a sentence."""

    agents: int
    losses: tuple[Loss, ...]
    advice: str

    @property
    def is_enough(self) -> bool:
        return not self.losses

    @property
    def is_crowded(self) -> bool:
        return self.agents > MOST_AGENTS

    def as_dict(self) -> dict[str, Any]:
        """`{agents, enough, advice, losses: [{kind, message, nodes}]}`."""
        losses = [
            {"kind": each.kind, "message": each.message, "nodes": list(each.nodes)} for each in self.losses
        ]
        return {"agents": self.agents, "enough": self.is_enough, "advice": self.advice, "losses": losses}


def alone(drawing: Drawing, price: PriceOf = lambda model: None) -> Alone:
    """`price` as in flows.estimate."""
    crew = Crew(drawing, tuple(parts(drawing)), price)
    found = len(crew.agents)
    losses = tuple(loss for look in LOOKS for loss in look(crew)) if found > 1 else ()
    return Alone(found, losses, advice(found, losses))


def advice(agents: int, losses: tuple[Loss, ...]) -> str:
    if agents == 0:
        return "No agent works in this flow, so there is nothing that one agent could take over."
    if agents == 1:
        return "One agent does all of it already."
    if not losses:
        return f"One agent is enough: nothing that the {agents} agents of this flow bring would be lost."
    kinds = ", ".join(dict.fromkeys(WORDS[loss.kind] for loss in losses))
    crowd = f" {agents} are many: ask of each what breaks without it." if agents > MOST_AGENTS else ""
    return f"One agent instead of {agents} would lose {kinds}.{crowd}"
