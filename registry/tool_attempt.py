"""One call of a tool: it goes out once, or a person says what became of it.

Design note. A call that may not be repeated (risk write or irreversible, not idempotent) is noted on disk before
it goes out. Where its answer is lost, nobody but a person can know whether it was done: the step waits for
`done` (what they give is the output), `repeat` or `reject`. A repetition is noted under a name of its own
(`2!CALL`), so that a second lost answer asks anew; its decision, its record and its Idempotency-Key stay CALL's.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from governance import gate
from governance.port import ApprovalRequest, Desk
from governance.privacy import Ruleset
from registry import health, lines, lookups, privacy
from registry.breaker import Admission, BreakerOpen
from registry.calls import CallFailed, ToolAsk
from registry.decisions import subject_of, tool_operation
from registry.model_attempt import guard
from registry.schemas import is_repeatable, risk_of
from registry.tools import TOOLS, CallLimits, ToolError
from registry.untrusted import LONGEST_FAILURE, shorten

DEFAULT_TIMEOUT_S = 30.0
LARGEST_OUTPUT = 4_000_000  # bytes as JSON
UNREAD = "The call was done; its answer could not be looked through."
ASKED_FIRST = frozenset({408, 425, 429})  # statuses that say: not done, come again


class _Lost(Exception):
    """The call went out and no answer came back, or none that could be looked through."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What goes out: `ask.arguments` are as the journal holds them, `arguments` as the tool may get them. `rules` are
    those that its answer passes."""

    desk: Desk
    call: str
    ask: ToolAsk
    rules: Ruleset | None
    arguments: Mapping

    def record(
        self, status: str, *, output: Any = None, error: CallFailed | None = None, **more: Any
    ) -> None:
        slug, shown = self.ask.tool.slug, self.ask.arguments
        line = lines.tool_called(self.call, slug, status, shown, output=output, error=error, **more)
        self.desk.add("tool.called", line)

    def failed(self, failure: CallFailed) -> CallFailed:
        """Records the failure. A model is told of it, unless another attempt may fare better."""
        if failure.code != "cancelled":
            failure.final = self.ask.by_model and (self.ask.last_attempt or not failure.retryable)
        self.record("error", error=failure)
        return failure

    def stopped(self, failure: CallFailed) -> CallFailed:
        """Records that rules stop the answer: it is one, so the call is not made again, and the step ends with it."""
        failure.final = True
        self.record("error", error=failure, stopped=True)
        failure.final = False
        return failure

    async def passing(self, said: Any) -> privacy.Passing:
        """What the rules leave of what the peer said. Raises CallFailed, recorded by who called.

        Where it cannot be looked through, the call was made all the same: that is on record, or a person is asked.
        """
        try:
            return await privacy.passing(self.desk, self.call, self.rules, "tool_output", said)
        except CallFailed:
            raise
        except BaseException as error:
            if is_repeatable(self.ask.tool.document):
                self.failed(CallFailed("cancelled", UNREAD))
            elif isinstance(error, Exception):
                raise _Lost from error
            raise  # cut off with its step: the note that it went out stands without an answer

    def covered(self, said: Any) -> Any:
        """What the peer said, without the values that only the tool was given."""
        return privacy.covered(self.desk, said, self.ask.arguments)


async def attempt(
    desk: Desk, call: str, ask: ToolAsk, rules: Ruleset | None, arguments: Mapping
) -> tuple[Any, str]:
    """The tool's output as the rules leave it, recorded, and the question that a person has to answer before it goes on
    ("": none). Raises CallFailed, recorded too."""
    seen = privacy.clear(desk, arguments, ask.tool.document.get("sees", ()))
    sending = Sending(desk, call, ask, rules, seen)
    if is_repeatable(ask.tool.document):
        return await _call_and_record(sending)
    name, tries = call, 1
    while True:
        if not desk.recall(name).sent:
            try:
                return await _send_once(sending, name)
            except _Lost:
                pass
        done, output = await _asked_people(desk, name, ask)
        if done:  # what a person says was looked through when it was said
            return await _arrived(replace(sending, rules=None), output)
        tries += 1
        name = f"{tries}!{call}"


async def _send_once(sending: Sending, name: str) -> tuple[Any, str]:
    """Notes that the call goes out, waits for the disk, and calls. Raises _Lost and CallFailed."""
    admission = _admitted(sending)
    try:
        secrets = await _secrets(sending)
        sending.desk.add("note", {"kind": "sent", "call": name})
        await sending.desk.commit(durable=True)
    except BaseException:
        admission.dropped()
        raise
    output = await _called(sending, secrets, admission)
    await sending.desk.commit()
    return output


async def _call_and_record(sending: Sending) -> tuple[Any, str]:
    admission = _admitted(sending)
    try:
        secrets = await _secrets(sending)
        await sending.desk.commit()
    except BaseException:
        admission.dropped()
        raise
    return await _called(sending, secrets, admission)


async def _called(sending: Sending, secrets: dict[str, str], admission: Admission) -> tuple[Any, str]:
    desk, ask = sending.desk, sending.ask
    document = ask.tool.document
    limits = CallLimits(
        timeout_s=ask.timeout_s or document.get("timeout_s") or DEFAULT_TIMEOUT_S,
        project=desk.facts.project,
        idempotency_key=f"{desk.facts.run_public_id}/{sending.call}",
        guard=guard(),
    )
    try:
        output = await TOOLS[document["type"]].call(document, dict(sending.arguments), secrets, limits)
    except asyncio.CancelledError:
        admission.dropped()
        if is_repeatable(document):
            sending.failed(CallFailed("cancelled", "The call was cancelled."))
        raise
    except ToolError as error:
        if error.is_peers_fault:
            health.judge(desk, admission, error.code, status=error.status, retryable=error.retryable)
        else:
            admission.dropped()
        if _is_lost(error, document):
            raise _Lost from error
        raise sending.failed(await _as_told(sending, _failure(error, document))) from error
    health.well(desk, admission)
    return await _arrived(sending, output)


async def _arrived(sending: Sending, output: Any) -> tuple[Any, str]:
    """The output on record, as the rules leave it. Raises CallFailed for one that does not fit, or is stopped."""
    slug = sending.ask.tool.slug
    try:
        passed = await sending.passing(output)
        # Last: what it echoes of what it alone was given is a token again, also where no rule knew it.
        kept = sending.covered(passed.content)
        fault = _output_fault(sending, output, kept)
    except CallFailed as stopped:
        raise sending.stopped(stopped) from None
    if fault:
        sentence = f"What the tool {slug} gave back does not fit: {fault}"
        raise sending.failed(CallFailed("invalid_output", sentence))
    sending.record("ok", output=kept, held=passed.question)
    return kept, passed.question


async def _as_told(sending: Sending, failure: CallFailed) -> CallFailed:
    """The failure in words that may be kept: a peer's error can quote what it was sent, or what it knows.

    It is cut to its length last: half an address is none to a detector.
    """
    try:
        passed = await sending.passing(failure.message)
    except CallFailed as stopped:
        passed = privacy.Passing(f"The tool {sending.ask.tool.slug} failed. {stopped.message}")
    failure.message = shorten(sending.covered(passed.content), LONGEST_FAILURE)
    failure.args = (failure.message,)
    return failure


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


def _output_fault(sending: Sending, output: Any, shown: Any) -> str | None:
    try:
        size = len(orjson.dumps(output))
    except TypeError as error:
        return f"$: {error}"
    if size > LARGEST_OUTPUT:
        return f"$: it has {size:,} bytes; {LARGEST_OUTPUT:,} are the limit"
    schema = sending.ask.tool.document.get("output_schema")
    return privacy.fault(sending.desk, schema, output, shown) if schema else None


def _admitted(sending: Sending) -> Admission:
    """Past the tool's breaker. Raises CallFailed `breaker_open`, recorded."""
    slug, facts = sending.ask.tool.slug, sending.desk.facts
    try:
        return health.admit(facts, ("tool", facts.project_id, slug))
    except BreakerOpen as left_alone:
        failure = CallFailed(
            "breaker_open",
            f"The tool {slug} failed too often and is left alone; the next try is in "
            f"{left_alone.probe_in_s:.0f} s.",
            retryable=True,
            retry_after_s=left_alone.probe_in_s,
        )
        raise sending.failed(failure) from left_alone


