"""The one door to models and tools. Each of its two functions reads as the list of what happens to a call.

Design note. Everything that may be done to the world passes here, so that no call exists that nobody decided, no
money is spent that nobody held, and no call is missing in the journal. Nothing here knows a run: the desk
(governance.port) is the journal, the ledger and the inbox of one step. A step that was interrupted asks for the same
calls again in the same order: what the journal holds is handed back, neither decided, paid nor written twice.

Rejected: middleware that wraps a backend (the order, which is the point, would be spread over registrations), and
retries in here (each attempt must be seen, so they are the engine's).
"""

from collections.abc import Mapping
from typing import Any

from governance.gate import Operation
from governance.port import Desk, Recorded
from registry import cache, lines, lookups, model_attempt, tool_attempt
from registry.calls import CallFailed, ModelAsk, Reply, ToolAsk
from registry.checks import provider_of
from registry.decisions import argument_schema, model_operation, permit, tool_operation
from registry.reservations import reserve
from registry.schemas import input_schema_of, risk_of
from registry.validation import mismatch


async def model_call(desk: Desk, ask: ModelAsk) -> Reply:
    """One answer of a model. Raises CallFailed; the desk is asked for the call's name before the first wait."""
    call = desk.next_call()
    recorded = desk.recall(call)
    if is_answered(recorded):
        return lines.recorded_reply(desk, recorded.result)
    await permit(desk, model_operation(desk.facts, call, ask), recorded)
    messages = leaving(ask.messages)
    name = _model_cache_name(desk, ask)
    if name is not None and (stored := await cache.find(name)) is not None:
        reply = lines.from_cache(stored)
        _record_cached_model(desk, call, ask, messages, reply)
        return reply
    reply = arriving(await _answered(desk, call, ask, messages))
    if name is not None:
        await cache.store(name, lines.cacheable(reply), ask.cache_ttl_s)
    return reply


async def tool_call(desk: Desk, ask: ToolAsk) -> Any:
    """One output of a tool. Raises CallFailed; the desk is asked for the call's name before the first wait."""
    call = desk.next_call()
    recorded = desk.recall(call)
    if is_answered(recorded):
        return recorded.result["output"]
    if recorded.result is not None and recorded.result.get("final"):
        raise lines.recorded_failure(recorded.result)
    try:
        _check_arguments(ask, ask.arguments)
        operation = tool_operation(desk.facts, call, ask, ask.arguments)
        arguments = await permit(desk, operation, recorded, argument_schema(ask))
        if arguments is not ask.arguments:
            _check_arguments(ask, arguments)
        _require_document(ask)
    except CallFailed as refusal:
        refusal.final = ask.by_model
        raise
    arguments = leaving(arguments)
    name = _tool_cache_name(desk, ask, arguments)
    if name is not None and (stored := await cache.find(name)) is not None:
        desk.add(
            "tool.called",
            lines.tool_called(call, ask.tool.slug, "ok", arguments, output=stored["output"], cached=True),
        )
        return stored["output"]
    output = arriving(await tool_attempt.attempt(desk, call, ask, arguments))
    if name is not None:
        await cache.store(name, {"output": output}, _tool_ttl(ask))
    return output


async def decide(desk: Desk, action: str, facts: Mapping) -> None:
    """Asks whether something other than a call may happen, such as `agent.run`. Raises CallFailed."""
    call = desk.next_call()
    await permit(desk, Operation(action, call, facts), desk.recall(call))


async def _answered(desk: Desk, call: str, ask: ModelAsk, messages: list[Mapping]) -> Reply:
    """Reserve, call, settle, record: also what failed is on record."""
    try:
        provider = await lookups.provider(desk.facts.project_id, provider_of(ask.model))
        request = model_attempt.request(desk.facts, ask, provider, messages)
        admission = model_attempt.admit(desk.facts, ask)
    except CallFailed as failure:
        desk.add("model.called", lines.model_called(call, ask.model, "error", error=failure))
        raise
    try:
        reservation = await reserve(desk, call, ask, provider, request)
    except BaseException:
        admission.dropped()
        raise
    return await model_attempt.Attempt(desk, call, ask, provider, request, reservation, admission).run()


def leaving(content: Any) -> Any:
    """What goes out, as privacy leaves it. No privacy document exists yet, so nothing is found and nothing changed."""
    return content


def arriving(content: Any) -> Any:
    """What came back, as privacy leaves it; the same holds as for `leaving`."""
    return content


def is_answered(recorded: Recorded) -> bool:
    """Whether the journal holds a good answer of this call."""
    return recorded.result is not None and recorded.result.get("status") == "ok"


def _check_arguments(ask: ToolAsk, arguments: Mapping) -> None:
    """Before anybody is asked: a policy or a person should not have to judge what cannot be called anyway."""
    if ask.tool.document is None:
        return
    fault = mismatch(input_schema_of(ask.tool.document), arguments)
    if fault:
        raise CallFailed("invalid_input", f"The arguments do not fit the tool {ask.tool.slug}: {fault}")


def _require_document(ask: ToolAsk) -> None:
    if ask.tool.document is None:
        raise CallFailed("tool_not_allowed", f"There is no tool {ask.tool.slug!r}.")


def _record_cached_model(desk: Desk, call: str, ask: ModelAsk, messages: list[Mapping], reply: Reply) -> None:
    desk.add(
        "model.called",
        lines.model_called(
            call,
            ask.model,
            "ok",
            cached=True,
            prompt=lines.prompt(desk, messages),
            response=lines.response(desk, reply),
        ),
    )


def _model_cache_name(desk: Desk, ask: ModelAsk) -> str | None:
    """What the answer is stored under; None where it is not to be used again."""
    if not ask.cache_ttl_s or ask.agent is None:
        return None
    content = [ask.messages, ask.tools, ask.response_schema, model_attempt.params_of(ask)]
    return cache.key(desk.facts.project_id, str(ask.agent), ask.model, content)


def _tool_cache_name(desk: Desk, ask: ToolAsk, arguments: Mapping) -> str | None:
    """Only what reads is used again, and only what was read by the same version of the tool."""
    if not _tool_ttl(ask) or risk_of(ask.tool.document) != "read":
        return None
    return cache.key(desk.facts.project_id, "", str(ask.tool), arguments)


def _tool_ttl(ask: ToolAsk) -> float | None:
    return ask.cache_ttl_s or ask.tool.document.get("cache_ttl_s")
