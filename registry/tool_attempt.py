"""One call of a tool: it goes out once, or a person says what became of it.

Design note. A call that may not be repeated (risk write or irreversible, not idempotent) is noted on disk before
it goes out. Where its answer is lost, nobody but a person can know whether it was done: the step waits for
`done` (what they give is the output), `repeat` or `reject`. A repetition is noted under a name of its own
(`2!CALL`), so that a second lost answer asks anew; its decision, its record and its Idempotency-Key stay CALL's.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from governance import gate
from governance.port import ApprovalRequest, Desk
from registry import lines, lookups
from registry.breaker import Admission, BreakerOpen
from registry.calls import CallFailed, ToolAsk
from registry.decisions import tool_operation
from registry.model_attempt import BREAKERS, guard
from registry.schemas import is_repeatable, risk_of
from registry.tools import TOOLS, CallLimits, ToolError
from registry.validation import mismatch

DEFAULT_TIMEOUT_S = 30.0
LARGEST_OUTPUT = 4_000_000  # bytes as JSON
ASKED_FIRST = frozenset({408, 425, 429})  # statuses that say: not done, come again


class _Lost(Exception):
    """The call went out and no answer came back."""


async def attempt(desk: Desk, call: str, ask: ToolAsk, arguments: Mapping) -> Any:
    """The tool's output, recorded. Raises CallFailed, recorded too."""
    if is_repeatable(ask.tool.document):
        return await _call_and_record(desk, call, ask, arguments)
    sending, tries = call, 1
    while True:
        if not desk.recall(sending).sent:
            try:
                return await _send_once(desk, call, sending, ask, arguments)
            except _Lost:
                pass
        done, output = await _asked_people(desk, call, sending, ask, arguments)
        if done:
            desk.add("tool.called", lines.tool_called(call, ask.tool.slug, "ok", arguments, output=output))
            return output
        tries += 1
        sending = f"{tries}!{call}"


async def _send_once(desk: Desk, call: str, sending: str, ask: ToolAsk, arguments: Mapping) -> Any:
    """Notes that the call goes out, waits for the disk, and calls. Raises _Lost and CallFailed."""
    admission = _admitted(desk, call, ask, arguments)
    try:
        secrets = await _secrets(desk, call, ask, arguments)
        desk.add("note", {"kind": "sent", "call": sending})
        await desk.commit(durable=True)
    except BaseException:
        admission.dropped()
        raise
    output = await _called(desk, call, ask, arguments, secrets, admission)
    await desk.commit()
    return output


async def _call_and_record(desk: Desk, call: str, ask: ToolAsk, arguments: Mapping) -> Any:
    admission = _admitted(desk, call, ask, arguments)
    try:
        secrets = await _secrets(desk, call, ask, arguments)
        await desk.commit()
    except BaseException:
        admission.dropped()
        raise
    return await _called(desk, call, ask, arguments, secrets, admission)


async def _called(
    desk: Desk, call: str, ask: ToolAsk, arguments: Mapping, secrets: dict[str, str], admission: Admission
) -> Any:
    document = ask.tool.document
    limits = CallLimits(
        timeout_s=ask.timeout_s or document.get("timeout_s") or DEFAULT_TIMEOUT_S,
        project=desk.facts.project,
        idempotency_key=f"{desk.facts.run_public_id}/{call}",
        guard=guard(),
    )
    try:
        output = await TOOLS[document["type"]].call(document, dict(arguments), secrets, limits)
    except asyncio.CancelledError:
        admission.dropped()
        if is_repeatable(document):
            _failed(desk, call, ask, arguments, CallFailed("cancelled", "The call was cancelled."))
        raise
    except ToolError as error:
        _judge(admission, error)
        if _is_lost(error, document):
            raise _Lost from error
        raise _failed(desk, call, ask, arguments, _failure(error, document)) from error
    admission.succeeded()
    fault = _output_fault(document, output)
    if fault:
        failure = CallFailed(
            "invalid_output", f"What the tool {ask.tool.slug} gave back does not fit: {fault}"
        )
        raise _failed(desk, call, ask, arguments, failure)
    desk.add("tool.called", lines.tool_called(call, ask.tool.slug, "ok", arguments, output=output))
    return output


