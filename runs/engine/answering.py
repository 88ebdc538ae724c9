"""An agent answers in a step: decided, played in a conversation, and perhaps handed over to another agent.

Everything that it does goes through the gateway, by the step's desk.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flows.chain import Chain
from flows.handoff import handoff
from flows.nodes.base import Calling, Function, Output, StepFailed
from governance import expressions
from registry import calls, gateway
from registry.calls import CallFailed
from registry.context_window import Window
from registry.conversation import DEFAULT_TOOL_CALLS, Asked, Offer, Talk, converse
from registry.facts import agent_fact
from runs.engine.library import Pinned
from runs.engine.reporting import Settled, offered

if TYPE_CHECKING:
    from runs.engine.context import StepContext

TOLD = ("denied", "rejected", "tool_not_allowed", "invalid_input")  # a model is told of these, and goes on


@dataclass(frozen=True, slots=True)
class Role:
    """What an agent is asked to be here: what its answer must be, and what it may call besides its tools."""

    output_schema: Mapping | None = None
    functions: tuple[Function, ...] = ()
    most_rounds: int | None = None
    in_words: bool = False
    may_report: bool = True

    def of(self, agent: Mapping) -> "Role":
        """The same with what this agent promises, which holds for whoever answers in its place."""
        if self.output_schema is not None or self.in_words:
            return self
        return replace(self, output_schema=agent.get("output_schema"))


@dataclass(frozen=True, slots=True)
class HandedOver:
    """An agent does not answer but lets another do so."""

    to: str
    message: str


async def answered(ctx: "StepContext", agent: str, text: str, role: Role, may_hand_over: bool) -> Output:
    """The answer of `agent`, or of who it was handed over to. Raises CallFailed, StepFailed."""
    pinned, asked = ctx.pinned("agents", agent), text
    chain, role, reports = ctx.chain, role.of(pinned.content), Counter()
    while True:
        handing = handing_of(ctx, pinned, chain) if may_hand_over else None
        more = [handing.function()] if handing else []
        more += offered(ctx, pinned, role, handing, reports)
        playing = replace(role, functions=(*role.functions, *more)) if more else role
        answer = await Speaker(ctx, pinned).answer(asked, playing)
        if isinstance(answer, Settled):
            return answer.result()
        if not isinstance(answer, HandedOver):
            return answer
        chain = chain.by(pinned.content).then(pinned.slug, answer.to, answer.message)
        asked = f"{text}\n\n{pinned.slug} hands this over to you, and says:\n{quoted(answer.message)}"
        pinned = ctx.pinned("agents", answer.to)


def quoted(message: str) -> str:
    """What an agent said, so that no line of it can pass for something else."""
    return "\n".join(f"> {line}" for line in message.splitlines())


def handing_of(ctx: "StepContext", agent: Pinned, chain: Chain) -> "Handing | None":
    """What lets `agent` hand over to those of its `delegation.to`."""
    targets = {ref.partition("@")[0]: ref for ref in agent.content.get("delegation", {}).get("to", ())}
    return Handing(ctx, agent, chain, targets) if targets else None


@dataclass(frozen=True, slots=True)
class Handing:
    """Whom an agent may let answer in its place: `targets` are their references by name."""

    ctx: "StepContext"
    agent: Pinned
    chain: Chain
    targets: Mapping[str, str]

    def known(self) -> list[tuple[str, Mapping | None]]:
        return [(name, self.ctx.document("agent", ref)) for name, ref in self.targets.items()]

    async def over(self, name: str, message: str) -> HandedOver:
        """Raises StepFailed where the chain, a policy or a person is against it."""
        target = self.targets[name]
        self.chain.by(self.agent.content).then(self.agent.slug, target, message)
        await self.ctx.hand_over(self.agent.slug, target, message)
        return HandedOver(target, message)

    def function(self) -> Function:
        async def call(arguments: Mapping, calling: Calling) -> HandedOver:
            return await self.over(self.ctx.meant(arguments["agent"]), arguments["message"])

        return handoff(
            "Lets another agent answer in your place. Say what it needs to know.",
            "What it is to do, and what it needs to know",
            self.known(),
            call,
        )


class Speaker:
    """One agent in one step, on its own model or on that of its fallback models which stepped in for it."""

    def __init__(self, ctx: "StepContext", agent: Pinned):
        self.ctx, self.agent = ctx, agent
        self.known = calls.Pinned(agent.slug, agent.number, agent.content)

    async def answer(self, text: str, role: Role) -> Any:
        ctx, document = self.ctx, self.agent.content
        await self._decide(text)
        ctx.driver.played_by(ctx.key, self.agent)
        talk = Talk(
            instructions=expressions.text(document.get("instructions", ""), ctx.scope),
            text=text,
            history=ctx.driver.sight.history(ctx.key) if wants_history(document) else (),
            tools=self._tools(),
            functions={one.name: as_offer(one) for one in role.functions},
            most_rounds=role.most_rounds,
            output_schema=role.output_schema,
            fault=ctx.driver.veil.fault,
            max_tool_calls=document.get("limits", {}).get("max_tool_calls", DEFAULT_TOOL_CALLS),
            attempt=ctx.memory.attempt,
            window=Window.of(document),
        )
        trail = ctx.trail_of(self.agent.slug)
        ways = {"model": self._model(), "tool": self._tool(), "function": self._function(role)}
        outcome = await converse(talk, trail=trail, **ways)
        for note in outcome.notes:
            ctx.driver.line("note", {"kind": "context", "text": note}, ctx.key)
        return outcome.output

    async def _decide(self, text: str) -> None:
        ctx, agent = self.ctx, self.agent
        schema = agent.content.get("input_schema")
        is_asked = schema and "text" in schema.get("properties", {})
        fault = ctx.driver.veil.fault(schema, {"text": text}) if is_asked else None
        if fault is not None:
            raise StepFailed(
                "invalid_input", f"What {agent.name} was given does not fit its input schema: {fault}"
            )
        facts = {
            **ctx.driver.sight.facts_for_policies(),
            "agent": agent_fact(self.known),
            "input": {"text": ctx.driver.veil.clear(text)},
        }
        await gateway.decide(ctx.desk, "agent.run", facts, text)

    def _tools(self) -> dict[str, Mapping]:
        refs = self.agent.content.get("tools", ())
        return {ref.partition("@")[0]: self.ctx.pinned("tools", ref).content for ref in refs}

    def _model(self) -> Callable[..., Awaitable[calls.Reply]]:
        ctx = self.ctx
        model = ctx.models.get(self.agent.slug) or self.agent.content["model"]

        async def call(
            messages: list[dict], tools: list[dict], response_schema: Mapping | None, turn: int
        ) -> calls.Reply:
            ctx.turns += 1
            ask = calls.ModelAsk(
                agent=self.known,
                model=model,
                messages=messages,
                tools=tools,
                response_schema=response_schema,
                turn=ctx.turns,
                timeout_s=ctx.node.timeout_s or calls.DEFAULT_TIMEOUT_S,
                cache_ttl_s=ctx.node.cache_ttl_s,
                limits=ctx.driver.limits,
                facts=ctx.driver.sight.facts_for_policies(),
            )
            return await gateway.model_call(ctx.desk, ask)

        return call

    def _tool(self) -> Callable[[str, Mapping], Awaitable[Any]]:
        ctx = self.ctx
        refs = {ref.partition("@")[0]: ref for ref in self.agent.content.get("tools", ())}

        async def call(slug: str, arguments: Mapping) -> Any:
            tool = ctx.driver.shelf.get("tools", refs.get(slug, slug))
            known = (
                calls.Pinned(tool.slug, tool.number, tool.content) if tool else calls.Pinned(slug, 0, None)
            )
            ask = calls.ToolAsk(
                agent=self.known,
                tool=known,
                arguments=arguments,
                by_model=True,
                last_attempt=ctx.is_last_attempt(),
                facts=ctx.driver.sight.facts_for_policies(),
            )
            with ctx.driver.waiting.branch(ctx.key):
                return await gateway.tool_call(ctx.desk, ask)

        return call

    def _function(self, role: Role) -> Callable[[Asked, Mapping], Awaitable[Any]]:
        functions = {one.name: one for one in role.functions}

        async def call(asked: Asked, arguments: Mapping) -> Any:
            with self.ctx.driver.waiting.branch(self.ctx.key):
                try:
                    calling = Calling(asked.turn, asked.index, asked.said)
                    return await functions[asked.name].call(arguments, calling)
                except StepFailed as failure:
                    if failure.code not in TOLD:
                        raise
                    raise CallFailed(failure.code, failure.message, final=True) from failure

        return call


def as_offer(one: Function) -> Offer:
    return Offer(one.description, one.parameters, one.ends, one.is_round)


async def failing_as_step(work: Callable[[], Awaitable[None]]) -> None:
    """What the gateway refuses, as a step fails."""
    try:
        await work()
    except CallFailed as error:
        raise StepFailed(error.code, error.message) from error


def wants_history(agent: Mapping) -> bool:
    return agent.get("context", {}).get("history") == "steps"
