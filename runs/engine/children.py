"""The runs below a run: started once, awaited without a worker, stopped with it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flows.nodes.base import Output, StepFailed
from governance import clock, ids
from runs.engine.birth import MOST_OF_ONE_ROOT, born, child_of
from runs.engine.claims import in_order
from runs.engine.library import Pinned
from runs.engine.memory import StepKey
from runs.engine.record import RunRecord
from runs.engine.rows import RunRow
from runs.engine.store import Operation, marks

if TYPE_CHECKING:
    from runs.engine.driver import Driver

SPENT = ("cost", "input_tokens", "output_tokens")


class Children:
    """One run's children, by number."""

    def __init__(self, driver: "Driver"):
        self.driver = driver
        self.known: dict[int, Mapping] = {}
        self.open: dict[int, tuple[StepKey, asyncio.Event]] = {}
        self.owed: set[int] = set()  # stopped with their step: their costs are still to come
        self._above = {node.id for node in driver.graph.nodes.values() if "flow" in node.config}

    async def result(self, key: StepKey, flow: Pinned, input: Any) -> Output:
        """The output of the child of this step. Raises StepFailed with the child's own code."""
        number, is_new = await self._start(key, flow, input)
        event = asyncio.Event()
        self.open[number] = (key, event)
        try:
            if not is_new:
                self.heed(await self.driver.engine.read(self.driver.engine.loader.children, [number]))
            while not self.known.get(number, {}).get("finished"):
                event.clear()
                async with self.driver.waiting.suspended(key, {"kind": "child", "id": ids.encode(number)}):
                    await event.wait()
        finally:
            self.open.pop(number, None)
        return self._output(key, number, self.known[number])

    async def _start(self, key: StepKey, flow: Pinned, input: Any) -> tuple[int, bool]:
        child = child_of(self.driver.run, self.driver.shelf, key, flow, input)
        number, is_new = await self.driver.journal.operation(born(child))
        if number is None:
            message = f"The launched run has {MOST_OF_ONE_ROOT:,} runs below it; no more are started."
            raise StepFailed("limit_steps", message)
        if is_new:
            self.driver.engine.ring(number)
        return number, is_new

    def _output(self, key: StepKey, number: int, child: Mapping) -> Output:
        """The parent's cost includes the child's, once: when the step that asked for it ends."""
        journal, memory = self.driver.journal, self.driver.memory
        note = {"kind": "child", "run": ids.encode(number), "status": child["status"]}
        if note["run"] not in memory.counted:
            journal.spend(memory.step(key).row, child["cost"], child["input_tokens"], child["output_tokens"])
            self.driver.line("note", note, key)
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
                self.owed.discard(number)
                self.driver.journal.spend(None, child["cost"], child["input_tokens"], child["output_tokens"])
                self.driver.line(
                    "note", {"kind": "child", "run": ids.encode(number), "status": child["status"]}
                )
                self.driver.journal.flush()

    def may_have_any(self) -> bool:
        return bool(self._above)

    def work(self) -> bool:
        """Whether one that is open does anything but wait, as far as it is known."""
        return any(self.known.get(number, {}).get("status") != "waiting" for number in self.open)

    def waits(self) -> list[dict]:
        """What the children wait for, in the places of this run."""
        return [
            {**wait, "node": key[0], "iteration": key[1], "item": key[2]}
            for number, (key, _) in self.open.items()
            for wait in self.known.get(number, {}).get("waiting") or ()
        ]

    def stop(self, key: StepKey | None = None) -> None:
        """The run is over, or one of its steps was: what still runs below it is cancelled."""
        if key[0] in self._above if key else self._above:
            by, run_id = self.driver.run.cancelled_by or "the run above", self.driver.run.id
            done = self.driver.journal.operation(cancel_below(run_id, by, key))
            done.add_done_callback(self._ring_all)

    def _ring_all(self, done: asyncio.Future) -> None:
        if not done.cancelled() and done.exception() is None:
            self.owed.update(done.result())
            for number in done.result():
                self.driver.engine.ring(number)


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


def pay_late(run: RunRecord, row: RunRow) -> Operation:
    """The run above ended first: what this one spent is added to it now (contract 4.10)."""

    def statements(vendor: str):
        yield (
            f"UPDATE runs_run SET {', '.join(f'{name}={name}+?' for name in SPENT)} "
            "WHERE id=? AND finished_at IS NOT NULL",
            [row.cost, row.input_tokens, row.output_tokens, run.parent_id],
        )

    return statements


def cancel_below(run_id: int, by: str, key: StepKey | None) -> Operation:
    """Asks for the end of the runs below a run, or below one iteration of one of its nodes."""
    where, params = ("", []) if key is None else ("AND parent_node=? AND parent_iteration=? ", key[:2])

    def statements(vendor: str):
        rows = yield (
            "UPDATE runs_run SET cancelled_by=?, bell=bell+1, ready_at=? WHERE id IN (SELECT id FROM runs_run "
            f"WHERE parent_id=? AND finished_at IS NULL {where}{in_order(vendor)}) RETURNING id",
            [by, clock.now(), run_id, *params],
        )
        return [row[0] for row in rows]

    return statements
