"""Events and steps as the page's script reads them: small, with nothing that only the detail needs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from runs.engine.rows import loads
from runs.models import NO_ITEM, Event, Step

# What a span, a line of the log or a status is made of. Prompts, arguments and outputs are the detail's.
SHOWN = (
    "action",
    "after_s",
    "agent",
    "amount_usd",
    "by",
    "cached",
    "call",
    "chosen",
    "cost_usd",
    "decision",
    "due_at",
    "effect",
    "entities",
    "error",
    "from",
    "id",
    "kind",
    "model",
    "policies",
    "port",
    "ports",
    "reason",
    "reviewers",
    "round",
    "run",
    "status",
    "text",
    "title",
    "to",
    "tokens",
    "tool",
    "until",
    "user",
    "waiting",
    "where",
)
LONGEST = 300
MOST = 20  # of a list
CALLS = (
    "policy.decided",
    "approval.requested",
    "approval.decided",
    "model.called",
    "tool.called",
    "agent.handoff",
)


def events(rows: Iterable[Event]) -> list[dict]:
    """As the socket shows them, without what is long. `at` is milliseconds."""
    return [event(row) for row in rows]


def event(row: Event) -> dict:
    data = loads(row.data)
    return {
        "seq": row.seq,
        "at": row.at // 1000,
        "type": row.type,
        "node": row.node,
        "iteration": row.iteration,
        "item": None if row.item in (None, NO_ITEM) else row.item,
        "attempt": row.attempt,
        "data": {name: short(data[name]) for name in SHOWN if name in data} | turn(data),
    }


def turn(data: Mapping[str, Any]) -> dict:
    """What a member of a team is asked, or a worker: the line of the log names both."""
    asked = data.get("input")
    if "turn" not in data or not isinstance(asked, Mapping):
        return {}
    return {
        "turn": data["turn"],
        "input": {name: short(asked[name]) for name in ("agent", "task", "round", "role") if name in asked},
    }


def short(value: Any, depth: int = 3) -> Any:
    """Texts and lists cut, nesting bounded: what people and models wrote can be of any size."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
    if isinstance(value, Mapping) and depth:
        return {key[:LONGEST]: short(inner, depth - 1) for key, inner in list(value.items())[:MOST]}
    if isinstance(value, list) and depth:
        return [short(inner, depth - 1) for inner in value[:MOST]]
    return value if isinstance(value, int | float | bool | None) else None


def rows(
    steps: Iterable[Step], ports: Mapping[tuple, list[str]], more: Sequence[Mapping[tuple, Mapping[str, Any]]]
) -> list[dict]:
    """The rows of the waterfall; times in milliseconds, money in nano-dollars. `more` adds to the row of a key: {who,
    part} of turns, {tried} of a step that is tried again."""
    found = [(step, row(step, ports)) for step in steps]
    for step, drawn in found:
        for added in more:
            drawn |= added.get((step.node, step.iteration, step.item), {})
    return [drawn for _, drawn in found]


def row(step: Step, ports: Mapping[tuple, list[str]]) -> dict:
    key = (step.node, step.iteration)
    return {
        "node": step.node,
        "iteration": step.iteration,
        "item": None if step.item == NO_ITEM else step.item,
        "status": step.status,
        "ports": ports.get(key)
        if step.item == NO_ITEM and key in ports
        else [step.port]
        if step.port
        else [],
        "attempts": step.attempts,
        "agent": step.agent,
        "cost": step.cost,
        "input": step.input_tokens,
        "output": step.output_tokens,
        "start": None if step.started_at is None else step.started_at // 1000,
        "end": None if step.finished_at is None else step.finished_at // 1000,
        "place": step.started_seq or step.finished_seq,
    }


def tried_again(run_id: int, steps: Iterable[Step]) -> dict[tuple, dict[str, int]]:
    """{tried}, in milliseconds: since when a step that runs is in its present attempt, where that is not its first."""
    again = {
        (step.node, step.iteration, step.item)
        for step in steps
        if step.attempts > 1 and step.finished_at is None
    }
    if not again:
        return {}
    nodes = {node for node, _, _ in again}
    lines = Event.objects.filter(run_id=run_id, type="step.retrying", node__in=nodes).order_by("seq")
    return {
        key: {"tried": (line.at + round(loads(line.data).get("after_s", 0) * 1_000_000)) // 1000}
        for line in lines
        for key in ((line.node, line.iteration, NO_ITEM if line.item is None else line.item),)
        if key in again
    }


def calls_of(run_id: int, seq: int) -> QuerySet[Event]:
    """The events of a run's calls up to `seq`, in order."""
    found = Event.objects.filter(run_id=run_id, seq__lte=seq, type__in=CALLS, node__isnull=False)
    return found.order_by("seq")
