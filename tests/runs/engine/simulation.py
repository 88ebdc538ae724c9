"""Owns the simulated world: engines on virtual loops over a real database, people, and what goes wrong.

Everything of the product is real but time, threads, the http tool and the doorbell's way. A *point* is a moment
around a commit or a tool call; they are numbered, and a fault is what happens at one of them.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from django.db import connection
from django.db.models import Q

from governance import approvals, ids
from governance.models import Approval, Project, User
from registry.tools import CallLimits, ToolError
from runs import launch
from runs.engine.host import Engine
from runs.engine.store import SqliteStore
from runs.models import FINISHED, Event, Run
from tests.runs.engine.virtual_time import Agenda, Clock, VirtualLoop, aside

LONGEST_S = 600.0
KEEPER_S = 0.3
NEVER = 1 << 62


class Crash(SystemExit):
    """The process is gone: no handler of it runs."""


class Stuck(AssertionError):
    """The run did not end in time."""


@dataclass
class Effect:
    """What a tool did to the world."""

    tool: str
    key: str
    arguments: Mapping
    repeatable: bool


class SimulatedStore(SqliteStore):
    """The engine's store, with a point before and after each commit."""

    def __init__(self, process: "Process"):
        super().__init__(connection.settings_dict["NAME"])
        self.connection.execute("PRAGMA synchronous=OFF")
        self.process = process

    def transact(self, batch, *, wait_ms, durable):
        world = self.process.world
        world.point(self.process, "before", batch, wait_ms)
        if self.process.refused_until > world.clock.seconds:
            raise sqlite3.DatabaseError("disk I/O error")
        written = super().transact(batch, wait_ms=wait_ms, durable=False)
        world.committed(batch, written)
        world.point(self.process, "after", batch, wait_ms)
        return written


class Process:
    """One engine on a loop of its own."""

    def __init__(self, world: "World", name: str, sole: bool):
        self.world, self.name = world, name
        self.loop = VirtualLoop(world.clock, world.random)
        self.loop.process = self
        self.engine = Engine(lambda: SimulatedStore(self), sole=sole)
        self.engine.owner = name
        self.stopping = False
        self.refused_until = 0.0
        keeper = self.engine.keeper
        keeper._checkpoint_at = keeper._sweep_at = NEVER
        if sole:
            keeper.void_dead_leases()
        self.main = self.loop.create_task(self.engine._main())
        self.loop.call_later(0.01, self._tick)

    def _tick(self) -> None:
        if not self.stopping:
            aside(self.engine.keeper._tick)
            self.loop.call_later(KEEPER_S, self._tick)

    @property
    def alive(self) -> bool:
        return not self.loop.dead

    def ring(self, run_id: int) -> None:
        if self.alive and not self.stopping and hasattr(self.engine, "loop"):
            self.engine.ring(run_id)

    def crash(self) -> None:
        self.loop.kill()
        if hasattr(self.engine, "writer"):
            self.engine.writer.store.close()

    def stop(self) -> None:
        """A clean end, as SIGTERM asks for."""
        self.stopping = True
        self.ending = self.loop.create_task(self._stop())

    async def _stop(self) -> None:
        await self.engine._wind_down()
        self.engine._end.set()
        await self.main
        self.loop.kill()


Act = Callable[["World", Process], None]


