"""The `supervisor` node: one agent plans, lets workers do the parts, looks at what they bring, and answers."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from flows.chain import Chain
from flows.fields import REFERENCE, REVIEWER, closed, reference, strict, text
from flows.members import Member, member
from flows.nodes.base import (
    Calling,
    Context,
    Expression,
    Finished,
    Function,
    NodeType,
    Output,
    Reference,
    StepFailed,
)
from flows.teams.people import answer_of
from flows.turns import MOST_DELEGATIONS, MOST_ROUNDS
from governance.refusals import Problem
from governance.schemas import MUST_BE

CHAIN_ENDS = ("delegation_cycle", "limit_hops")  # of a worker: they end the whole; any other failure is told
A_WORKER = "an agent such as writer or writer@3, a flow as flow:SLUG, or people as role:reviewer or user:rita"
DELEGATION = {
    "type": "object",
    "required": ["agent", "task", "output"],
    "properties": {"agent": {"type": "string"}, "task": {"type": "string"}},
}


class Supervisor(NodeType):
    kind = "supervisor"
    label = "Supervisor"
    summary = "Plans, lets workers do the parts, and makes one answer of what they bring."
    icon = "network"
    group = "work"
    holds_items = True
    config_schema = strict(
        {
            "agent": reference("The agent that plans and delegates"),
            "workers": {
                "type": "array",
                "minItems": 1,
                "maxItems": 50,
                "uniqueItems": True,
                "items": {
                    "type": "string",
                    "pattern": f"({REFERENCE})|(^flow:{REFERENCE.removeprefix('^')})|({REVIEWER})",
                    MUST_BE: A_WORKER,
                },
                "description": "Agents, flows as `flow:SLUG`, people as `role:ROLE` or `user:NAME`",
            },
            "text": text("What is to be done"),
            "max_rounds": {
                "type": "integer",
                "minimum": 1,
                "maximum": 50,
                "default": MOST_ROUNDS,
                "description": "How often it may delegate before it has to answer",
            },
            "parallel": {
                "type": "boolean",
                "default": True,
                "description": "The delegations of one round run at once",
            },
        },
        required=("agent", "workers", "text"),
    )

    def references(self, config):
        found = [Reference("agent", config["agent"], "/config/agent")]
        for index, name in enumerate(config["workers"]):
            worker = member(name)
            if worker.kind != "person":
                found.append(Reference(worker.kind, worker.ref, f"/config/workers/{index}"))
        return found

    def expressions(self, config):
        return [Expression("text", config["text"], "/config/text")]

    def problems(self, node):
        names = [member(name).name for name in node.config["workers"]]
        return [
            Problem(
                f"/config/workers/{index}",
                f"{name} stands here twice: a supervisor tells its workers apart by name. Keep one.",
                "duplicate_worker",
            )
            for index, name in enumerate(names)
            if name in names[:index]
        ]

    def output_schema(self, config, around):
        return closed(
            {
                "text": {"type": "string"},
                "rounds": {"type": "integer"},
                "delegations": {"type": "array", "items": DELEGATION},
            }
        )

    def answer_schema(self, config):
        return {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}

    def answered(self, config, answer):
        return Finished({"rounds": 0, "delegations": [], **answer})

    async def run(self, ctx):
        config = ctx.node.config
        work = Delegating(ctx, config)
        ctx.keeps(lambda: work.done() if work.entries else None)
        try:
            answer = await ctx.run_agent(
                config["agent"],
                ctx.text(config["text"]),
                functions=[work.function()],
                most_rounds=config.get("max_rounds", MOST_ROUNDS),
                in_words=True,
            )
        except StepFailed as failure:
            failure.partial = work.done() if work.entries else failure.partial
            raise
        return Finished({"text": answer["text"], **work.done()})


class Delegating:
    """What one supervisor lets others do in one step. `entries` stand in the order in which they were asked for."""

    def __init__(self, ctx: Context, config: Mapping):
        self.ctx, self.config = ctx, config
        self.workers = {worker.name: worker for worker in map(member, config["workers"])}
        self.entries: list[dict] = []
        self.rounds: dict[int, int] = {}  # by the supervisor's turn
        self.asked: Counter[int] = (
            Counter()
        )  # delegations by the supervisor's turn; it may call other things beside
        self.ended: StepFailed | None = None  # how one of them ended the whole
        self._alone = asyncio.Lock()

    def done(self) -> dict:
        return {"rounds": len(self.rounds), "delegations": self.entries}

    def function(self) -> Function:
        return Function(
            "delegate",
            "Lets a worker do a part of the work and tells you what it brings. Call it several times in one turn for "
            "parts that do not need each other. Answer without a call once you can.",
            strict(
                {
                    "agent": {
                        "type": "string",
                        "enum": list(self.workers),
                        "description": "; ".join(self._purpose(worker) for worker in self.workers.values()),
                    },
                    "task": {
                        "type": "string",
                        "description": "What is to be done, with all that the worker needs",
                    },
                    "reason": {"type": "string", "description": "Why this worker, in one sentence"},
                },
                required=("agent", "task"),
            ),
            self.delegate,
            is_round=True,
        )

    async def delegate(self, arguments: Mapping, calling: Calling) -> Any:
        try:
            return await self._delegated(arguments, calling)
        except StepFailed as failure:
            if failure.code in CHAIN_ENDS:
                self.ended = failure
                self.ctx.give_up(failure)
            raise

    async def _delegated(self, arguments: Mapping, calling: Calling) -> Any:
        name, task = self.ctx.meant(arguments["agent"]), arguments["task"]
        worker, ctx = self.workers[name], self.ctx
        self.asked[calling.turn] += 1
        if self.asked[calling.turn] > MOST_DELEGATIONS:
            raise StepFailed(
                "denied", f"A round has at most {MOST_DELEGATIONS} delegations; ask again in the next."
            )
        number = self._round(calling)
        me = ctx.who_plays(self.config["agent"])
        lead = ctx.document("agent", self.config["agent"]) or {}
        chain = ctx.chain.by(lead).then(me, name, task)
        handing = ctx.hand_over(me, worker.ref if worker.kind == "agent" else name, task)
        entry = {"agent": name, "task": task, "output": None, "round": number}
        self.entries.append(entry | ({"reason": arguments["reason"]} if arguments.get("reason") else {}))
        return await self._play(self.entries[-1], worker, f"{calling.turn}.{calling.index}", chain, handing)

    async def _play(self, entry: dict, worker: Member, name: str, chain: Chain, handing: Any) -> Any:
        """What the supervisor is told: the worker's output, or how it failed."""
        async with self._order():
            try:
                await handing
                entry["output"] = await self._turn(entry, worker, name, chain)
            except StepFailed as failure:
                if failure is self.ended:
                    raise  # of another, which ends this one too
                entry["error"] = {"code": failure.code, "message": failure.message}
                if failure.code in CHAIN_ENDS:
                    raise
                return {"error": entry["error"]}
        return entry["output"]

    async def _turn(self, entry: dict, worker: Member, name: str, chain: Chain) -> Output:
        task = {key: entry[key] for key in ("agent", "task", "round", "reason") if key in entry}
        agent = worker.ref if worker.kind == "agent" else None

        async def body(ctx: Context, _: Any) -> Output:
            self._record(ctx, entry)
            if agent is not None and (stand_in := ctx.who_plays(agent)) != worker.slug:
                await self._hand_on(ctx, entry, stand_in)
            return await WORK[worker.kind](ctx, worker, entry["task"])

        return await self.ctx.turn(name, task, body, agent=agent, chain=chain)

    async def _hand_on(self, ctx: Context, entry: Mapping, stand_in: str) -> None:
        """A stand-in is given the task as the worker was: it is decided, and has its line with the reason."""
        me = self.ctx.who_plays(self.config["agent"])
        reason = f"It stands in for {entry['agent']}, which did not bring the task to an end."
        await ctx.hand_over(me, stand_in, entry["task"], reason)

    @asynccontextmanager
    async def _order(self) -> AsyncIterator[None]:
        if self.config.get("parallel", True):
            yield
            return
        async with self.ctx.queued():
            await self._alone.acquire()
        try:
            yield
        finally:
            self._alone.release()

    def _round(self, calling: Calling) -> int:
        if calling.turn not in self.rounds:
            self.rounds[calling.turn] = len(self.rounds) + 1
            if calling.said:
                self.ctx.record_plan(self.rounds[calling.turn], calling.said)
        return self.rounds[calling.turn]

    def _record(self, ctx: Context, entry: Mapping) -> None:
        candidates = [
            {
                "name": name,
                "score": None,
                "excluded_because": None
                if name == entry["agent"]
                else "the supervisor chose another for this task",
            }
            for name in self.workers
        ]
        ctx.record_choice("delegation", candidates, [entry["agent"]], "agent", entry.get("reason", ""))

    def _purpose(self, worker: Member) -> str:
        document = None if worker.kind == "person" else self.ctx.document(worker.kind, worker.ref)
        purpose = "a person" if document is None else document.get("purpose") or document.get("description")
        return f"{worker.name}: {purpose}" if purpose else worker.name


async def by_agent(ctx: Context, worker: Member, task: str) -> Output:
    return await ctx.run_agent(worker.ref, task, may_hand_over=True)


async def by_flow(ctx: Context, worker: Member, task: str) -> Output:
    return await ctx.run_flow(worker.ref, {task_field(ctx.document("flow", worker.ref) or {}): task})


async def by_person(ctx: Context, worker: Member, task: str) -> Output:
    return await answer_of(ctx, worker.ref, task, task, None, None)


WORK = {"agent": by_agent, "flow": by_flow, "person": by_person}


def task_field(flow: Mapping) -> str:
    """The field of a flow's input that gets the task: its only required text, else `task`."""
    schema = flow.get("input_schema", {})
    fields, required = schema.get("properties", {}), schema.get("required", ())
    texts = [name for name in required if fields.get(name, {}).get("type") == "string"]
    return texts[0] if len(required) == 1 and texts else "task"
