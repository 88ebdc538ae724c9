"""The one door to models and tools. Each of its two functions reads as the list of what happens to a call.

Design note. Everything that may be done to the world passes here, so that no call exists that nobody decided, no
money is spent that nobody held, and no call is missing in the journal. Nothing here knows a run: the desk
(governance.port) is the journal, the ledger and the inbox of one step. A step that was interrupted asks for the same
calls again in the same order: what the journal holds is handed back, neither decided, paid nor written twice.

Rejected: middleware that wraps a backend (the order, which is the point, would be spread over registrations), and
retries in here (each attempt must be seen, so they are the engine's).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from governance.gate import Operation
from governance.port import Desk, Recorded
from governance.privacy import Ruleset
from registry import answers, cache, lines, lookups, model_attempt, privacy, tool_attempt
from registry.calls import CallFailed, ModelAsk, Reply, ToolAsk
from registry.checks import provider_of
from registry.decisions import argument_schema, model_operation, permit, tool_operation
from registry.facts import last_user_text
from registry.messages import content_of, with_content
from registry.reservations import reserve
from registry.schemas import input_schema_of, risk_of


async def model_call(desk: Desk, ask: ModelAsk) -> Reply:
    """One answer of a model. Raises CallFailed; the desk is asked for the call's name before the first wait."""
    call = desk.next_call()
    recorded = desk.recall(call)
    _refuse_anothers(call, recorded, None)
    if is_answered(recorded):
        reply = lines.recorded_reply(desk, recorded.result)
        return await answers.allowed(desk, call, reply, recorded.result.get("held"))
    rules = await privacy.rules_for(desk, ask.agent)
    ask, leaving = await _leaving(desk, call, rules, ask)
    operation = model_operation(desk.facts, call, _as_meant(desk, ask))
    await permit(desk, operation, recorded, text=last_user_text(ask.messages))
    messages = await _agreed(desk, call, ask, leaving)
    name = _model_cache_name(desk, ask)
    if name is not None and (stored := await cache.find(name)) is not None:
        reply, held = await _from_cache(desk, call, rules, ask, stored)
        return await answers.allowed(desk, call, reply, held)
    reply, held = await _answered(desk, call, ask, messages, rules)
    if name is not None and not held and _is_for_all(lines.cacheable(reply), content_of(ask.messages)):
        await cache.store(name, lines.cacheable(reply), ask.cache_ttl_s)
    return await answers.allowed(desk, call, reply, held)


async def tool_call(desk: Desk, ask: ToolAsk) -> Any:
    """One output of a tool. Raises CallFailed; the desk is asked for the call's name before the first wait."""
    call = desk.next_call()
    recorded = desk.recall(call)
    _refuse_anothers(call, recorded, ask.tool.slug)
    if is_answered(recorded):
        return await _allowed(desk, call, recorded.result["output"], recorded.result.get("held"))
    if recorded.result is not None and recorded.result.get("final"):
        raise lines.recorded_failure(recorded.result)
    rules = await privacy.rules_for(desk, ask.agent)
    leaving = await privacy.passing(desk, call, rules, "tool_input", ask.arguments)
    arguments = await _permitted(desk, call, ask, leaving.content, recorded)
    if arguments is not leaving.content:
        leaving = await privacy.passing(desk, call, rules, "tool_input", arguments)
    sent = await privacy.agreed(desk, call, "tool_input", leaving)
    ask, arguments = replace(ask, arguments=leaving.content), leaving.content
    name = _tool_cache_name(desk, ask, arguments)
    if name is not None and (stored := await cache.find(name)) is not None:
        passed = await privacy.passing(desk, call, rules, "tool_output", stored["output"])
        _record_cached_tool(desk, call, ask, passed)
        return await _allowed(desk, call, passed.content, passed.question)
    output, held = await tool_attempt.attempt(desk, call, ask, rules, sent)
    if name is not None and not held and _is_for_all(output, arguments):
        await cache.store(name, {"output": output}, _tool_ttl(ask))
    return await _allowed(desk, call, output, held)


async def decide(desk: Desk, action: str, facts: Mapping, text: str) -> None:
    """Asks whether something other than a call may happen, such as `agent.run` with `text` as the journal holds it.
    Raises CallFailed."""
    call = desk.next_call()
    await permit(desk, Operation(action, call, facts), desk.recall(call), text=text)


async def hand_over(
    desk: Desk, call: str, facts: Mapping, source: str, target: str, message: str, reason: str = ""
) -> None:
    """Asks whether `source` may hand `message` over to `target`, and records that it does, with the `reason` where
    there is one. `call` is what the desk named it. Raises CallFailed `denied` or `rejected`."""
    recorded = desk.recall(call)
    if recorded.result is not None:
        return
    given = {"text": privacy.clear(desk, message), "from": source, "to": target}
    operation = Operation("handoff", call, {**facts, "input": given})
    await permit(desk, operation, recorded, text=message)
    why = {"reason": reason} if reason else {}
    desk.add("agent.handoff", {"call": call, "from": source, "to": target, "status": "ok", **why})


async def _leaving(
    desk: Desk, call: str, rules: Ruleset | None, ask: ModelAsk
) -> tuple[ModelAsk, privacy.Passing | None]:
    """The question as the journal holds it, and what a person may still have to agree to."""
    if rules is None or not rules.speaks_of("model_input"):
        return ask, None
    content = content_of(ask.messages)
    passed = await privacy.passing(desk, call, rules, "model_input", content)
    return replace(ask, messages=with_content(ask.messages, content, passed.content)), passed


