"""Owns a step's surroundings in memory, for the node types' tests: real expressions, and agents, tools, flows, people
and a clock that the test sets."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flows.graph import Node, parse_node
from flows.nodes import TYPES
from flows.nodes.base import Answer, Arrival, Finished, Question, StepFailed
from governance import expressions
from governance.schemas import instance_problems

STARTED = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z


@dataclass
class World:
    """What there is outside of a step, and what it was asked."""

    agents: Mapping[str, Any] = field(default_factory=dict)
    tools: Mapping[str, Callable] = field(default_factory=dict)
    flows: Mapping[str, Callable] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    asked: list[tuple] = field(default_factory=list)
    choices: list[dict] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    now: int = STARTED
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

    async def run_agent(self, agent, text, output_schema=None):
        self.world.asked.append((agent, text))
        said = self.world.agents[agent]
        output = said(text) if callable(said) else said
        if output_schema is None:
            return output if isinstance(output, dict) else {"text": output}
        if instance_problems(output_schema, output):
            raise StepFailed("invalid_output", "the answer does not fit its schema")
        return output

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


async def run(
    item: Mapping, world: World | None = None, *, arrived: Sequence[tuple] = (), **scope
) -> Finished:
    """Runs one step of a node; `arrived` are (source, output), or (source, port, output)."""
    parsed = parse_node(item)
    arrivals = [Arrival(found[0], "out" if len(found) == 2 else found[1], found[-1]) for found in arrived]
    names = {"input": {}, "steps": {}, "run": {}, **scope}
    return await TYPES[parsed.type].run(Step(parsed, world or World(), names, arrivals))
