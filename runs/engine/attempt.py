"""One step, once at a time: its time-out, its retries, its fallbacks, and a person at the end.

A step fails when its attempts, then its fallbacks (each once), then its escalation are used up (contract 4.6).
Each attempt that ended has its line with the reason; a step that crashed goes on where its lines end.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flows.graph import Node, Retry
from flows.nodes import TYPES
from flows.nodes.base import Finished, StepFailed
from governance import clock
from governance.expressions import ExpressionError
from governance.port import ApprovalRequest
from registry.calls import CallFailed
from runs.engine.memory import StepKey, StepMemory
from runs.engine.players import Players, Turnout, players_of

if TYPE_CHECKING:
    from runs.engine.context import StepContext
    from runs.engine.driver import Driver

LONGEST_RETRY_AFTER_S = 3_600
MOST_REPLAYS = 10  # of a step that is cut off again and again before it can ask about a lost call
# A call is given the step's time too. Its own time-out comes first: it names the peer, and counts against its breaker.
CALLS_FIRST_S = 0.5
# What a fallback cannot mend: the answer would be the same, or somebody said no.
FINAL = {
    "denied",
    "rejected",
    "tool_not_allowed",
    "expression_error",
    "invalid_input",
    "quorum_not_reached",
    "delegation_cycle",
    "limit_hops",
}

Body = Callable[["StepContext"], Awaitable[Finished]]


def backoff_s(retry: Retry, tries: int, asked: float | None) -> float:
    """Seconds before the next attempt: exponential with up to a quarter of jitter, never less than a peer asked."""
    delay = min(retry.backoff_s * retry.factor ** (tries - 1), retry.max_backoff_s)
    if retry.jitter:
        delay *= 1 + random.random() / 4
    return max(delay, min(asked or 0, LONGEST_RETRY_AFTER_S))


async def run_step(driver: "Driver", key: StepKey, body: Body, players: Players | None = None) -> Finished:
    """Attempts the step until it ends. Raises StepFailed when everything is used up."""
    memory = driver.memory.step(key)
    node = driver.graph.nodes[key[0]]
    tried = players or players_of(node, driver.shelf)
    while True:
        await _until_due(memory)
        try:
            if ("escalation", _escalation_call(memory)) not in memory.items:
                return await _once(driver, key, memory, node, tried, body)
            failure = StepFailed(**memory.escalated)
        except StepFailed as error:
            failure = error
        following = _following(node, memory, tried, failure)
        if following is not None:
            _record_retry(driver, key, memory, tried, failure, following)
        elif node.escalate is None or not tried.escalates or failure.code in ("denied", "rejected"):
            raise failure
        else:
            answer = await _escalate(driver, key, memory, node, failure)
            if answer is not None:
                return answer


async def _until_due(memory: StepMemory) -> None:
    remaining = (memory.not_before - clock.now()) / 1_000_000
    if remaining > 0:
        await asyncio.sleep(remaining)


async def _once(
    driver: "Driver", key: StepKey, memory: StepMemory, node: Node, tried: Players, body: Body
) -> Finished:
    context = driver.context(key, memory, tried.candidates[memory.candidate])
    context.models = tried.models(memory.candidate, memory.used)
    try:
        finished = await _in_time(driver, key, memory, node, tried, body(context))
        _check_writes(driver, key, finished)
        return finished
    except CallFailed as error:
        failure = as_step_failed(error)
        failure.__cause__ = error
    except ExpressionError as error:
        failure = StepFailed("expression_error", str(error))
        failure.__cause__ = error
    except StepFailed as error:
        failure = error
    failure.partial = context.so_far(failure)
    raise failure


def _check_writes(driver: "Driver", key: StepKey, finished: Finished) -> None:
    """Raises StepFailed where the step could not write to the flow's state what it made: a fallback may, or a person.
    What the state is then is looked at again when the step ends."""
    if driver.shared is not None and key[2] is None:
        output = driver.engine.bounded(finished.output)
        writes = output if isinstance(output, StepFailed) else driver.shared.written_by(key, output)
        if isinstance(writes, StepFailed):
            raise writes


async def _in_time(
    driver: "Driver", key: StepKey, memory: StepMemory, node: Node, tried: Players, work: Awaitable[Finished]
) -> Finished:
    """Within the agent's SLA and the step's time, whichever ends first."""
    sla_s = tried.sla_s(memory.candidate)
    if sla_s is not None and (node.timeout_s is None or sla_s < node.timeout_s):
        message = f"{tried.name_of(memory.candidate)} exceeded its SLA of {sla_s:g} s."
        return await _within(driver, key, memory, sla_s, work, StepFailed("timeout", message))
    if node.timeout_s is None:
        return await work
    message = f"The step took longer than its {node.timeout_s:g} s."
    late = StepFailed("timeout", message, retryable=True)
    return await _within(driver, key, memory, node.timeout_s + CALLS_FIRST_S, work, late)


def as_step_failed(error: CallFailed) -> StepFailed:
    return StepFailed(
        error.code,
        error.message,
        retryable=error.retryable,
        retry_after_s=error.retry_after_s,
        on_exceed=error.on_exceed,
    )


async def _within(
    driver: "Driver",
    key: StepKey,
    memory: StepMemory,
    most_s: float,
    work: Awaitable[Finished],
    late: StepFailed,
) -> Finished:
    """Raises `late` once the step has worked longer than its time."""
    try:
        async with driver.clocks.limited(key, memory, most_s) as limit:
            return await work
    except TimeoutError as error:
        if not limit.expired():
            raise
        if key[2] is not None or not TYPES[driver.graph.nodes[key[0]].type].holds_items:
            driver.children.stop(key)  # a map goes on with those of its items where it is attempted again
        raise late from error


@dataclass(frozen=True, slots=True)
class Following:
    candidate: int
    tries: int
    after_s: float


def _following(node: Node, memory: StepMemory, tried: Players, failure: StepFailed) -> Following | None:
    if ("escalation", _escalation_call(memory)) in memory.items:
        return None
    if memory.has_lost_call() and len(memory.failures) < MOST_REPLAYS:
        # Nobody knows whether it was done: the same conversation is played again, and asks a person.
        return Following(memory.candidate, memory.tries, 0)
    fallback = _fallback(memory, tried, failure)
    if fallback is not None and failure.code == "breaker_open":
        return Following(fallback, 1, 0)  # waiting for the breaker would only cost time
    if failure.retryable and memory.candidate == 0 and memory.tries < node.retry.max_attempts:
        return Following(0, memory.tries + 1, backoff_s(node.retry, memory.tries, failure.retry_after_s))
    return None if fallback is None else Following(fallback, 1, 0)


def _fallback(memory: StepMemory, tried: Players, failure: StepFailed) -> int | None:
    """Who is next. A budget that blocks keeps the agent's other models from being asked in its place."""
    if failure.code in FINAL:
        return None
    following = _turnout(memory, tried).following
    if failure.on_exceed == "block":
        following = [index for index in following if tried.candidates[index].model is None]
    return next(iter(following), None)


