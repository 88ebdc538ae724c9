"""Who may answer in an agent's place, by its `delegation.to` and theirs, and how often work may be handed on. Pure."""

from collections.abc import Mapping

from flows.chain import MOST_HOPS
from flows.checks.drawing import Drawing


def hops_of(drawing: Drawing, agent: Mapping, used: int = 0) -> int:
    """How often what this agent was asked may be handed on, after `used` links of the flow's limit."""
    left = drawing.document.get("limits", {}).get("max_hops", MOST_HOPS) - used
    return max(0, min(left, agent.get("delegation", {}).get("max_hops", left)))


def stand_ins(drawing: Drawing, agent: Mapping, hops: int) -> list[str]:
    """The agents that so many handoffs may reach, each once."""
    found: dict[str, None] = {}
    reached = [agent]
    for _ in range(hops):
        named = [ref for each in reached for ref in each.get("delegation", {}).get("to", ())]
        fresh = [ref for ref in dict.fromkeys(named) if ref not in found]
        if not fresh:
            break
        found.update(dict.fromkeys(fresh))
        reached = [drawing.lookup("agent", ref) or {} for ref in fresh]
    return list(found)
