"""One item of a map as a step of its own: recorded, attempted, found again after a crash."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from flows.nodes import TYPES
from flows.nodes.base import Context, Finished, Output, StepFailed
from runs.engine.attempt import as_data, run_step
from runs.engine.memory import StepKey, StepMemory
from runs.engine.players import Players

if TYPE_CHECKING:
    from runs.engine.driver import Driver

Body = Callable[[Context, Any], Awaitable[Output]]


async def run_item(
    driver: "Driver", key: StepKey, item: Any, body: Body, players: Players | None = None, turn: str = ""
) -> Output | StepFailed:
    """The item's output, or how it failed. A `turn` has a name, under which it is found again."""
    step = driver.memory.step(key)
    if step.finished is not None:
        return known(driver, step)
    if not driver.is_running(key):
        raise asyncio.CancelledError
    if step.started is None:
        driver.line("step.started", {"input": item, "turn": turn} if turn else {"input": item}, key)
        if driver.ending.has_too_many_steps():
            await asyncio.Event().wait()  # the run is being ended: this will be cancelled
    step.item = item
    driver.waiting.wake(key)

    async def play(context: Context) -> Finished:
        return Finished(await body(context, item))

    try:
        finished = await run_step(driver, key, play, players)
    except StepFailed as failure:
        return fail(driver, key, failure)
    finally:
        driver.waiting.sleep(key)
    output = driver.engine.bounded(finished.output)
    if isinstance(output, StepFailed):
        return fail(driver, key, output)
    give_up_if_stopped(step)
    data = {"status": "succeeded", "port": "out", "ports": ["out"], "output": driver.sight.folded(output)}
    driver.line("step.finished", data, key)
    return output


def fail(driver: "Driver", key: StepKey, failure: StepFailed) -> StepFailed:
    give_up_if_stopped(driver.memory.step(key))
    data = {"status": "failed", "port": None, "ports": [], "error": as_data(failure)}
    data |= driver.sight.partial(failure)
    driver.line("step.finished", data, key)
    return failure


def give_up_if_stopped(step: StepMemory) -> None:
    """The map was cancelled in the moment in which this item came to its end: that is recorded already."""
    if step.finished is not None:
        raise asyncio.CancelledError


def may_have_any(driver: "Driver", key: StepKey) -> bool:
    """Whether the step's work is done by items, or a part of it was: a router's second opinion is a turn."""
    return TYPES[driver.graph.nodes[key[0]].type].holds_items or key[:2] in driver.memory.turns


def open_items(driver: "Driver", key: StepKey) -> list[StepKey]:
    """The items of this map that started and have not finished."""
    return [
        known
        for known, step in driver.memory.steps.items()
        if known[:2] == key[:2] and known[2] is not None and step.started and step.finished is None
    ]


def forget(driver: "Driver", key: StepKey) -> None:
    """The map is over, so its items are never asked again."""
    for known in [known for known in driver.memory.steps if known[:2] == key[:2] and known[2] is not None]:
        driver.memory.forget(known)


def known(driver: "Driver", step: StepMemory) -> Output | StepFailed:
    if step.finished["status"] == "succeeded":
        return driver.sight.whole(step.finished.get("output"))
    error = step.finished.get("error") or {"code": "step_failed", "message": "The item was cancelled."}
    return StepFailed(error["code"], error["message"])
