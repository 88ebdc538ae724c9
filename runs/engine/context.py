"""What a node may use (flows.nodes.base.Context), and the only way from a run to the gateway."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, Any

from flows.chain import Chain
from flows.failure import GUARDS
from flows.nodes import TYPES
from flows.nodes.base import Answer, Arrival, Finished, Function, Output, Question, StepFailed
from governance import clock, expressions
from governance.port import ApprovalRequest
from registry import calls, gateway, privacy
from registry.calls import CallFailed
from registry.circles import Trail
from registry.facts import agent_fact
from runs.engine.answering import Role, answered, failing_as_step
from runs.engine.attempt import as_step_failed
from runs.engine.desk import StepDesk
from runs.engine.items import run_item
from runs.engine.library import Pinned
from runs.engine.memory import StepKey, StepMemory, plan_of
from runs.engine.players import Candidate
from runs.engine.turns import Turn, UnderWay, take_turn

if TYPE_CHECKING:
    from runs.engine.driver import Driver

MOST_AT_ONCE = 1_000
LONGEST_ITEMS = 10_000


class StepContext:
    """Bound to one attempt of one step by one candidate."""

    def __init__(self, driver: "Driver", key: StepKey, memory: StepMemory, candidate: Candidate):
        self.driver = driver
        self.key = key
        self.memory = memory
        self.candidate = candidate
        self.models: Mapping[str, str] = {}  # those that speak instead of the agents' own, by slug
        self.node = driver.graph.nodes[key[0]]
        self.iteration, self.item = key[1], key[2]
        self.turns = 0
        self.chain = memory.chain or driver.chain
        self.under_way = UnderWay(driver.waiting)
        self._questions = 0
        self._trails: list[Trail] = []
        self._kept: Callable[[], Any] = _nothing
        self._desk: StepDesk | None = None
        self._scope: Mapping[str, Any] | None = None

    @property
    def desk(self) -> StepDesk:
        """Only what calls somebody has one. (A cached_property takes a lock in Python 3.11.)"""
        if self._desk is None:
            self._desk = StepDesk(self.driver, self.key, self.memory, self.candidate.conversation)
        return self._desk

    @property
    def arrivals(self) -> Sequence[Arrival]:
        return self.driver.sight.arrivals(self.key)

    @property
    def scope(self) -> Mapping[str, Any]:
        """Made once an attempt; the outputs in it are the run's own and grow with it."""
        if self._scope is None:
            self._scope = self.driver.sight.scope(self.key)
        return self._scope

    # --- what was done before a failure -------------------------------------------------------------------------

    def keeps(self, so_far: Callable[[], Any]) -> None:
        self._kept = so_far

    def trail_of(self, agent: str) -> Trail:
        """The calls of an agent that speaks in this step. A person who said "retry" lets a circle go round once more:
        what was called may answer otherwise by now."""
        self._trails.append(Trail(agent, self.memory.retried()))
        return self._trails[-1]

    def so_far(self, failure: StepFailed) -> Any:
        """What was made before this failure: what the node keeps, else the calls of its agents where a guard or the
        time stopped them. None where there is nothing."""
        kept = self._kept() if failure.partial is None else failure.partial
        if kept is not None or failure.code not in (*GUARDS, "timeout"):
            return kept
        calls = [call for trail in self._trails for call in trail.so_far()]
        return {"calls": calls} if calls else None

    # --- expressions -------------------------------------------------------------------------------------------

    def condition(self, source: str, **names: Any) -> bool:
        return self._judged(expressions.condition, source, names)

    def evaluate(self, source: str, **names: Any) -> Any:
        """With names of its own it judges what they name, such as a vote's answer; else it makes a value."""
        if not names:
            return expressions.evaluate(source, self.scope)
        return self.driver.veil.covered(self._judged(expressions.evaluate, source, names), names)

    def _judged(self, evaluate: Callable[[str, Mapping], Any], source: str, names: Mapping[str, Any]) -> Any:
        """By the values behind the tokens."""
        return self.driver.veil.judged(evaluate, source, self._names(names))

    def text(self, source: str, **names: Any) -> str:
        return expressions.text(source, self._names(names))

    def value(self, template: Any, **names: Any) -> Any:
        return expressions.value(template, self._names(names))

    def _names(self, names: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**self.scope, **names} if names else self.scope

    def record_choice(
        self, kind: str, candidates: Sequence[Mapping], chosen: Sequence[str], method: str, reason: str
    ) -> None:
        if self.driver.is_new(self.key, "choice"):
            data = {"kind": kind, "candidates": list(candidates), "chosen": list(chosen), "method": method}
            self.driver.line("choice.made", {**data, "reason": reason}, self.key)

    def who_plays(self, agent: str) -> str:
        return (self.candidate.ref or agent).partition("@")[0]

    def meant(self, value: Any) -> Any:
        return self.driver.veil.clear(value)

    def queued(self) -> AbstractAsyncContextManager:
        return self.driver.waiting.delegating(self.key)

    def record_plan(self, round: int, text: str) -> None:
        plan = {"kind": "plan", "round": round, "text": text, "conversation": self.candidate.conversation}
        if self.driver.is_new(self.key, plan_of(plan)):
            self.driver.line("note", plan, self.key)

    def document(self, kind: str, ref: str) -> Mapping | None:
        found = self.driver.shelf.get(f"{kind}s", ref)
        return found and found.content

    # --- agents and tools --------------------------------------------------------------------------------------

    async def run_agent(
        self,
        agent: str,
        text: str,
        output_schema: Mapping | None = None,
        *,
        functions: Sequence[Function] = (),
        most_rounds: int | None = None,
        in_words: bool = False,
        may_hand_over: bool = False,
        may_report: bool = True,
    ) -> Output:
        role = Role(output_schema, tuple(functions), most_rounds, in_words, may_report)
        try:
            return await answered(self, self.candidate.ref or agent, text, role, may_hand_over)
        except CallFailed as error:
            raise as_step_failed(error) from error

    def hand_over(self, source: str, target: str, message: str, reason: str = "") -> Awaitable[None]:
        stands_in = self.candidate.ref or ""
        is_stand_in = stands_in.partition("@")[0] == target
        agent = self.driver.shelf.get("agents", stands_in if is_stand_in else target)
        taking = calls.Pinned(target, 0, None)  # people, and flows as `flow:SLUG`
        if agent is not None:
            taking = calls.Pinned(agent.slug, agent.number, agent.content)
        facts = {**self.driver.sight.facts_for_policies(), "agent": agent_fact(taking)}
        wanted = (self.desk, self.desk.next_call(), facts, source, taking.slug, message, reason)
        return self.under_way.asked(partial(failing_as_step, partial(gateway.hand_over, *wanted)))

    async def turn(
        self,
        name: str,
        task: Mapping,
        body: Callable[["StepContext", Any], Awaitable[Output]],
        *,
        agent: str | None = None,
        chain: Chain | None = None,
    ) -> Output:
        return await take_turn(self, name, Turn(task, body, agent, chain or self.chain))

    def give_up(self, failure: StepFailed) -> None:
        self.under_way.give_up(failure)

    def is_last_attempt(self) -> bool:
        """Whether this candidate has no further attempt: a fallback has one only."""
        return self.memory.candidate > 0 or self.memory.tries >= self.node.retry.max_attempts

    async def call_tool(self, tool: str, arguments: Mapping) -> Output:
        pinned = self.pinned("tools", self.candidate.ref or tool)
        known = calls.Pinned(pinned.slug, pinned.number, pinned.content)
        ask = calls.ToolAsk(
            agent=None,
            tool=known,
            arguments=arguments,
            timeout_s=self.node.timeout_s,
            cache_ttl_s=self.node.cache_ttl_s,
            facts=self.driver.sight.facts_for_policies(),
        )
        return await gateway.tool_call(self.desk, ask)

    def pinned(self, plural: str, ref: str) -> Pinned:
        found = self.driver.shelf.get(plural, ref)
        if found is None:
            raise StepFailed(
                "step_failed", f"{plural[:-1].capitalize()} {ref!r} was not published when the run started."
            )
        return found

    # --- people, flows, time -----------------------------------------------------------------------------------

    async def ask(self, question: Question) -> Answer:
        self._refuse_unbounded(question.payload, "payload")
        self._questions += 1
        call = f"{question.kind}-{self._questions}"
        request = ApprovalRequest(
            kind=question.kind,
            call=call,
            title=question.title,
            payload=question.payload,
            fingerprint=self.driver.sight.fingerprint(
                self.key, call, self.driver.veil.clear(question.payload)
            ),
            reviewers=tuple(question.reviewers),
            schema=question.schema,
            editable=question.editable,
            quorum=question.quorum,
            four_eyes=question.four_eyes,
            due_in_s=question.due_in_s,
            on_timeout=question.on_timeout,
            subject={"seat": question.seat, "seats": list(question.seats)} if question.seat else {},
        )
        told = await self.driver.inbox.decided(self.key, self.memory, request)
        return Answer(told.decision, told.payload, told.by, told.reason, clock.show(told.at))

    async def run_flow(self, flow: str, input: Mapping) -> Output:
        self._refuse_unbounded(input, "input of the flow below")
        pinned = self.pinned("flows", flow)
        schema = pinned.content.get("input_schema")
        fault = self.driver.veil.fault(schema, input) if schema else None
        if fault is not None:
            raise StepFailed(
                "invalid_input",
                f"What the flow {pinned.name} was given does not fit its input schema: {fault}",
            )
        return await self.driver.children.result(self.key, pinned, input, self.chain)

    def _refuse_unbounded(self, value: Any, what: str) -> None:
        """Before a person or a run below gets what could not be kept as an output either."""
        kept = self.driver.engine.bounded(value, what)
        if isinstance(kept, StepFailed):
            raise kept

    async def sleep_until(self, moment: int) -> None:
        if self.driver.is_new(self.key, "wait") and moment > clock.now():
            self.driver.line("step.waiting", {"kind": "timer", "until": clock.show(moment)}, self.key)
        while (remaining := (moment - clock.now()) / 1_000_000) > 0:
            async with self.driver.waiting.suspended(
                self.key, {"kind": "timer", "id": None, "until": moment}
            ):
                await asyncio.sleep(remaining)

    def first_started_at(self) -> int:
        return self.memory.started_at

    # --- maps --------------------------------------------------------------------------------------------------

    async def for_each(
        self,
        items: Sequence[Any],
        body: Callable[["StepContext", Any], Awaitable[Output]],
        *,
        max_concurrency: int | None,
        collect_errors: bool,
    ) -> tuple[list[Output], list[dict]]:
        if len(items) > LONGEST_ITEMS:
            raise StepFailed(
                "step_failed", f"A map takes at most {LONGEST_ITEMS} items; there are {len(items)}."
            )
        gate = asyncio.Semaphore(max_concurrency or MOST_AT_ONCE)
        outputs: list[Output] = [None] * len(items)
        failed: list[dict] = []

        async def one(index: int, item: Any) -> None:
            async with gate:
                result = await run_item(self.driver, (self.node.id, self.iteration, index), item, body)
            if isinstance(result, StepFailed):
                failed.append({"index": index, "error": {"code": result.code, "message": result.message}})
                if not collect_errors:
                    raise result
            else:
                outputs[index] = result

        async with self.driver.waiting.delegating(self.key):
            await all_or_first_failure([one(index, item) for index, item in enumerate(items)])
        return outputs, sorted(failed, key=lambda entry: entry["index"])


def _nothing() -> None:
    """What a step keeps that has nothing to keep."""


async def leaving(context: StepContext) -> Finished:
    """An end, and what the project's rules leave of what leaves the run there."""
    finished = await TYPES[context.node.type].run(context)
    rules = await privacy.rules_for(context.desk)
    if rules is None:
        return finished
    call = context.desk.next_call()
    passed = await privacy.passing(context.desk, call, rules, "run_output", finished.output)
    await privacy.agreed(context.desk, call, "run_output", passed)
    return Finished(passed.content, finished.ports)


async def all_or_first_failure(work: Sequence[Awaitable[None]]) -> None:
    """Runs everything at once; the first StepFailed cancels the rest and is raised."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        # Not asyncio.wait: who cancels this must reach the tasks in the same moment.
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
