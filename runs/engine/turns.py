"""A participant's turn: a step of its own within a step, found by its name when the step is played again."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flows.chain import Chain
from flows.nodes.base import Output, StepFailed
from runs.engine.items import run_item
from runs.engine.players import Candidate, Players, cast_of

if TYPE_CHECKING:
    from runs.engine.context import StepContext
    from runs.engine.driver import Driver
    from runs.engine.memory import StepKey
    from runs.engine.waiting import Waiting


@dataclass(frozen=True, slots=True)
class Turn:
    """What a participant is asked: `task` is the step's input, `body` plays it, `agent` names who does (None: a person
    or a flow), `chain` leads to it."""

    task: Mapping
    body: Callable[["StepContext", Any], Awaitable[Output]]
    agent: str | None
    chain: Chain


class UnderWay:
    """The turns of one step that are played now. Once the step is known to fail, those that only wait are cut off: a
    person would answer for nothing. What works goes on to its end, so that no call is lost."""

    def __init__(self, waiting: "Waiting"):
        self.waiting = waiting
        self.failure: StepFailed | None = None
        self._tasks: dict[StepKey, asyncio.Task] = {}
        self._asking: dict[asyncio.Task, bool] = {}  # and whether it was cut off

    def give_up(self, failure: StepFailed) -> None:
        self.failure = self.failure or failure
        for task in self._asking:
            self._asking[task] = True
            task.cancel()
        for key, task in self._tasks.items():
            if task is not asyncio.current_task():
                self.waiting.cut_off_once_still(key, task)

    async def asked(self, decision: Callable[[], Awaitable[None]]) -> None:
        """Whether something may be handed over: nothing is done yet, so it is cut off at once."""
        if self.failure is not None:
            raise self.failure
        task = asyncio.current_task()
        self._asking[task] = False
        try:
            await decision()
        except asyncio.CancelledError:
            if not self._asking[task]:
                raise
            raise self.failure from None
        finally:
            del self._asking[task]

    @contextmanager
    def turn(self, key: "StepKey") -> Iterator[None]:
        """Around a turn. Raises the step's failure in place of one that was cut off, or comes too late."""
        if self.failure is not None:
            raise self.failure
        self._tasks[key] = asyncio.current_task()
        try:
            yield
        except asyncio.CancelledError:
            if not self.waiting.was_cut_off(key):
                raise
            raise self.failure from None
        finally:
            del self._tasks[key]
            self.waiting.unwanted.pop(key, None)


async def take_turn(ctx: "StepContext", name: str, turn: Turn) -> Output:
    """Raises StepFailed as the participant failed."""
    driver = ctx.driver
    # Who steps in for the step's own agent starts anew; so does what failed, once a person said "retry".
    name = _name_now(driver, ctx.key, f"{ctx.candidate.conversation}/{name}", ctx.memory.retried())
    key = _key_of(driver, ctx.key, name)
    driver.memory.step(key).chain = turn.chain
    with ctx.under_way.turn(key):
        async with driver.waiting.delegating(ctx.key):
            result = await run_item(driver, key, turn.task, turn.body, _players(ctx, turn), name)
    if isinstance(result, StepFailed):
        raise result
    return result


def _name_now(driver: "Driver", key: "StepKey", name: str, retried: int) -> str:
    """The turn's name since the last retry under which it was played, or a new one where it failed before."""
    names = driver.memory.turns.get(key[:2], {})
    spelled = [name, *(f"{name}~{number}" for number in range(1, retried + 1))]
    for number in range(retried, -1, -1):
        item = names.get(spelled[number])
        if item is not None:
            finished = driver.memory.step((*key[:2], item)).finished
            has_failed = finished is not None and finished["status"] == "failed"
            return spelled[retried] if has_failed and number < retried else spelled[number]
    return spelled[retried]


def _key_of(driver: "Driver", key: "StepKey", name: str) -> "StepKey":
    """The item that has this turn, or the next free one. Claimed at once: turns may begin side by side."""
    names = driver.memory.turns.setdefault(key[:2], {})
    return (*key[:2], names.setdefault(name, max(names.values(), default=-1) + 1))


def _players(ctx: "StepContext", turn: Turn) -> Players:
    """Who may take the turn. One that nobody could take is not escalated: the step's other participants go on, and the
    step itself may be."""
    if turn.agent is None:
        return Players((Candidate(),), ctx.node.id, escalates=False)
    return cast_of(ctx.driver.shelf, turn.agent, ctx.node.fallback, turn.agent, escalates=False)