def _is_lost(error: ToolError, document: Mapping) -> bool:
    """Whether nobody can tell if the call was done. A status is an answer."""
    return not is_repeatable(document) and error.sent and error.retryable and error.status is None


def _failure(error: ToolError, document: Mapping) -> CallFailed:
    """An irreversible call that failed half-way is not tried again by itself: a 5xx may come after the deed."""
    retryable = error.retryable
    if error.sent and risk_of(document) == "irreversible" and not document.get("idempotent"):
        retryable = retryable and error.status in ASKED_FIRST
    return CallFailed(
        error.code, error.message, retryable=retryable, retry_after_s=error.retry_after_s, status=error.status
    )


def _failed(desk: Desk, call: str, ask: ToolAsk, arguments: Mapping, failure: CallFailed) -> CallFailed:
    """Records the failure. A model is told of it, unless another attempt may fare better."""
    if failure.code != "cancelled":
        failure.final = ask.by_model and (ask.last_attempt or not failure.retryable)
    desk.add("tool.called", lines.tool_called(call, ask.tool.slug, "error", arguments, error=failure))
    return failure


def _output_fault(document: Mapping, output: Any) -> str | None:
    try:
        size = len(orjson.dumps(output))
    except TypeError as error:
        return f"$: {error}"
    if size > LARGEST_OUTPUT:
        return f"$: it has {size:,} bytes; {LARGEST_OUTPUT:,} are the limit"
    schema = document.get("output_schema")
    return mismatch(schema, output) if schema else None


def _admitted(desk: Desk, call: str, ask: ToolAsk, arguments: Mapping) -> Admission:
    """Past the tool's breaker. Raises CallFailed `breaker_open`, recorded."""
    try:
        return BREAKERS.admit(("tool", desk.facts.project_id, ask.tool.slug))
    except BreakerOpen as left_alone:
        failure = CallFailed(
            "breaker_open",
            f"The tool {ask.tool.slug} failed too often and is left alone; the next try is in "
            f"{left_alone.probe_in_s:.0f} s.",
            retryable=True,
            retry_after_s=left_alone.probe_in_s,
        )
        raise _failed(desk, call, ask, arguments, failure) from left_alone


def _judge(admission: Admission, error: ToolError) -> None:
    """Only what speaks of the peer's health counts against it: 5xx, no answer in time, no connection."""
    if error.code == "timeout" or (error.status or 0) >= 500 or (error.status is None and error.retryable):
        admission.failed()
    elif error.status is not None:
        admission.succeeded()
    else:
        admission.dropped()


async def _secrets(desk: Desk, call: str, ask: ToolAsk, arguments: Mapping) -> dict[str, str]:
    names = ask.tool.document.get("secrets", ())
    if not names:
        return {}
    try:
        return await lookups.secret_values(desk.facts.project_id, names)
    except CallFailed as missing:
        raise _failed(desk, call, ask, arguments, missing) from missing


async def _asked_people(
    desk: Desk, call: str, sending: str, ask: ToolAsk, arguments: Mapping
) -> tuple[bool, Any]:
    """(True, output) for done, (False, None) for repeat. Raises CallFailed for a rejection."""
    decided = await desk.decided(
        ApprovalRequest(
            kind="uncertain",
            call=sending,
            title=f"Was {ask.tool.slug} done?",
            payload={"tool": ask.tool.slug, "arguments": arguments},
            fingerprint=gate.fingerprint(tool_operation(desk.facts, sending, ask, arguments)),
            reviewers=("role:reviewer",),
            reason="The call went out and its answer was lost. Look where it would have taken effect: say done and "
            "give its output, repeat it, or reject.",
            schema=ask.tool.document.get("output_schema") or None,
        )
    )
    if decided.decision == "done":
        return True, decided.payload
    if decided.decision == "repeat":
        return False, None
    failure = CallFailed("rejected", decided.reason or f"The uncertain call of {ask.tool.slug} was rejected.")
    failure.final = ask.by_model
    raise failure
