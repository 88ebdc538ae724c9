"""How a step ends without an output: skipped, failed, or cut off with everything that hangs on it."""

from typing import TYPE_CHECKING

from flows.nodes.base import StepFailed
from governance import clock, inbox
from runs.engine import items
from runs.engine.attempt import as_data
from runs.engine.memory import StepKey
from runs.engine.planner import Failed

if TYPE_CHECKING:
    from runs.engine.driver import Driver


class Closing:
    """Writes the last lines of one run's steps."""

    def __init__(self, driver: "Driver"):
        self.driver = driver

    def skip(self, key: StepKey) -> None:
        driver = self.driver
        driver.memory.step(key).row.status = "skipped"
        driver.line("step.skipped", {}, key)
        driver.memory.forget(key)

    def fall_short(self, failed: Failed) -> None:
        """A join that can never reach its quorum."""
        key = (failed.turn.node, failed.turn.iteration, None)
        node = self.driver.graph.nodes[key[0]]
        message = f"Fewer than {node.quorum} of the branches into {node.name or node.id} arrived."
        self.fail(key, failed.ports, StepFailed(failed.code, message))

    def fail(self, key: StepKey, ports: tuple[str, ...], failure: StepFailed) -> None:
        driver = self.driver
        if items.may_have_any(driver, key):
            self.cut_off(key)
        error = as_data(failure)
        data = {"status": "failed", "port": ports[0] if ports else None, "ports": list(ports), "error": error}
        if ports:
            data["output"] = {"error": error}
        data |= driver.sight.partial(failure)
        seq = driver.line("step.finished", data, key)
        driver.sight.remember(key[0], seq, data)
        driver.ending.errors[key[0]] = failure

    def stop(self, key: StepKey) -> None:
        """Cancels a running step; its calls in flight record their own end."""
        task = self.driver.tasks.get(key)
        if task is not None:
            task.cancel()
        self.cut_off(key)
        self.driver.line("step.finished", {"status": "cancelled"}, key)

    def cut_off(self, key: StepKey, *, only_items: bool = False) -> None:
        """What a step leaves open ends before it: its items, its questions, the runs below it. With `only_items`
        nothing happens where it has no open items: it went well, unless a person answered in its place."""
        driver, left = self.driver, items.open_items(self.driver, key)
        if only_items and not left:
            return
        for item in left:
            driver.line("step.finished", {"status": "cancelled"}, item)
        driver.journal.operation(inbox.cancelling(driver.run.id, clock.now(), key[0], key[1]))
        driver.children.stop(key)