@dataclass
class World:
    """One scenario under way. `faults` are acts by the number of the point they happen at."""

    project: Project
    ada: User
    rita: User
    seed: int = 0
    faults: Mapping[int, Act] = field(default_factory=dict)
    answers: Callable[["World", Approval], tuple | None] | None = None
    on_crash: Callable[["World"], None] = lambda world: None
    sole: bool = False
    engines: int = 1
    person_delay_s: tuple[float, ...] = (0.0, 0.05, 1.0, 4.0)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.clock = Clock()
        self.agenda = Agenda(self.clock)
        self.processes: list[Process] = []
        self.points = 0
        self.trace: list[str] = []
        self.effects: list[Effect] = []
        self.repeats: set[str] = set()
        self.root: Run | None = None
        self.runs: dict[int, str] = {}
        self.cancelled_at: int | None = None
        self.parked = 0
        self.tool_acts: dict[str, list] = {}

    # --- life --------------------------------------------------------------------------------------------------

    def launch(self, flow: str, input: Mapping) -> Run:
        self.root, _ = launch.launch(self.project, flow, input, user=self.ada)
        return self.root

    def start(self) -> Process:
        process = Process(self, f"engine-{len(self.processes) + 1}", self.sole)
        self.processes.append(process)
        return process

    def play(self, flow: str, input: Mapping | None = None) -> Run:
        """Launches and runs the world until the run and its children ended, and a while longer."""
        run = self.launch(flow, input or {})
        for _ in range(self.engines):
            self.start()
        self.agenda.after(0.02, lambda: self.ring(run.id))
        self.until(self.is_over)
        # A zombie has to wake up and see that it is one.
        self.for_a_while(
            2.0 + max(0.0, *(process.loop.paused_until - self.clock.seconds for process in self.processes))
        )
        return Run.objects.get(id=run.id)

    def close(self) -> None:
        for process in self.processes:
            if process.alive:
                process.crash()
            process.loop.bury()

    def ring(self, run_id: int) -> None:
        """The doorbell: heard by some, by all twice, or by nobody."""
        for process in self.processes:
            for _ in range(self.random.choice((0, 1, 1, 2))):
                process.ring(run_id)

    def is_over(self) -> bool:
        return self.root is not None and bool(self.runs) and all(s in FINISHED for s in self.runs.values())

    def until(self, condition: Callable[[], bool], most_s: float = LONGEST_S) -> None:
        deadline = self.clock.seconds + most_s
        while not condition():
            if self.clock.seconds > deadline or not self._turn():
                raise Stuck(f"nothing ended by {self.clock.seconds - deadline + most_s:.1f} s")

    def for_a_while(self, seconds: float) -> None:
        deadline = self.clock.seconds + seconds
        while self.clock.seconds < deadline and self._turn():
            pass

    def _turn(self) -> bool:
        if self.agenda.act():
            return True
        moments = [(process.loop.next_at(), process) for process in self.processes]
        moments = [(at, process) for at, process in moments if at is not None]
        planned = self.agenda.next_at()
        later = [at for at, _ in moments] + ([] if planned is None else [planned])
        if not later:
            return False
        soonest = min(later)
        if soonest > self.clock.seconds:
            self.clock.seconds = soonest
            return True
        due = [process for at, process in moments if at <= self.clock.seconds]
        process = self.random.choice(due) if len(due) > 1 else due[0]
        try:
            process.loop.step()
        except Crash:
            self.crash(process)
        return True

    # --- what goes wrong ---------------------------------------------------------------------------------------

    def point(self, process: Process, where: str, batch=(), wait_ms: int = 0) -> None:
        number, self.points = self.points, self.points + 1
        types = [event[3] for append in batch for event in append.events]
        self.trace.append(f"{self.clock.seconds % 1e5:.4f} {number} {process.name} {where} {types}")
        self.wait_ms, self.where = wait_ms, where
        act = self.faults.get(number)
        if act is not None:
            self.trace.append(f"    ^ {act.__name__}")
            act(self, process)

    def crash(self, process: Process, back_after_s: float = 0.5) -> None:
        process.crash()
        self.on_crash(self)
        self.trace.append(f"{self.clock.seconds % 1e5:.4f} {process.name} is gone")
        if not any(other.alive for other in self.processes):
            self.agenda.after(back_after_s, self.start)

    def committed(self, batch, written) -> None:
        """People and doorbells learn of what is stored, whatever the process still hears of it."""
        fenced = {id(append) for append in written.fenced}
        for append in batch:
            if id(append) in fenced:
                continue
            for event in append.events:
                self.happened(event[0], event[3])
        for _, result in written.results:
            if isinstance(result, tuple) and len(result) == 2 and result[1] is True:
                self.runs.setdefault(result[0], "running")

    def happened(self, run_id: int, type: str) -> None:
        if type == "run.finished":
            self.runs[run_id] = "succeeded"
        else:
            self.runs.setdefault(run_id, "running")
        if type == "approval.requested":
            self.agenda.after(self.random.choice(self.person_delay_s), lambda: self.person(run_id))

    # --- people ------------------------------------------------------------------------------------------------

    def person(self, run_id: int) -> None:
        """Rita decides what the run asks now."""
        if not self.faults:
            self.check_parked(run_id)
        for approval in Approval.objects.filter(run_id=run_id, status="pending").order_by("id"):
            answer = (self.answers or answered)(self, approval)
            if answer is None:
                continue
            decision, more = answer
            try:
                approvals.decide(approval, self.rita, decision, fingerprint=approval.fingerprint, **more)
            except approvals.Conflict:
                continue  # too late: the time has passed
            if decision == "repeat":
                self.repeats.add(self.key_of(approval))
            self.ring(run_id)

    def check_parked(self, run_id: int) -> None:
        """A run that has been waiting for a while holds nothing. One below it that goes on rings for it."""
        run = Run.objects.get(id=run_id)
        near = Run.objects.filter(Q(id=run_id) | Q(parent_id=run_id)).values("id")
        last = Event.objects.filter(run_id__in=near).order_by("-at").first()
        if run.status == "waiting" and self.clock.now() - last.at > 400_000:
            self.parked += 1
            assert run.owner is None, f"{run.owner} holds a run that waits"
            for process in self.processes:
                assert run_id not in process.engine.drivers, f"{process.name} hosts a run that waits"

    @staticmethod
    def key_of(approval: Approval) -> str:
        """The Idempotency-Key of an uncertain call."""
        return f"{ids.encode(approval.run_id)}/{approval.call.rpartition('!')[2]}"


