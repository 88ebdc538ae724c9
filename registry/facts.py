"""What the gate is told of a call, and what the journal keeps of that: two things, built apart.

`to_decide_…` makes the facts that conditions read: whole documents' fields, arguments and texts as they are meant,
protected values restored. `on_record` makes what a `policy.decided` line keeps, so that the decision can be computed
again (runs.recomputing): names and versions, the cost, and texts and arguments by the part of the run that holds them
anyway. What holds for the whole run (flow, project, user, environment, trigger) stands in its first line.
INVARIANT: nothing of the facts to decide on goes on record; a record is made from content as the journal holds it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from governance.port import Desk, Facts
from registry.calls import ModelAsk, Pinned, ToolAsk
from registry.schemas import risk_of

LONGEST_INLINE = 200  # bytes of JSON; what is longer is kept as a part


def to_decide_model(facts: Facts, ask: ModelAsk) -> dict[str, Any]:
    return {
        **_where(facts, ask.facts),
        "agent": agent_fact(ask.agent),
        "tool": None,
        "model": ask.model,
        "input": {"text": last_user_text(ask.messages)},
    }


def to_decide_tool(facts: Facts, ask: ToolAsk, arguments: Mapping) -> dict[str, Any]:
    return {
        **_where(facts, ask.facts),
        "agent": agent_fact(ask.agent),
        "tool": tool_fact(ask.tool),
        "arguments": arguments,
    }


def agent_fact(agent: Pinned | None) -> dict[str, Any] | None:
    if agent is None:
        return None
    return {
        "slug": agent.slug,
        "version": agent.version,
        "tools": list((agent.document or {}).get("tools", ())),
    }


def tool_fact(tool: Pinned) -> dict[str, Any]:
    document = tool.document
    return {
        "slug": tool.slug,
        "version": tool.version,
        "type": document["type"] if document else None,
        "risk": risk_of(document) if document else None,
        "idempotent": bool(document and document.get("idempotent")),
    }


def on_record(
    desk: Desk,
    facts: Mapping[str, Any],
    *,
    text: str | None = None,
    arguments: Mapping | None = None,
) -> dict[str, Any]:
    """What the journal keeps: {cost_usd, agent?: "slug@n", tool?: "slug@n", model?, text? or text_part?, arguments? or
    arguments_part?}. `text` and `arguments` are as the journal holds them; of `facts` only names, versions and the
    cost are read."""
    kept: dict[str, Any] = {"cost_usd": facts.get("cost_usd", 0)}
    for name in ("agent", "tool"):
        if facts.get(name):
            kept[name] = f"{facts[name]['slug']}@{facts[name]['version']}"
    if facts.get("model"):
        kept["model"] = facts["model"]
    given = facts.get("input")
    if isinstance(given, Mapping) and {"from", "to"} <= given.keys() and text is not None:
        kept |= {"from": given["from"], "to": given["to"]}
    if text is not None:
        kept |= _short_or_part(desk, "text", text, text)
    if arguments is not None:
        kept |= _short_or_part(desk, "arguments", arguments, orjson.dumps(arguments, default=list).decode())
    return kept


def _short_or_part(desk: Desk, name: str, value: Any, text: str) -> dict[str, Any]:
    return {name: value} if len(text) <= LONGEST_INLINE else {f"{name}_part": desk.keep(text)}


def last_user_text(messages: Sequence[Mapping]) -> str:
    return next(
        (message.get("content") or "" for message in reversed(messages) if message["role"] == "user"), ""
    )


def _where(facts: Facts, more: Mapping) -> dict[str, Any]:
    """The facts that hold for everything the step does; `more` is what only the caller knows (the run's cost)."""
    return {
        "flow": {"slug": facts.flow},
        "project": facts.project,
        "user": facts.user,
        "environment": facts.environment,
        "trigger": facts.trigger,
        "run": {"id": facts.run_public_id},
        "cost_usd": 0,
        **more,
    }