async def _agreed(desk: Desk, call: str, ask: ModelAsk, leaving: privacy.Passing | None) -> Sequence[Mapping]:
    """The messages that go out: as the journal holds them, or with the values that a person agreed to."""
    if leaving is None or not leaving.question:
        return ask.messages
    content = await privacy.agreed(desk, call, "model_input", leaving)
    return with_content(ask.messages, leaving.content, content)


async def _permitted(desk: Desk, call: str, ask: ToolAsk, arguments: Any, recorded: Recorded) -> Any:
    """The arguments, as the journal holds them, that policies and people agree to. A model is told of a refusal."""
    try:
        _check_arguments(desk, ask, ask.arguments, arguments)
        operation = tool_operation(desk.facts, call, ask, privacy.clear(desk, arguments))
        permitted = await permit(desk, operation, recorded, arguments=arguments, schema=argument_schema(ask))
        if permitted is not arguments:
            _check_arguments(desk, ask, permitted, permitted)
        _require_document(ask)
    except CallFailed as refusal:
        refusal.final = ask.by_model
        raise
    return permitted


async def _allowed(desk: Desk, call: str, output: Any, question: str | None) -> Any:
    """A tool's output, once a person agreed where that is asked for. Raises CallFailed `rejected`."""
    if question:
        await privacy.agreed(desk, call, "tool_output", privacy.Passing(output, question))
    return output


async def _answered(
    desk: Desk, call: str, ask: ModelAsk, messages: Sequence[Mapping], rules: Ruleset | None
) -> tuple[Reply, str]:
    """Reserve, call, settle, record: also what failed is on record. With the question that holds the answer back."""
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
    attempt = model_attempt.Attempt(desk, call, ask, provider, request, reservation, admission, rules)
    return await attempt.run()


async def _from_cache(
    desk: Desk, call: str, rules: Ruleset | None, ask: ModelAsk, stored: Mapping
) -> tuple[Reply, str]:
    """A stored answer as today's rules leave it, on record."""
    is_object = ask.response_schema is not None
    reply, held = await answers.arriving(desk, call, rules, lines.from_cache(stored), is_object)
    asked, said = lines.prompt(desk, ask.messages), lines.response(desk, reply)
    desk.add(
        "model.called",
        lines.model_called(call, ask.model, "ok", cached=True, prompt=asked, response=said, held=held),
    )
    return reply, held


def _record_cached_tool(desk: Desk, call: str, ask: ToolAsk, passed: privacy.Passing) -> None:
    line = lines.tool_called(
        call, ask.tool.slug, "ok", ask.arguments, output=passed.content, cached=True, held=passed.question
    )
    desk.add("tool.called", line)


def is_answered(recorded: Recorded) -> bool:
    """Whether the journal holds a good answer of this call."""
    return recorded.result is not None and recorded.result.get("status") == "ok"


def _refuse_anothers(call: str, recorded: Recorded, tool: str | None) -> None:
    """Where the journal holds another call under this name, neither is its answer handed on nor anything sent: from
    here on nobody can tell what was done. `tool` is None for a model. Raises CallFailed, which no model is told."""
    known = recorded.result
    if known is None or (known.get("tool") == tool if tool else "model" in known):
        return
    now = f"the tool {tool}" if tool else "a model"
    was = f"the tool {known['tool']}" if "tool" in known else "a model" if "model" in known else "a handoff"
    raise CallFailed(
        "step_failed",
        f"The journal holds the call {call} as one of {was}; played again, the step asks for {now} in its place. "
        "Nothing was sent. Look at what the run has done, and start it anew.",
    )


def _check_arguments(desk: Desk, ask: ToolAsk, meant: Mapping, shown: Mapping) -> None:
    """Before anybody is asked: a policy or a person should not have to judge what cannot be called anyway."""
    if ask.tool.document is None:
        return
    fault = privacy.fault(desk, input_schema_of(ask.tool.document), meant, shown)
    if fault:
        raise CallFailed("invalid_input", f"The arguments do not fit the tool {ask.tool.slug}: {fault}")


def _require_document(ask: ToolAsk) -> None:
    if ask.tool.document is None:
        raise CallFailed("tool_not_allowed", f"There is no tool {ask.tool.slug!r}.")


def _as_meant(desk: Desk, ask: ModelAsk) -> ModelAsk:
    """The question for who decides: with the values behind its tokens."""
    meant = privacy.clear(desk, last_user_text(ask.messages))
    return replace(ask, messages=[{"role": "user", "content": meant}])


def _is_for_all(answer: Any, question: Any) -> bool:
    """Whether another run may have the answer too: not where it names a token that only this run has."""
    return privacy.names_in(answer) <= privacy.names_in(question)


def _model_cache_name(desk: Desk, ask: ModelAsk) -> str | None:
    """What the answer is stored under; None where it is not to be used again. Values count as well as their tokens:
    two people's equal-looking calls never meet."""
    if not ask.cache_ttl_s or ask.agent is None:
        return None
    meant = privacy.clear(desk, ask.messages)
    content = [ask.messages, meant, ask.tools, ask.response_schema, model_attempt.params_of(ask)]
    return cache.key(desk.facts.project_id, str(ask.agent), ask.model, content)


def _tool_cache_name(desk: Desk, ask: ToolAsk, arguments: Mapping) -> str | None:
    """Only what reads is used again, and only what was read by the same version of the tool."""
    if not _tool_ttl(ask) or risk_of(ask.tool.document) != "read":
        return None
    content = [arguments, privacy.clear(desk, arguments)]
    return cache.key(desk.facts.project_id, "", str(ask.tool), content)


def _tool_ttl(ask: ToolAsk) -> float | None:
    return ask.cache_ttl_s or ask.tool.document.get("cache_ttl_s")
