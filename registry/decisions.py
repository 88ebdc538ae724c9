"""The first thing that happens to every call: the gate is asked once, and a person where it says so.

A decision that the journal holds is neither asked for nor written again: the line carries everything that is needed
to act on it, also after a crash between the decision and the question to a person. Where people agreed, the policies
are asked once more, as they are by then: what was forbidden meanwhile does not happen. That is no second decision but
a note (`asked_again`); it is not asked where the call may have gone out already, so that no lost answer is buried.
What the gate decides on and what the journal and people are shown of it are apart (registry.facts): `text` and
`arguments` are as the journal holds them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from governance import gate, rulebooks
from governance.gate import Operation
from governance.port import ApprovalRequest, Decided, Desk, Facts, Recorded
from governance.rules import ALLOW, APPROVE, DENY
from registry import privacy
from registry.calls import CallFailed, ModelAsk, ToolAsk
from registry.facts import on_record, to_decide_model, to_decide_tool
from registry.schemas import input_schema_of

TITLES = {
    "tool.call": "May {tool} be called?",
    "model.call": "May {model} be asked?",
    "agent.run": "May {agent} run?",
    "handoff": "May {agent} take over?",
    "flow.launch": "May {flow} be launched?",
    "output.release": "May the output of {flow} leave?",
}


def model_operation(facts: Facts, call: str, ask: ModelAsk) -> Operation:
    return Operation("model.call", call, to_decide_model(facts, ask))


def tool_operation(facts: Facts, call: str, ask: ToolAsk, arguments: Mapping) -> Operation:
    return Operation("tool.call", call, to_decide_tool(facts, ask, arguments))


async def permit(
    desk: Desk,
    operation: Operation,
    recorded: Recorded,
    *,
    text: str | None = None,
    arguments: Mapping | None = None,
    schema: Mapping | None = None,
) -> Any:
    """Returns once the operation may go on, with the arguments a person may have changed (else the same object).

    Raises CallFailed `denied`, `tool_not_allowed` or `rejected`.
    """
    decision = recorded.decision
    if decision is None:
        book = await rulebooks.fresh(desk.facts.project_id)
        shown = _as_shown(operation, text, arguments)
        verdict = gate.told(gate.decide(operation, book), shown, book)
        kept = on_record(desk, operation.facts, text=text, arguments=arguments)
        decision = verdict.as_line(operation, kept)
        desk.add("policy.decided", decision)
    if decision["effect"] == DENY:
        raise CallFailed(decision.get("code") or "denied", decision["reason"])
    if decision["effect"] == ALLOW:
        return arguments
    shown = arguments if operation.action == "tool.call" else {"text": text}
    told = await desk.decided(request_of(operation, decision, shown, schema))
    if told.decision != "approve":
        raise CallFailed("rejected", why_not(told, "A reviewer rejected this call."))
    is_changed = operation.action == "tool.call" and told.payload is not None and told.payload != arguments
    if not recorded.sent:
        meant = told.payload if is_changed else None
        await _ask_again(desk, operation, recorded, decision, _as_shown(operation, text, arguments), meant)
    return told.payload if is_changed else arguments


def _as_shown(operation: Operation, text: str | None, arguments: Mapping | None) -> Operation:
    """The operation with its texts and arguments as the journal holds them."""
    shown = {} if text is None else {"input": {**(operation.facts.get("input") or {}), "text": text}}
    shown |= {} if arguments is None else {"arguments": arguments}
    return replace(operation, facts={**operation.facts, **shown})


async def _ask_again(
    desk: Desk,
    operation: Operation,
    recorded: Recorded,
    decision: Mapping,
    shown: Operation,
    changed: Any,
) -> None:
    """What the policies say of it by now, once people agreed; `changed` are a tool's arguments as a reviewer left them.
    Raises CallFailed `denied`."""
    said = recorded.asked_again
    if said is None:
        if changed is not None:
            shown = _as_shown(operation, None, changed)
            operation = _as_shown(operation, None, privacy.clear(desk, changed))
        said = await asked_again(
            desk.facts.project_id, operation, shown, decision, is_changed=changed is not None
        )
        if said["effect"] == DENY or operation.action == "agent.run":  # whose own calls may be out already
            desk.add("note", said)
    if said["effect"] == DENY:
        raise CallFailed("denied", said["reason"])


async def asked_again(
    project_id: int, operation: Operation, shown: Operation, decision: Mapping, *, is_changed: bool = False
) -> dict[str, Any]:
    """{kind, call, effect: allow or deny, policies, reason}: whether what people agreed to may still happen.

    A reviewer may change the arguments, but not into what others would have to approve: by policies that nobody was
    asked for.
    """
    book = await rulebooks.fresh(project_id)
    verdict = gate.told(gate.decide(operation, book), shown, book)
    others = [name for name in verdict.policies if name not in decision["policies"]]
    effect, reason = ALLOW, ""
    if verdict.effect == DENY:
        what = (
            "What the reviewer changed the call to is" if is_changed else "This was approved, but is by now"
        )
        effect, reason = DENY, f"{what} denied by {', '.join(verdict.policies)}: {verdict.reason}"
    elif verdict.effect == APPROVE and others and is_changed:
        asked = f"{', '.join(verdict.reviewers)} by {', '.join(others)}"
        effect, reason = DENY, f"This change needs the approval of {asked}: {verdict.reason}"
    said = {"policies": list(verdict.policies), "reason": reason}
    return {"kind": "asked_again", "call": operation.call, "effect": effect, **said}


def why_not(told: Decided, otherwise: str) -> str:
    """The sentence for something that people did not approve."""
    late = "Nobody decided in time." if told.decision == "timed_out" else ""
    return told.reason or late or otherwise


def argument_schema(ask: ToolAsk) -> Mapping | None:
    return input_schema_of(ask.tool.document) if ask.tool.document is not None else None


def request_of(
    operation: Operation, decision: Mapping, shown: Any, schema: Mapping | None = None
) -> ApprovalRequest:
    """What people are asked because of a recorded decision; they see `shown`, as the journal holds it."""
    facts = operation.facts
    names = {name: (facts.get(name) or {}).get("slug", "") for name in ("tool", "agent", "flow")}
    is_tool = operation.action == "tool.call"
    return ApprovalRequest(
        kind="approval",
        call=operation.call,
        title=TITLES[operation.action].format(model=facts.get("model"), **names),
        payload=shown,
        fingerprint=gate.fingerprint(operation, decision["policies"]),
        reviewers=tuple(decision["reviewers"]),
        reason=decision["reason"],
        schema=schema,
        editable=is_tool,
        quorum=decision["quorum"],
        four_eyes=decision["four_eyes"],
        due_in_s=decision["due_in_s"],
        subject=subject_of(operation, decision["policies"]),
    )


def subject_of(operation: Operation, policies: Sequence[str] = ()) -> dict[str, Any]:
    """What an item of the inbox is about: {action, tool?: {slug, version, type, risk}, agent?: {slug, version},
    model?, policies}."""
    facts = operation.facts
    found: dict[str, Any] = {"action": operation.action, "policies": list(policies)}
    for name, shown in (("tool", ("slug", "version", "type", "risk")), ("agent", ("slug", "version"))):
        if facts.get(name):
            found[name] = {key: facts[name].get(key) for key in shown}
    return found | ({"model": facts["model"]} if facts.get("model") else {})