def _turnout(memory: StepMemory, tried: Players) -> Turnout:
    return tried.turnout(memory.candidate, memory.used, memory.row.agent or "")


def _record_retry(
    driver: "Driver",
    key: StepKey,
    memory: StepMemory,
    tried: Players,
    failure: StepFailed,
    following: Following,
) -> None:
    if following.candidate != memory.candidate:
        _record_fallback(driver, key, memory, tried, failure, following.candidate)
    data = {
        "after_s": round(following.after_s, 3),
        "error": as_data(failure),
        "tries": following.tries,
        "candidate": following.candidate,
    }
    driver.line("step.retrying", data, key)


def _record_fallback(
    driver: "Driver",
    key: StepKey,
    memory: StepMemory,
    tried: Players,
    failure: StepFailed,
    chosen: int,
) -> None:
    turnout = _turnout(memory, tried)
    names = {index: tried.name_of(index, turnout.holder) for index in turnout.concerned}
    what = "does not fit its budget" if failure.on_exceed else "failed"
    listed = [
        {"name": names[index], "score": None, "excluded_because": _why_not(turnout, index, failure, chosen)}
        for index in turnout.concerned
    ]
    driver.line(
        "choice.made",
        {
            "kind": "fallback",
            "candidates": listed,
            "chosen": [names[chosen]],
            "method": "rules",
            "reason": f"{names[turnout.now]} {what}: {failure.message}",
        },
        key,
    )


def _why_not(turnout: Turnout, index: int, failure: StepFailed, chosen: int) -> str | None:
    if index == turnout.now:
        return failure.message
    if index not in turnout.following:
        return "failed before"
    return "a budget blocks the agent's other models" if index < chosen else None


def _escalation_call(memory: StepMemory) -> str:
    """One escalation for each time that a person said "retry"."""
    return f"escalation-{memory.retried() + 1}"


async def _escalate(
    driver: "Driver", key: StepKey, memory: StepMemory, node: Node, failure: StepFailed
) -> Finished | None:
    """A person gets what was tried. The answer is the step's output; None means: try again from the start."""
    call = _escalation_call(memory)
    if ("escalation", call) not in memory.items:
        said = {"kind": "escalated", "error": as_data(failure), **driver.sight.partial(failure)}
        driver.line("note", said, key)
    gathered = driver.sight.gathered(key, memory, failure)
    answer = await driver.inbox.decided(
        key,
        memory,
        ApprovalRequest(
            kind="escalation",
            call=call,
            title=f"{node.name or node.id} could not be done",
            payload=gathered,
            fingerprint=driver.sight.fingerprint(key, call, gathered),
            reviewers=(node.escalate["to"],),
            reason=failure.message,
            due_in_s=node.escalate.get("due_in_s"),
            schema=_answer_schema(driver, key, node),
        ),
    )
    if answer.decision == "answer":
        in_its_place = TYPES[node.type].answered if key[2] is None else _as_it_is
        return in_its_place(node.config, answer.payload)
    if answer.decision == "retry":
        driver.line(
            "step.retrying", {"after_s": 0, "error": as_data(failure), "tries": 1, "candidate": 0}, key
        )
        return None
    if answer.decision == "timed_out":
        message = f"{failure.message} Nobody answered the escalation in time."
        raise StepFailed(failure.code, message, partial=failure.partial)
    message = f"{failure.message} The escalation was rejected: {answer.reason or 'no reason given'}."
    raise StepFailed("rejected", message, partial=failure.partial)


def _as_it_is(config: Mapping, answer: Any) -> Finished:
    """An item of a map has no ports of its own."""
    return Finished(answer)


def _answer_schema(driver: "Driver", key: StepKey, node: Node) -> Mapping | None:
    """What the answer has to be: what the node wants, else what its agent promises."""
    wanted = TYPES[node.type].answer_schema(node.config) if key[2] is None else None
    agent = (
        driver.shelf.get("agents", node.config.get("agent", "")) if node.type in ("agent", "map") else None
    )
    return wanted or (agent.content.get("output_schema") if agent is not None else None)


def as_data(failure: StepFailed) -> dict:
    return {"code": failure.code, "message": failure.message}
