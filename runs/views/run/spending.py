"""What a step cost with all that worked inside it, whose part its lead is, and how long its agent may still take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Sum

from runs.models import NO_ITEM, Run, Step
from runs.views.run.drawing import Drawing

MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class Spending:
    """Sums of a step and its `items` (0: it has none). `own` is the step's alone; money is nano-dollars."""

    cost: int
    input_tokens: int
    output_tokens: int
    own: int
    items: int

    @property
    def lead_percent(self) -> int | None:
        """Which part of it the step itself cost, beside its items."""
        return round(100 * self.own / self.cost) if self.items and self.own and self.cost else None


def spending_of(step: Step, drawing: Drawing) -> Spending:
    """One query, of a step that holds others."""
    own = Spending(step.cost, step.input_tokens, step.output_tokens, step.cost, 0)
    if step.item != NO_ITEM or not drawing.holds_items(step.node):
        return own
    items = Step.objects.filter(run_id=step.run_id, node=step.node, iteration=step.iteration, item__gte=0)
    names = ("cost", "input_tokens", "output_tokens")
    found = items.aggregate(count=Count("item"), **{f"of_{name}": Sum(name, default=0) for name in names})
    sums = {name: getattr(step, name) + int(found[f"of_{name}"]) for name in names}
    return Spending(**sums, own=step.cost, items=found["count"])


def share_of_run(run: Run, step: Step, config: Mapping[str, Any]) -> int | None:
    """Percent of the run's cost that an agent's choice of the route is."""
    routes = "routes" in config and config.get("by") == "agent"
    return round(100 * step.cost / run.cost) if routes and run.cost and step.cost else None


def holds_of(lines: Sequence[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """What budgets held for each call before it went out, from a step's lines (type, data), in their order.

    `{call, name, held, charged}`: amounts as the journal has them, in dollars; `charged` None while the call is under
    way. `refused` instead of these is why a call was not made.
    """
    found: dict[Any, dict[str, Any]] = {}
    called = [(data.get("call"), data.get("model") or data.get("tool")) for _, data in lines]
    names = {call: name for call, name in called if name}
    for kind, data in lines:
        call = data.get("call")
        row = {"call": call, "name": names.get(call) or call}
        if kind == "budget.reserved":
            found[call] = row | {"held": data.get("amount_usd"), "charged": None}
        elif kind == "budget.settled" and call in found:
            found[call]["charged"] = data.get("cost_usd")
        elif kind == "budget.exceeded":
            found[call] = row | {"held": data.get("amount_usd"), "refused": data.get("reason")}
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Promise:
    """An agent's SLA while it works: seconds, and since when it is measured (microseconds)."""

    limit_s: float
    since: int

    @property
    def since_ms(self) -> int:
        return self.since // 1000

    def is_past(self, now: int) -> bool:
        return now - self.since > self.limit_s * MICROS


def promise_of(step: Step, drawing: Drawing, tried_at: int | None) -> Promise | None:
    """None of a step that does not run, or whose agent promises nothing; `tried_at`: when its last attempt began."""
    if step.status != "running" or (step.item == NO_ITEM and drawing.holds_items(step.node)):
        return None
    agent = step.agent or drawing.agent_of(drawing.nodes.get(step.node, {}))
    limit_s, since = drawing.sla_s(agent) if agent else None, tried_at or step.started_at
    return None if limit_s is None or since is None else Promise(limit_s, since)
