"""The runs below a run: started once, awaited without a worker, stopped with it."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from flows.chain import Chain
from flows.nodes import TYPES
from flows.nodes.base import Output, StepFailed
from governance import clock, ids, money, rulebooks
from governance.privacy import tokens
from governance.rules import DENY
from runs.engine.birth import MOST_OF_ONE_ROOT, Newborn, born, child_of
from runs.engine.claims import in_order
from runs.engine.library import Pinned
from runs.engine.memory import StepKey, StepMemory
from runs.engine.record import RunRecord
from runs.engine.rows import RunRow, dumps
from runs.engine.store import Operation, Touching, marks

if TYPE_CHECKING:
    from runs.engine.driver import Driver

MOST_RUNS_DEEP = 16
SPENT = ("cost", "input_tokens", "output_tokens")


class Children:
    """One run's children, by number."""

    def __init__(self, driver: "Driver"):
        self.driver = driver
        self.known: dict[int, Mapping] = {}
        self.open: dict[int, tuple[StepKey, asyncio.Event]] = {}
        self.owed: dict[int, StepKey | None] = {}  # stopped with their step: their costs are still to come
        self._above = {
            node.id
            for node in driver.graph.nodes.values()
            if any(reference.kind == "flow" for reference in TYPES[node.type].references(node.config))
        }

    async def result(self, key: StepKey, flow: Pinned, input: Any, chain: Chain) -> Output:
        """The output of the child of this step, to which `chain` leads. Raises StepFailed with the child's own code."""
        number, is_new = await self._start(key, flow, input, chain)
        event = asyncio.Event()
        self.open[number] = (key, event)
        try:
            if not is_new:
                self.heed(await self.driver.engine.read(self.driver.engine.loader.children, [number]))
                self.driver.clocks.worked_below(key, self.known.get(number, {}).get("finished_at"))
            while not self.known.get(number, {}).get("finished"):
                event.clear()
                async with self.driver.waiting.suspended(key, {"kind": "child", "id": ids.encode(number)}):
                    await event.wait()
        finally:
            self.open.pop(number, None)
        await self.driver.vault.learn(tokens.texts_of(self.known[number]["output"]))
        return self._output(key, number, self.known[number])

    async def _start(self, key: StepKey, flow: Pinned, input: Any, chain: Chain) -> tuple[int, bool]:
        """Its number, and whether it is new. Raises StepFailed where it may not be launched."""
        driver, step = self.driver, self.driver.memory.step(key)
        if len(driver.lineage) >= MOST_RUNS_DEEP:
            message = f"Flows call flows {MOST_RUNS_DEEP} deep here; no more are started below that."
            raise StepFailed("limit_hops", message)
        book = await rulebooks.fresh(driver.run.project_id)
        meant = driver.veil.clear(input)
        child, verdict = child_of(driver.run, key, step.attempt, flow, input, book, meant, chain)
        allowed = verdict.effect != DENY
        number, is_new = await driver.journal.operation(born(child, MOST_OF_ONE_ROOT if allowed else 0))
        if number is None and not allowed:
            self._record_refusal(key, step, child)
            raise StepFailed("denied", verdict.reason)
        if number is None:
            message = f"The launched run has {MOST_OF_ONE_ROOT:,} runs below it; no more are started."
            raise StepFailed("limit_steps", message)
        if is_new:
            driver.engine.ring(number)
        return number, is_new

    def _record_refusal(self, key: StepKey, step: StepMemory, child: Newborn) -> None:
        """A run that was never launched has no journal: the decision stands in that of the step that asked."""
        node, iteration, item = key
        call = f"{node}.{iteration}{'' if item is None else f'.{item}'}/launch~{step.attempt}"
        if step.call(call).decision is None:
            self.driver.line(
                "policy.decided", {**child.decided, "call": call, "facts": self._kept(child)}, key
            )

    def _kept(self, child: Newborn) -> dict:
        """What the decision on it was made of: it has no first line of its own that could hold that."""
        run, input = child.run, dumps(child.created["input"])
        return {
            "cost_usd": 0.0,
            "flow": f"{run.flow}@{run.version}",
            "run": ids.encode(run.id),
            "trigger": run.trigger,
            "input_part": self.driver.sight.keep(input),
        }

    def _output(self, key: StepKey, number: int, child: Mapping) -> Output:
        """The parent's cost includes the child's, once: when the step that asked for it ends."""
        if ids.encode(number) not in self.driver.memory.counted:
            self.driver.line("note", ended(number, child), key)
        if child["status"] == "succeeded":
            return child["output"]
        error = child["error"] or {"code": "step_failed", "message": "The child run was cancelled."}
        raise StepFailed(error["code"], f"Run {ids.encode(number)} of the flow below: {error['message']}")

    def heed(self, news: Mapping[int, Mapping]) -> None:
        """Children finished, or wait for somebody."""
        for number, child in news.items():
            if not self.known.get(number, {}).get("finished"):  # older news must not undo an end
                self.known[number] = child
            if number in self.open and child["finished"]:
                key, event = self.open[number]
                event.set()
                self.driver.waiting.wake(key)
            elif number in self.owed and child["finished"] and not self.driver.ending.begun:
                self._pay(number, self.owed.pop(number), child)
            elif number in self.open:
                self.driver.clocks.heed(self.open[number][0])

    def _pay(self, number: int, key: StepKey | None, child: Mapping) -> None:
        """What a stopped run spent, to its step where that is attempted anew."""
        driver = self.driver
        if key is None or not driver.is_running(key) or driver.memory.step(key).finished is not None:
            key = None
            driver.journal.spend(child["cost"], child["input_tokens"], child["output_tokens"])
        driver.line("note", ended(number, child), key)
        driver.journal.flush()

    def may_have_any(self) -> bool:
        return bool(self._above)

    def work(self, key: StepKey | None = None) -> bool:
        """Whether one that is open does anything but wait, as far as it is known; one of a step, a map's items too."""
        return any(
            self.known.get(number, {}).get("status") != "waiting"
            for number, (own, _) in self.open.items()
            if key is None or own == key or (key[2] is None and own[:2] == key[:2])
        )

    def waits(self) -> list[dict]:
        """What the children wait for, in the places of this run."""
        return [
            {**wait, "node": key[0], "iteration": key[1], "item": key[2]}
            for number, (key, _) in self.open.items()
            for wait in self.known.get(number, {}).get("waiting") or ()
        ]

    def stop(self, key: StepKey | None = None) -> None:
        """The run is over, or one of its steps or a step's attempt was: what still runs below it is cancelled."""
        if key[0] in self._above if key else self._above:
            by, run_id = self.driver.run.cancelled_by or "the run above", self.driver.run.id
            done = self.driver.journal.operation(cancel_below(run_id, by, key))
            done.add_done_callback(partial(self._ring_all, key))

    def _ring_all(self, key: StepKey | None, done: asyncio.Future) -> None:
        if not done.cancelled() and done.exception() is None:
            self.owed.update(dict.fromkeys(done.result(), key))
            for number in done.result():
                self.driver.engine.ring(number)