def answered(world: World, approval: Approval) -> tuple[str, dict] | None:
    """Approve, answer with the node's name, and tell the truth of an uncertain call."""
    if approval.kind == "approval":
        return "approve", {}
    if approval.kind == "uncertain":
        done = [effect for effect in world.effects if effect.key == world.key_of(approval)]
        return ("done", {"payload": output_of(done[-1])}) if done else ("repeat", {})
    if approval.node == "below" and approval.call == "escalation-1":
        return "retry", {}
    if approval.node == "telling" and approval.kind == "escalation":
        return ("answer", {"payload": {"text": "done"}}) if "too" in approval.reason else ("retry", {})
    if approval.node == "votes":
        return "answer", {"payload": {"vote": "no"}}
    field = "text" if approval.node == "led" else "answer"
    return "answer", {"payload": {field: approval.node}}


def output_of(effect: Effect) -> dict:
    return {"status": 200, "body": {"tool": effect.tool, "arguments": dict(effect.arguments)}}


class SimulatedTool:
    """Stands where the http tool does: takes a moment, has an effect, answers a moment later."""

    async def call(self, tool: dict, arguments: dict, secrets: dict, limits: CallLimits) -> dict:
        process = asyncio.get_running_loop().process
        world = process.world
        delay = float(tool["config"].get("headers", {}).get("X-Delay", "0.1"))
        world.point(process, f"tool {tool['slug']} out")
        await asyncio.sleep(delay / 2)
        repeatable = tool.get("risk") == "read" or bool(tool.get("idempotent"))
        effect = Effect(tool["slug"], limits.idempotency_key, dict(arguments), repeatable)
        world.effects.append(effect)
        world.point(process, f"tool {tool['slug']} done")
        await asyncio.sleep(delay / 2)
        if tool["slug"] == "broken":
            raise ToolError("step_failed", "The peer said no.", status=400, sent=True)
        return output_of(effect)

    def check(self, config: dict) -> list:
        return []
