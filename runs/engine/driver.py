"""One run, driven: plans, starts steps, records, repeats, until it finishes or only waits.

Design note. All of a run's changes happen on the engine's loop, so there is nothing to lock: a step's end is
recorded, the planner says what follows, and both go to the writer as one append. Steps that touch nothing (`pure`)
run right here and need not wait for their commit: what was not stored is computed again after a crash. What waits for
a person, a moment or a child is an ordinary coroutine that holds still; when every step of the run holds still,
the run is parked: its lease is given back and its coroutines are dropped, and whoever claims it next replays
them to the same place from the journal.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flows.chain import Chain
from flows.graph import Node
from flows.nodes import TYPES
from flows.nodes.base import Finished, StepFailed
from governance import clock, ledger
from governance.port import Limit
from governance.privacy import Vault
from registry import privacy
from runs.engine import items, pure, shared_state
from runs.engine.attempt import run_step
from runs.engine.children import Children
from runs.engine.clocks import Clocks
from runs.engine.closing import Closing
from runs.engine.context import StepContext, leaving
from runs.engine.ending import Ending
from runs.engine.gates import Gates
from runs.engine.inbox import Inbox
from runs.engine.journal import Journal
from runs.engine.memory import Memory, StepKey, StepMemory
from runs.engine.pauses import Pauses
from runs.engine.planner import Plan, State
from runs.engine.players import Candidate
from runs.engine.record import Loaded
from runs.engine.replay import Replay
from runs.engine.sight import Sight
from runs.engine.veil import Veil
from runs.engine.waiting import Waiting
from runs.engine.writer import Fenced, StorageFailed

if TYPE_CHECKING:
    from runs.engine.host import Engine

log = logging.getLogger("baton.engine")
PURE_STEPS_A_TURN = 64
ASKING = ("step.waiting", "approval.requested")  # lines of a run that still waits


class Driver:
    """Hosts one claimed run. `engine` is the host; everything else comes from `loaded`."""

    def __init__(self, engine: "Engine", loaded: Loaded):
        self.engine = engine
        self.run = loaded.run
        self.shelf = loaded.shelf
        self.graph = loaded.shelf.flow.graph
        self.limits: tuple[Limit, ...] = loaded.limits
        self.lineage = loaded.lineage
        self.bell = loaded.bell
        most_hops = loaded.shelf.flow.content.get("limits", {}).get("max_hops")
        self.chain = Chain.above(loaded.events[0][-1].get("chain"), most_hops)
        self.journal = Journal(engine.writer, loaded.row, loaded.epoch)
        self.journal.on_stored = self._stored
        self.journal.on_refused = lambda error: engine.abandon(self, error)
        self.state = State(self.graph)
        self.memory = Memory(self.run.id)
        self.shared = shared_state.of(self, loaded.shelf.flow.content)
        self.sight = Sight(self, loaded.parts)
        self.vault = Vault(self.run.root_id)
        self.veil = Veil(self)
        self.inbox = Inbox(self, loaded.answers)
        self.children = Children(self)
        self.closing = Closing(self)
        self.pauses = Pauses(self)
        self.ending = Ending(self)
        self.gates = Gates(self)
        self.tasks: dict[StepKey, asyncio.Task] = {}
        self.clocks = Clocks(self)
        self.waiting = Waiting(self)
        self._loaded = loaded
        self._pure: list[StepKey] = []

    # --- beginning ---------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Reads what stands behind the run's tokens, where it has any."""
        if self._loaded.tokens:
            await self.vault.load()

    def start(self) -> None:
        """Goes on where the journal ends."""
        events = self._loaded.events
        self._loaded = None
        self.memory.fold(events)
        self.clocks.parked_at = self.memory.parked_at()
        replay = Replay(self)
        plan = replay.fold(events)
        if self.journal.run.status != "waiting":
            self.journal.run.waiting = "[]"  # what a step of it still waits for is said anew
            self.ending.watch_the_clock()
        if self.run.cancelled_by:
            self.ending.cancel()
        elif self.gates.holds_launch():
            self.gates.ask_launch(lambda: self._begin(plan, replay))
        else:
            self._begin(plan, replay)

    def _begin(self, plan: Plan | None, replay: Replay) -> None:
        """The first steps, or those that were under way. A fork's journal says that it started when it was made."""
        row = self.journal.run
        if plan is not None:
            self.line("run.started", {})
        if row.started_at is None:
            row.status, row.started_at = "running", clock.now()
        if plan is not None:
            self._carry_out(plan)
        else:
            replay.end_what_ended()
            self._go_on()
        self._drain_pure()

    def is_running(self, key: StepKey) -> bool:
        """Whether the step, or the map that an item belongs to, was neither stopped nor ended with its run."""
        return not self.ending.begun and self.is_current(key[0], key[1])

    def is_current(self, node: str, iteration: int) -> bool:
        """Whether the planner has this iteration of the node running."""
        return self.state.status[node] == "running" and self.state.iteration[node] == iteration

    def _go_on(self) -> None:
        """After a restart: everything that was under way starts again and finds its record. In a fork, what
        follows the copied steps has no record yet."""
        if self.ending.begun:
            return
        for node, status in self.state.status.items():
            if status == "running":
                key = (node, self.state.iteration[node], None)
                if self.memory.step(key).started is None:
                    self._begin_step(key)
                else:
                    self._launch_step(key)
        if not self.tasks and not self._pure and self.state.running == 0:
            self.ending.conclude()

    # --- lines -------------------------------------------------------------------------------------------------

    def line(self, type: str, data: Mapping, key: StepKey | None = None) -> int:
        """Adds a journal line, and to the projections what it means."""
        node, iteration, item = key or (None, None, None)
        if key is not None and self.journal.run.status == "waiting" and type not in ASKING:
            self.ending.resume()
        at = clock.now()
        step = self.memory.step(key) if key else None
        attempt = step.attempt if step and type not in ("step.skipped",) else None
        seq = self.journal.line(type, data, node=node, iteration=iteration, item=item, attempt=attempt, at=at)
        if key is not None:
            before = (step.row.cost, step.row.input_tokens, step.row.output_tokens)
            self.memory.apply(seq, at, type, node, iteration, item, attempt, data, step)
            self._project(step, before)
        else:
            self.memory.apply(seq, at, type, None, None, None, None, data)
        return seq

    def _project(self, step: StepMemory, before: tuple[int, int, int]) -> None:
        row, run = step.row, self.journal.run
        run.cost += row.cost - before[0]
        run.input_tokens += row.input_tokens - before[1]
        run.output_tokens += row.output_tokens - before[2]
        self.journal.step(row)
        self.journal.flush()

    def settle(self, settlement: ledger.Settle) -> asyncio.Future:
        settled = self.journal.money(settlement)
        settled.add_done_callback(self.engine.money_settled)
        return settled

    def delta(self, key: StepKey, text: str) -> None:
        node, iteration, item = key
        self.engine.broadcast.delta(
            self.run.id, {"node": node, "iteration": iteration, "item": item, "text": text}
        )

    def _stored(self, seq: int) -> None:
        self.engine.broadcast.stored(self.run.id, seq)

    def is_new(self, key: StepKey, what: str) -> bool:
        """True once: after a crash, what the journal already holds is not written again."""
        step = self.memory.step(key)
        if what in step.told:
            return False
        step.told.add(what)
        return True

    # --- steps -------------------------------------------------------------------------------------------------

    def _carry_out(self, plan: Plan) -> None:
        for turn in plan.skipped:
            self.closing.skip((turn.node, turn.iteration, None))
        for failed in plan.failed:
            self.closing.fall_short(failed)
        for turn in plan.cancelled:
            self.closing.stop((turn.node, turn.iteration, None))
        if plan.outcome is not None:
            self.ending.outcome(plan.outcome)
            return
        for turn in plan.ready:
            if not self.ending.begun:  # the start of one may end the run
                self._begin_step((turn.node, turn.iteration, None))

    def _begin_step(self, key: StepKey) -> None:
        node = key[0]
        self.line("step.started", self.sight.arrived(node), key)
        if self.shared is not None:
            self.shared.started(node, key[1])
        if self.ending.has_too_many_steps():
            return
        self._launch_step(key)

    def _launch_step(self, key: StepKey) -> None:
        node = self.graph.nodes[key[0]]
        if TYPES[node.type].is_pure(node.config) and not self._leaves_guarded(node):
            self._pure.append(key)
        else:
            self.spawn(key)

    def _leaves_guarded(self, node: Node) -> bool:
        """Whether what the step makes leaves the run past rules."""
        return node.type == "end" and privacy.may_concern(self.run.project_id, "run_output")

    def spawn(self, key: StepKey) -> None:
        """Plays the step as a task."""
        self.waiting.wake(key)
        task = self.engine.loop.create_task(self._step(key))
        self.tasks[key] = task
        task.add_done_callback(lambda done: self._step_ended(key, done))

    async def _step(self, key: StepKey) -> None:
        node = self.graph.nodes[key[0]]
        try:
            finished = await run_step(self, key, leaving if node.type == "end" else TYPES[node.type].run)
        except StepFailed as failure:
            self._end_step(key, failure)
        else:
            self._end_step(key, finished)

    def _end_step(self, key: StepKey, result: Finished | StepFailed) -> None:
        self.waiting.sleep(key)
        if self.ending.begun or not self.is_current(key[0], key[1]):
            return
        if isinstance(result, StepFailed):
            self.fail_step(key, result)
        else:
            self.finish_step(key, result)
        self._drain_pure()

    def _step_ended(self, key: StepKey, task: asyncio.Task) -> None:
        if self.tasks.get(key) is task:
            del self.tasks[key]
        self.waiting.sleep(key)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, (Fenced, StorageFailed)):
            self.engine.abandon(self, error)
        elif error is not None:
            log.error("step %s of run %s broke off", key, self.run.public_id, exc_info=error)
            self._end_step(key, StepFailed("step_failed", f"The step broke off: {type(error).__name__}."))
        self.waiting.consider_parking()

    def _drain_pure(self) -> None:
        """Runs pure steps one after the other, and lets the loop breathe in between."""
        for _ in range(PURE_STEPS_A_TURN):
            if not self._pure or self.ending.begun:
                self.journal.flush()
                self.waiting.consider_parking()
                return
            key = self._pure.pop(0)
            if self.is_current(key[0], key[1]):
                pure.run_or_spawn(self, key)
        self.engine.loop.call_soon(self._drain_pure)

    def finish_step(self, key: StepKey, finished: Finished) -> None:
        node = key[0]
        ports = self.state.resolve(node, finished.ports)
        output = self.engine.bounded(finished.output)
        if isinstance(output, StepFailed):
            self.fail_step(key, output)
            return
        writes = {} if self.shared is None else self.shared.written_by(key, output)
        if isinstance(writes, StepFailed):
            self.fail_step(key, writes)
            return
        data = {
            "status": "succeeded",
            "port": ports[0] if ports else None,
            "ports": list(ports),
            "output": self.sight.folded(output),
            **({"writes": writes} if writes else {}),
        }
        holds_items = items.may_have_any(self, key)
        if holds_items:
            self.closing.cut_off(key, only_items=True)
        seq = self.line("step.finished", data, key)
        self.sight.remember(node, seq, data)
        if self.shared is not None:
            self.shared.fold(node, key[1], data)
        self.memory.forget(key)
        if holds_items:
            items.forget(self, key)
        self._carry_out(self.state.settle(node, ports))

    def fail_step(self, key: StepKey, failure: StepFailed) -> None:
        node = key[0]
        ports = self.state.resolve(node, ("error",)) if self.graph.nodes[node].on_error == "port" else ()
        self.closing.fail(key, ports, failure)
        self._carry_out(self.state.fail(node, failure.code))

    def context(self, key: StepKey, memory: StepMemory, candidate: Candidate) -> StepContext:
        return StepContext(self, key, memory, candidate)

    def has_work(self) -> bool:
        """Whether pure steps are still to be run."""
        return bool(self._pure)

    def unrepeatable(self) -> list[asyncio.Task]:
        """The steps with a call under way that nobody could repeat."""
        return [
            task
            for key, task in self.tasks.items()
            if any(tried.recorded().sent for tries in self.memory.step(key).calls.values() for tried in tries)
        ]

    def played_by(self, key: StepKey, agent: Any) -> None:
        self.memory.step(key).row.agent = agent.name
