"""What a node may use (flows.nodes.base.Context), and the only way from a run to the gateway."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flows.nodes import TYPES
from flows.nodes.base import Answer, Arrival, Finished, Output, Question, StepFailed
from governance import clock, expressions
from governance.port import ApprovalRequest
from registry import calls, gateway, privacy
from registry.context_window import Window
from registry.conversation import Talk, converse
from registry.facts import agent_fact
from runs.engine.attempt import Candidate
from runs.engine.desk import StepDesk
from runs.engine.items import run_item
from runs.engine.library import Pinned
from runs.engine.memory import StepKey, StepMemory

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
        self.node = driver.graph.nodes[key[0]]
        self.iteration, self.item = key[1], key[2]
        self.turns = 0
        self._questions = 0
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

    # --- agents and tools --------------------------------------------------------------------------------------

    async def run_agent(self, agent: str, text: str, output_schema: Mapping | None = None) -> Output:
        pinned = self._pinned("agents", self.candidate.ref or agent)
        await self._decide_agent(pinned, text)
        document = pinned.content
        self.driver.played_by(self.key, pinned)
        talk = Talk(
            instructions=expressions.text(document.get("instructions", ""), self.scope),
            text=text,
            history=self.driver.sight.history(self.key) if wants_history(document) else (),
            tools=self._tools_of(document),
            output_schema=output_schema or document.get("output_schema"),
            max_tool_calls=document.get("limits", {}).get("max_tool_calls", 8),
            attempt=self.memory.attempt,
            window=Window.of(document),
        )
        outcome = await converse(talk, model=self._model_of(pinned), tool=self._tool_of(pinned))
        for note in outcome.notes:
            self.driver.line("note", {"kind": "context", "text": note}, self.key)
        return outcome.output

    async def _decide_agent(self, agent: Pinned, text: str) -> None:
        schema = agent.content.get("input_schema")
        is_asked = schema and "text" in schema.get("properties", {})
        fault = self.driver.veil.fault(schema, {"text": text}) if is_asked else None
        if fault is not None:
            raise StepFailed(
                "invalid_input", f"What {agent.name} was given does not fit its input schema: {fault}"
            )
        known = agent_fact(calls.Pinned(agent.slug, agent.number, agent.content))
        facts = {
            **self.driver.sight.facts_for_policies(),
            "agent": known,
            "input": {"text": self.driver.veil.clear(text)},
        }
        await gateway.decide(self.desk, "agent.run", facts, text)

    def _tools_of(self, document: Mapping) -> dict[str, Mapping]:
        return {
            ref.partition("@")[0]: self._pinned("tools", ref).content for ref in document.get("tools", ())
        }

    def _model_of(self, agent: Pinned) -> Callable[..., Awaitable[calls.Reply]]:
        pinned = calls.Pinned(agent.slug, agent.number, agent.content)
        model = self.candidate.model or agent.content["model"]

        async def call(
            messages: list[dict], tools: list[dict], response_schema: Mapping | None, turn: int
        ) -> calls.Reply:
            self.turns += 1
            ask = calls.ModelAsk(
                agent=pinned,
                model=model,
                messages=messages,
                tools=tools,
                response_schema=response_schema,
                turn=turn,
                timeout_s=self.node.timeout_s or calls.DEFAULT_TIMEOUT_S,
                cache_ttl_s=self.node.cache_ttl_s,
                limits=self.driver.limits,
                facts=self.driver.sight.facts_for_policies(),
            )
            return await gateway.model_call(self.desk, ask)

        return call

    def _tool_of(self, agent: Pinned) -> Callable[[str, Mapping], Awaitable[Any]]:
        pinned = calls.Pinned(agent.slug, agent.number, agent.content)
        refs = {ref.partition("@")[0]: ref for ref in agent.content.get("tools", ())}

        async def call(slug: str, arguments: Mapping) -> Any:
            tool = self.driver.shelf.get("tools", refs.get(slug, slug))
            known = (
                calls.Pinned(tool.slug, tool.number, tool.content) if tool else calls.Pinned(slug, 0, None)
            )
            ask = calls.ToolAsk(
                agent=pinned,
                tool=known,
                arguments=arguments,
                by_model=True,
                last_attempt=self._is_last_attempt(),
                facts=self.driver.sight.facts_for_policies(),
            )
            with self.driver.waiting.branch(self.key):
                return await gateway.tool_call(self.desk, ask)

        return call

    def _is_last_attempt(self) -> bool:
        """Whether this candidate has no further attempt: a fallback has one only."""
        return self.memory.candidate > 0 or self.memory.tries >= self.node.retry.max_attempts

    async def call_tool(self, tool: str, arguments: Mapping) -> Output:
        pinned = self._pinned("tools", self.candidate.ref or tool)
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

    def _pinned(self, plural: str, ref: str) -> Pinned:
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
        )
        told = await self.driver.inbox.decided(self.key, self.memory, request)
        return Answer(told.decision, told.payload, told.by, told.reason, clock.show(told.at))

    async def run_flow(self, flow: str, input: Mapping) -> Output:
        self._refuse_unbounded(input, "input of the flow below")
        pinned = self._pinned("flows", flow)
        schema = pinned.content.get("input_schema")
        fault = self.driver.veil.fault(schema, input) if schema else None
        if fault is not None:
            raise StepFailed(
                "invalid_input",
                f"What the flow {pinned.name} was given does not fit its input schema: {fault}",
            )
        return await self.driver.children.result(self.key, pinned, input)

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


def wants_history(agent: Mapping) -> bool:
    return agent.get("context", {}).get("history") == "steps"


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