def ended(number: int, child: Mapping) -> dict:
    """The data of the note that a run below ended; what it did cost becomes the step's and the run's."""
    return {
        "kind": "child",
        "run": ids.encode(number),
        "status": child["status"],
        "cost_usd": money.dollars(child["cost"]),
        "tokens": {"input": child["input_tokens"], "output": child["output_tokens"]},
    }


def pay_uncounted(run_id: int, counted: Sequence[str]) -> Operation:
    """The run ends: what runs below it spent and no line tells, because their steps were stopped, is added."""
    numbers = [number for number in map(ids.decode, counted) if number is not None]
    sums = ", ".join(f"coalesce(sum({name}), 0)" for name in SPENT)

    def statements(vendor: str):
        known = f"AND id NOT IN ({marks(len(numbers))})" if numbers else ""
        rows = yield (
            f"SELECT {sums} FROM runs_run WHERE parent_id=? AND finished_at IS NOT NULL {known}",
            [run_id, *numbers],
        )
        if any(rows[0]):
            added = ", ".join(f"{name}={name}+?" for name in SPENT)
            yield f"UPDATE runs_run SET {added} WHERE id=?", [*map(int, rows[0]), run_id]

    return statements


def pay_late(run: RunRecord, row: RunRow) -> Touching:
    """The run above ended first: what this one spent is added to it now (contract 4.10)."""

    def statements(vendor: str):
        yield (
            f"UPDATE runs_run SET {', '.join(f'{name}={name}+?' for name in SPENT)} "
            "WHERE id=? AND finished_at IS NOT NULL",
            [row.cost, row.input_tokens, row.output_tokens, run.parent_id],
        )

    return Touching(statements, runs=(run.parent_id,))


def cancel_below(run_id: int, by: str, key: StepKey | None) -> Touching:
    """Asks for the end of the runs below a run, below one iteration of one of its nodes, or below one item of that."""
    where, params = "", [part for part in key or () if part is not None]
    if params:
        where = "AND parent_node=? AND parent_iteration=? " + (
            "AND parent_item=? " if len(params) == 3 else ""
        )

    def statements(vendor: str):
        rows = yield (
            "UPDATE runs_run SET cancelled_by=?, bell=bell+1, ready_at=? WHERE id IN (SELECT id FROM runs_run "
            f"WHERE parent_id=? AND finished_at IS NULL {where}{in_order(vendor)}) RETURNING id",
            [by, clock.now(), run_id, *params],
        )
        return [row[0] for row in rows]

    return Touching(statements, below=(run_id,))
