"""Owns a step's surroundings in memory, for the node types' tests: real expressions, and agents, tools, flows, people
and a clock that the test sets. An agent answers what stands there, or what a function makes of its text; `Calls` of
functions are played as the conversation plays them (registry.conversation)."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from flows.chain import MOST_HOPS, Chain
from flows.graph import Node, parse_node
from flows.nodes import TYPES
from flows.nodes.base import Answer, Arrival, Calling, Finished, Function, Question, StepFailed
from governance import expressions
from governance.schemas import instance_problems

STARTED = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
TOLD = ("denied", "rejected", "tool_not_allowed", "invalid_input")  # a model is told of these, and goes on

MOST_CALLS = 8


@dataclass(frozen=True, slots=True)
class Calls:
    """What a model says that calls functions: (name, arguments) of each."""

    calls: Sequence[tuple[str, Mapping]]
    said: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that was played: its step's input, who played it, and what came of it."""

    task: Mapping
    agent: str | None
    result: Any


@dataclass
class World:
    """What there is outside of a step, and what it was asked."""

    agents: Mapping[str, Any] = field(default_factory=dict)
    documents: Mapping[tuple[str, str], Mapping] = field(default_factory=dict)
    tools: Mapping[str, Callable] = field(default_factory=dict)
    flows: Mapping[str, Callable] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    asked: list[tuple] = field(default_factory=list)
    choices: list[dict] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    plans: list[tuple[int, str]] = field(default_factory=list)
    turns: dict[str, Turn] = field(default_factory=dict)  # what a step that is played again finds
    denied: set[tuple[str, str]] = field(default_factory=set)  # the handoffs that a policy denies
    handoffs: list[tuple[str, str, str]] = field(default_factory=list)
    offered: list[Function] = field(default_factory=list)
    most_hops: int = MOST_HOPS
    now: int = STARTED
    given_up: list = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0


@dataclass
class Step:
    """A Context (flows.nodes.base) for one step of `node`."""

    node: Node
    world: World
    scope: Mapping[str, Any]
    arrivals: Sequence[Arrival] = ()
    iteration: int = 1
    item: int | None = None
    chain: Chain = Chain()
    stands_in: str | None = None

    def condition(self, source, **names):
        return self._evaluated(expressions.condition, source, names)

    def evaluate(self, source, **names):
        return self._evaluated(expressions.evaluate, source, names)

    def text(self, source, **names):
        return self._evaluated(expressions.text, source, names)

    def value(self, template, **names):
        return self._evaluated(expressions.value, template, names)

    def _evaluated(self, function, source, names):
        try:
            return function(source, {**self.scope, **names})
        except expressions.ExpressionError as error:
            raise StepFailed("expression_error", str(error)) from error

    def record_choice(self, kind, candidates, chosen, method, reason):
        self.world.choices.append(
            {
                "kind": kind,
                "candidates": list(candidates),
                "chosen": list(chosen),
                "method": method,
                "reason": reason,
            }
        )

    def who_plays(self, agent):
        return (self.stands_in or agent).partition("@")[0]

    def meant(self, value):
        return value

    def keeps(self, so_far):
        """Nothing stops a step here but itself."""

    def give_up(self, failure):
        self.world.given_up.append(failure.code)

    def queued(self):
        return nullcontext()

    def record_plan(self, round, text):
        self.world.plans.append((round, text))

    def document(self, kind, ref):
        return self.world.documents.get((kind, ref.partition("@")[0]))

    async def run_agent(
        self,
        agent,
        text,
        output_schema=None,
        *,
        functions=(),
        most_rounds=None,
        in_words=False,
        may_hand_over=False,
        may_report=True,
    ):
        agent = self.stands_in or agent
        self.world.offered += functions
        said, rounds = self._says(agent, text), 0
        while isinstance(said, Calls):
            offered = functions if most_rounds is None or rounds < most_rounds else ()
            ends, told = await played(said, offered, rounds + 1)
            if ends is not None:
                return ends
            rounds += 1
            if rounds > MOST_CALLS:
                raise StepFailed("invalid_output", "the model asked for a tool instead of answering")
            said = self._says(agent, "\n".join([text, *told]))
        return in_text(said) if in_words else shaped(said, output_schema)

    def _says(self, agent, text):
        self.world.asked.append((agent, text))
        said = self.world.agents[agent]
        said = said(text) if callable(said) else said
        if isinstance(said, StepFailed):
            raise said
        return said

    def hand_over(self, source, target, message, reason=""):
        async def decided():
            await asyncio.sleep(0)
            if (source, target) in self.world.denied:
                raise StepFailed("denied", f"{source} may not hand over to {target}.")
            self.world.handoffs.append((source, target, message))

        return decided()

    async def turn(self, name, task, body, *, agent=None, chain=None):
        if name not in self.world.turns:
            item = len(self.world.turns)
            self.world.turns[name] = Turn(task, agent, None)
            own = replace(self, item=item, chain=chain or self.chain)
            self.world.turns[name] = Turn(task, agent, await own._attempted(task, body, agent))
        result = self.world.turns[name].result
        if isinstance(result, StepFailed):
            raise result
        return result

    async def _attempted(self, task, body, agent):
        """The node's retries, and then its fallback agents: the first that comes to an end, or the last failure."""
        retries = self.node.retry.max_attempts if agent else 1
        others = self.node.fallback if agent else ()
        self.world.at_once += 1
        self.world.most_at_once = max(self.world.most_at_once, self.world.at_once)
        await asyncio.sleep(0)
        try:
            return await self._first_to_end(task, body, [*[None] * retries, *others])
        finally:
            self.world.at_once -= 1

    async def _first_to_end(self, task, body, players):
        result = None
        for stands_in in players:
            if stands_in is None and result is not None and not result.retryable:
                continue
            try:
                return await body(replace(self, stands_in=stands_in), task)
            except StepFailed as failure:
                result = failure
        return result

    async def call_tool(self, tool, arguments):
        self.world.asked.append((tool, arguments))
        return self.world.tools[tool](**arguments)

    async def run_flow(self, flow, input):
        self.world.asked.append((flow, input))
        return self.world.flows[flow](**input)

    async def ask(self, question):
        self.world.questions.append(question)
        return self.world.answers.pop(0)

    async def sleep_until(self, moment):
        self.world.now = max(self.world.now, moment)

    def first_started_at(self):
        return STARTED

    async def for_each(self, items, body, *, max_concurrency, collect_errors):
        gate = asyncio.Semaphore(max_concurrency or len(items) or 1)
        failed = []

        async def one(index, item):
            async with gate:
                self.world.at_once += 1
                self.world.most_at_once = max(self.world.most_at_once, self.world.at_once)
                await asyncio.sleep(0)
                try:
                    return await body(replace(self, item=index), item)
                except StepFailed as failure:
                    if not collect_errors:
                        raise
                    failed.append(
                        {"index": index, "error": {"code": failure.code, "message": failure.message}}
                    )
                finally:
                    self.world.at_once -= 1

        outputs = await asyncio.gather(*(one(index, item) for index, item in enumerate(items)))
        return list(outputs), sorted(failed, key=lambda entry: entry["index"])