async def _secrets(sending: Sending) -> dict[str, str]:
    names = sending.ask.tool.document.get("secrets", ())
    if not names:
        return {}
    try:
        return await lookups.secret_values(sending.desk.facts.project_id, names)
    except CallFailed as missing:
        raise sending.failed(missing) from missing


async def _asked_people(desk: Desk, sending: str, ask: ToolAsk) -> tuple[bool, Any]:
    """(True, output) for done, (False, None) for repeat. Raises CallFailed for a rejection."""
    operation = tool_operation(desk.facts, sending, ask, privacy.clear(desk, ask.arguments))
    decided = await desk.decided(
        ApprovalRequest(
            kind="uncertain",
            call=sending,
            title=f"Was {ask.tool.slug} done?",
            payload={"tool": ask.tool.slug, "arguments": ask.arguments},
            fingerprint=gate.fingerprint(operation),
            reviewers=("role:reviewer",),
            reason="The call went out and its answer was lost. Look where it would have taken effect: say done and "
            "give its output, repeat it, or reject.",
            schema=ask.tool.document.get("output_schema") or None,
            subject=subject_of(operation),
        )
    )
    if decided.decision == "done":
        return True, decided.payload
    if decided.decision == "repeat":
        return False, None
    failure = CallFailed("rejected", decided.reason or f"The uncertain call of {ask.tool.slug} was rejected.")
    failure.final = ask.by_model
    raise failure
