"""The first thing that happens to every call: the gate is asked once, and a person where it says so.

A decision that the journal holds is neither asked for nor written again: the line carries everything that is needed
to act on it, also after a crash between the decision and the question to a person.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from governance import gate
from governance.gate import Operation
from governance.port import ApprovalRequest, Desk, Facts, Recorded
from governance.rules import ALLOW, APPROVE, DENY
from registry.calls import CallFailed, ModelAsk, Pinned, ToolAsk
from registry.schemas import input_schema_of, risk_of

TITLES = {
    "tool.call": "May {tool} be called?",
    "model.call": "May {model} be asked?",
    "agent.run": "May {agent} run?",
}


def model_operation(facts: Facts, call: str, ask: ModelAsk) -> Operation:
    return Operation(
        "model.call",
        call,
        {
            **_where(facts, ask.facts),
            "agent": _agent(ask.agent),
            "tool": None,
            "model": ask.model,
            "input": {"text": _last_user_text(ask.messages)},
        },
    )


def tool_operation(facts: Facts, call: str, ask: ToolAsk, arguments: Mapping) -> Operation:
    document = ask.tool.document
    tool = {
        "slug": ask.tool.slug,
        "version": ask.tool.version,
        "type": document["type"] if document else None,
        "risk": risk_of(document) if document else None,
        "idempotent": bool(document and document.get("idempotent")),
    }
    return Operation(
        "tool.call",
        call,
        {**_where(facts, ask.facts), "agent": _agent(ask.agent), "tool": tool, "arguments": arguments},
    )


async def permit(desk: Desk, operation: Operation, recorded: Recorded, schema: Mapping | None = None) -> Any:
    """Returns once the operation may go on, with the arguments a person may have changed (else the same object).

    Raises CallFailed `denied`, `tool_not_allowed` or `rejected`.
    """
    decision = recorded.decision or _decide(desk, operation)
    if decision["effect"] == DENY:
        raise CallFailed(decision.get("code") or "denied", decision["reason"])
    arguments = operation.facts.get("arguments")
    if decision["effect"] == ALLOW:
        return arguments
    told = await desk.decided(_request(operation, decision, schema))
    if told.decision != "approve":
        late = "Nobody decided in time." if told.decision == "timed_out" else ""
        raise CallFailed("rejected", told.reason or late or "A reviewer rejected this call.")
    changed = operation.action == "tool.call" and told.payload is not None and told.payload != arguments
    return told.payload if changed else arguments


def argument_schema(ask: ToolAsk) -> Mapping | None:
    return input_schema_of(ask.tool.document) if ask.tool.document is not None else None


def _decide(desk: Desk, operation: Operation) -> Mapping:
    """Asks the gate and writes its one line."""
    verdict = gate.decide(operation)
    line = verdict.as_event(operation)
    if verdict.effect == DENY:
        line["code"] = verdict.code
    elif verdict.effect == APPROVE:
        line |= {
            "reviewers": list(verdict.reviewers),
            "quorum": verdict.quorum,
            "four_eyes": verdict.four_eyes,
            "due_in_s": verdict.due_in_s,
        }
    desk.add("policy.decided", line)
    return line


def _request(operation: Operation, decision: Mapping, schema: Mapping | None) -> ApprovalRequest:
    facts = operation.facts
    names = {name: (facts.get(name) or {}).get("slug", "") for name in ("tool", "agent")}
    is_tool = operation.action == "tool.call"
    return ApprovalRequest(
        kind="approval",
        call=operation.call,
        title=TITLES[operation.action].format(model=facts.get("model"), **names),
        payload=facts["arguments"] if is_tool else facts.get("input"),
        fingerprint=gate.fingerprint(operation),
        reviewers=tuple(decision["reviewers"]),
        reason=decision["reason"],
        schema=schema,
        editable=is_tool,
        quorum=decision["quorum"],
        four_eyes=decision["four_eyes"],
        due_in_s=decision["due_in_s"],
    )


def _where(facts: Facts, more: Mapping) -> dict[str, Any]:
    """The facts that hold for everything the step does; `more` is what only the caller knows (the run's cost)."""
    return {
        "flow": {"slug": facts.flow},
        "project": facts.project,
        "user": facts.user,
        "environment": facts.environment,
        "trigger": facts.trigger,
        "run": facts.run_public_id,
        **more,
    }


def _agent(agent: Pinned | None) -> dict | None:
    if agent is None:
        return None
    return {"slug": agent.slug, "version": agent.version, "tools": (agent.document or {}).get("tools", ())}


def _last_user_text(messages: Sequence[Mapping]) -> str:
    return next(
        (message.get("content") or "" for message in reversed(messages) if message["role"] == "user"), ""
    )