async def played(said: Calls, offered: Sequence[Function], turn: int) -> tuple[Any, list[str]]:
    """The answer where a function gave it, and what the model is told of the others."""
    functions = {one.name: one for one in offered}
    results = await asyncio.gather(
        *(
            called(functions.get(name), arguments, Calling(turn, index, said.said))
            for index, (name, arguments) in enumerate(said.calls)
        )
    )
    ending = [given for ends, given in results if ends]
    return (ending[0] if ending else None), [str(given) for _, given in results]


async def called(function: Function | None, arguments: Mapping, calling: Calling) -> tuple[bool, Any]:
    if function is None or (function.ends and calling.index):
        return False, "not called"
    if instance_problems(function.parameters, arguments):
        return False, "the arguments do not fit"
    try:
        return function.ends, await function.call(arguments, calling)
    except StepFailed as failure:
        if failure.code not in TOLD:
            raise
        return False, failure.message


def in_text(said: Any) -> dict:
    text = said.get("text", said) if isinstance(said, dict) else said
    return {"text": text if isinstance(text, str) else json.dumps(text)}


def shaped(said: Any, schema: Mapping | None) -> Any:
    if schema is None:
        return said if isinstance(said, dict) else {"text": said}
    if instance_problems(schema, said):
        raise StepFailed("invalid_output", "the answer does not fit its schema")
    return said


async def run(
    item: Mapping, world: World | None = None, *, arrived: Sequence[tuple] = (), **scope
) -> Finished:
    """Runs one step of a node; `arrived` are (source, output), or (source, port, output)."""
    parsed = parse_node(item)
    arrivals = [Arrival(found[0], "out" if len(found) == 2 else found[1], found[-1]) for found in arrived]
    names = {"input": {}, "steps": {}, "run": {}, **scope}
    world = world or World()
    step = Step(parsed, world, names, arrivals, chain=Chain(world.most_hops))
    return await TYPES[parsed.type].run(step)
