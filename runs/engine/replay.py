"""A run's journal folded into its planner again: where the run stands, and what is still owed to it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from flows.nodes.base import StepFailed
from runs.engine.planner import Plan

if TYPE_CHECKING:
    from runs.engine.driver import Driver


class Replay:
    """Used once, when the run is claimed: `fold`, then `end_what_ended` if the run goes on."""

    def __init__(self, driver: "Driver"):
        self.driver = driver
        self._left_over: list[Plan] = []

    def fold(self, events: Sequence[tuple]) -> Plan | None:
        """Settles the finished steps again; the first plan where the run has not started yet."""
        plan = self.driver.state.begin()
        started = False
        for seq, _, type, node, iteration, item, _, data in events:
            started = started or type == "run.started"
            if type == "step.started" and item is None and self.driver.shared is not None:
                self.driver.shared.started(node, iteration)
            if type == "step.finished" and item is None and self.driver.is_current(node, iteration):
                self._finish(seq, node, iteration, data)
        return None if started else plan

    def _finish(self, seq: int, node: str, iteration: int, data: Mapping) -> None:
        driver = self.driver
        driver.sight.remember(node, seq, data)
        if driver.shared is not None:
            driver.shared.fold(node, iteration, data)
        if data["status"] == "succeeded":
            plan = driver.state.settle(node, tuple(data["ports"]))
        elif data["status"] == "failed":
            driver.ending.errors[node] = StepFailed(data["error"]["code"], data["error"]["message"])
            plan = driver.state.fail(node, data["error"]["code"])
        else:
            return
        if plan.failed or (plan.outcome is not None and plan.outcome.code is not None):
            self._left_over.append(plan)

    def end_what_ended(self) -> None:
        """What followed from the replayed steps and is not in the journal: the end of a run that stopped between a
        failure and its own last line; in a fork, a join that falls short."""
        driver = self.driver
        for plan in self._left_over:
            for failed in plan.failed:
                if driver.memory.step((failed.turn.node, failed.turn.iteration, None)).finished is None:
                    driver.closing.fall_short(failed)
            if plan.outcome is not None and plan.outcome.code is not None:
                driver.ending.outcome(plan.outcome)
