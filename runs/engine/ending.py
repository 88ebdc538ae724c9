"""How a run stops: finished, failed, cancelled, out of a limit, or parked until somebody rings."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flows.nodes.base import StepFailed
from governance import clock, inbox, ledger
from runs.engine.children import pay_late, pay_uncounted
from runs.engine.memory import StepKey
from runs.engine.places import call_up
from runs.engine.planner import Outcome
from runs.engine.record import RunRecord
from runs.engine.rows import dumps
from runs.engine.store import Operation, Touching
from runs.engine.writer import Fenced, StorageFailed

if TYPE_CHECKING:
    from runs.engine.driver import Driver


class Ending:
    """One run's last lines. `begun` is set once nothing more may start."""

    def __init__(self, driver: "Driver"):
        self.driver = driver
        self.begun = False
        self.errors: dict[str, StepFailed] = {}
        self._release: dict | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._limits = driver.shelf.flow.content.get("limits", {})

    # --- limits ------------------------------------------------------------------------------------------------

    def watch_the_clock(self) -> None:
        """Time that the run waits, for people, moments or money, does not count."""
        most = self._limits.get("timeout_s")
        if most is None:
            return
        self.stop_the_clock()
        message = f"The run worked longer than its {most:g} s."
        remaining = max(self._time_left(most), 0)
        self._timer = self.driver.engine.loop.call_later(remaining, self.fail, "limit_time", message)

    def _time_left(self, most: float) -> float:
        return most - self.driver.memory.active_so_far(clock.now()) / 1_000_000

    def _ends_of_work_below(self) -> list[int]:
        """When time is over, the run's or that of a step, if it is not standing still but parked while runs below it
        work."""
        most, driver = self._limits.get("timeout_s"), self.driver
        if driver.journal.run.status == "waiting":
            return []
        ends = driver.clocks.ends()
        if most is not None or ends:
            if not driver.memory.works_below:
                driver.line("note", {"kind": "below", **driver.clocks.used()})
            ends += [] if most is None else [clock.now() + round(self._time_left(most) * 1_000_000)]
        return ends

    def stop_the_clock(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def has_too_many_steps(self) -> bool:
        most = self._limits.get("max_steps")
        if most is None or self.driver.memory.step_starts <= most:
            return False
        self.fail("limit_steps", f"The run started more than its {most} steps.")
        return True

    # --- ends --------------------------------------------------------------------------------------------------

    def outcome(self, outcome: Outcome) -> None:
        """The planner says that nothing can follow."""
        if outcome.code is None:
            self.conclude()
            return
        known = self.errors.get(outcome.node or "")
        message = known.message if known else SENTENCES.get(outcome.code, "The run failed.")
        self.fail(outcome.code, message, outcome.node, outcome.iteration)

    def conclude(self) -> None:
        """Everything is done: the output leaves through the gate."""
        if self.begun:
            return
        if not self.driver.state.ends:
            self.fail("no_end_reached", SENTENCES["no_end_reached"])
            return
        self.driver.gates.release()

    def succeed(self, decision: dict | None = None) -> None:
        """The output leaves; `decision` is the line that says so, where the journal does not hold it yet."""
        self._release = decision
        self._finish("succeeded", output=self.output())

    def deny(self, decision: dict) -> None:
        self._release = decision
        self.fail("denied", f"The output may not leave: {decision['reason']}")

    def output(self) -> Any:
        """What the reached ends made: one's output, or those of several by node."""
        ends, steps = self.driver.state.ends, self.driver.sight.steps
        if len(ends) == 1:
            return steps[ends[0]]["output"]
        return {node: steps[node]["output"] for node in self.driver.graph.nodes if node in ends}

    def fail(self, code: str, message: str, node: str | None = None, iteration: int | None = None) -> None:
        self._finish("failed", error={"code": code, "message": message, "node": node, "iteration": iteration})

    def cancel(self) -> None:
        message = f"{self.driver.run.cancelled_by} cancelled the run."
        self._finish(
            "cancelled", error={"code": "cancelled", "message": message, "node": None, "iteration": None}
        )

    def _finish(self, status: str, *, output: Any = None, error: dict | None = None) -> None:
        if self.begun:
            return
        self.begun = True
        self.stop_the_clock()
        stopped = {key: task for key, task in self.driver.tasks.items() if task is not asyncio.current_task()}
        if not stopped:
            self._write(status, output, error)
            return
        for task in stopped.values():
            task.cancel()
        self.driver.engine.spawn(self._finish_after(stopped, status, output, error))

    async def _finish_after(
        self, stopped: dict[StepKey, asyncio.Task], status: str, output: Any, error: dict | None
    ) -> None:
        """What is cut off records its own calls first; only then comes the last line."""
        await asyncio.gather(*stopped.values(), return_exceptions=True)
        self._write(status, output, error)

    def _write(self, status: str, output: Any, error: dict | None) -> None:
        driver = self.driver
        # The items of a map end before the map does.
        for step in sorted(driver.memory.steps.values(), key=lambda step: step.row.item < 0):
            if (
                step.started is not None
                and step.finished is None
                and step.row.status in ("running", "waiting")
            ):
                item = None if step.row.item < 0 else step.row.item
                driver.line(
                    "step.finished", {"status": "cancelled"}, (step.row.node, step.row.iteration, item)
                )
        data = (
            {"status": status, "output": output}
            if status == "succeeded"
            else {"status": status, "error": error}
        )
        if self._release is not None:
            # In one commit with the end that it decides: after a crash it would be asked again.
            driver.line("policy.decided", self._release)
        driver.line("run.finished", data)
        row = driver.journal.run
        row.status, row.finished_at, row.waiting = status, clock.now(), "[]"
        row.output = dumps(output) if status == "succeeded" else None
        row.error = dumps(error) if error else None
        journal = driver.journal
        journal.operation(inbox.cancelling(driver.run.id, clock.now()))
        journal.money(ledger.ReleaseRun(driver.run.id))
        driver.children.stop()
        if driver.children.may_have_any():
            journal.operation(pay_uncounted(driver.run.id, sorted(driver.memory.counted)))
        if driver.run.parent_id is not None:
            journal.operation(ring(driver.run.parent_id))
            journal.operation(pay_late(driver.run, row))
        released = journal.operation(release(driver.run, journal.epoch, None, works=False))
        released.add_done_callback(driver.engine.call_up)
        journal.stored().add_done_callback(lambda done: driver.engine.finished(driver, done))

    # --- parking -----------------------------------------------------------------------------------------------

    async def park(self) -> None:
        """Gives the lease back while everything waits; the bell tells whether somebody rang meanwhile."""
        driver = self.driver
        if driver.waiting.awake or self.begun:
            driver.waiting.stay()
            return
        waits = list(driver.waiting.waits.values())
        self._show_waits(waits)
        times = [wait["until"] for _, wait in waits if wait.get("until")]
        times += self._ends_of_work_below()
        journal = driver.journal
        works = journal.run.status != "waiting"
        released = journal.operation(
            release(driver.run, journal.epoch, min(times, default=None), driver.bell, works=works)
        )
        released.add_done_callback(driver.engine.call_up)
        try:
            await journal.stored()
        except (Fenced, StorageFailed) as error:
            driver.engine.abandon(driver, error)
            return
        if await released is not None:
            driver.engine.parked(driver)
            return
        driver.waiting.stay()
        driver.waiting.heed()

    def rest(self) -> None:
        """Everything waits, but for something that may be there in a moment: the run stays here."""
        self._show_waits(list(self.driver.waiting.waits.values()))
        if self.driver.journal.run.status == "waiting":
            self.stop_the_clock()
        self.driver.journal.flush()

    def _show_waits(self, waits: Sequence[tuple[StepKey, Mapping]]) -> None:
        """The run waits where nothing else runs: as long as a run below it works, so does this one. What its own steps
        wait for it shows all the same: that is how a paused one is found."""
        driver, row = self.driver, self.driver.journal.run
        shown = [
            {
                "kind": wait["kind"],
                "node": key[0] or None,
                "iteration": key[1] if key[0] else None,
                "item": key[2],
                "id": wait.get("id"),
                "until": clock.show(wait.get("until")),
            }
            for key, wait in waits
            if wait["kind"] != "child"
        ]
        if driver.children.work():
            self.resume()  # what it waited for below is answered, and the work goes on there
            row.waiting = dumps(shown)
            return
        shown += driver.children.waits()
        if row.status != "waiting" or row.waiting != dumps(shown):
            driver.line("run.waiting", {"waiting": shown, **driver.clocks.used()})
            row.status, row.waiting = "waiting", dumps(shown)
            self._tell_the_run_above()

    def resume(self) -> None:
        """A step goes on after its wait."""
        row = self.driver.journal.run
        if row.status == "running":
            row.waiting = "[]"
        if row.status == "waiting" and not self.begun:
            self.driver.line("run.resumed", {})
            row.status, row.waiting = "running", "[]"
            self.watch_the_clock()
            self._tell_the_run_above()

    def _tell_the_run_above(self) -> None:
        """It shows what the runs below it wait for."""
        above, engine = self.driver.run.parent_id, self.driver.engine
        if above is not None:
            self.driver.journal.operation(ring(above)).add_done_callback(lambda done: engine.ring(above))


SENTENCES = {
    "no_end_reached": "Nothing is left to run and no end was reached: connect the branch that was taken to an end.",
    "loop_exhausted": "The loop used up its repetitions and nothing is connected to its exhausted port.",
}


def release(
    run: RunRecord, epoch: int, ready_at: int | None, bell: int | None = None, *, works: bool
) -> Operation:
    """Gives the lease back, and the run's place unless it `works` (in runs below it). With `bell`: only if nobody rang
    since. The result is who has the place now, or None where the lease was not given back."""
    keeps = works or run.parent_id is not None

    def statements(vendor: str):
        place = "" if keeps else "has_place=?, "
        where, params = "", [] if keeps else [False]
        params += [ready_at, run.id, epoch]
        if bell is not None:
            where, params = " AND bell=?", [*params, bell]
        rows = yield (
            f"UPDATE runs_run SET owner=NULL, lease_until=0, {place}ready_at=? WHERE id=? AND epoch=?{where} "
            "RETURNING (SELECT max_running_runs FROM governance_project WHERE id=project_id)",
            params,
        )
        if not rows:
            return None
        return (yield from call_up(run.project_id, vendor)) if rows[0][0] is not None and not keeps else []

    return statements if keeps else Touching(statements, projects=(run.project_id,))


def ring(run_id: int) -> Touching:
    """Has somebody look at the run: whoever hosts it sees the bell, else the sweep claims it."""

    def statements(vendor: str):
        yield (
            "UPDATE runs_run SET bell=bell+1, ready_at=? WHERE id=? AND finished_at IS NULL",
            [clock.now(), run_id],
        )

    return Touching(statements, runs=(run_id,))
