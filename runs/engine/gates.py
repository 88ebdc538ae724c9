"""What the whole run is asked about: its launch, before its first step does anything, and the release of its output.

Design note. Both are decided like every call, under the names `launch` and `release`, and both may need a person. The
wait belongs to no step, so it has a key of its own (memory.THE_RUN): the run is parked over it like over any other
wait, and who claims it next finds the decision and the question in the journal. A launch was decided when the run was
stored; a release is decided here, in one commit with the end that it allows or denies.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from flows.nodes.base import StepFailed
from governance import gate, rulebooks
from governance.gate import Operation
from governance.port import Decided
from governance.rules import APPROVE, DENY, Rulebook
from registry.decisions import asked_again, request_of, why_not
from runs.engine.memory import THE_RUN
from runs.engine.writer import Fenced, StorageFailed

if TYPE_CHECKING:
    from runs.engine.driver import Driver

log = logging.getLogger("baton.engine")
LAUNCH, RELEASE = "launch", "release"


class Gates:
    """One run's first and last decision."""

    def __init__(self, driver: "Driver"):
        self.driver = driver

    # --- launch ------------------------------------------------------------------------------------------------

    def holds_launch(self) -> bool:
        """Whether a person has to agree before anything of the run happens, and has not yet."""
        decision, item = self._recorded(LAUNCH), self._asked(LAUNCH)
        is_settled = item is not None and item.decided is not None and item.decided["decision"] == "approve"
        return decision is not None and decision["effect"] == APPROVE and not is_settled

    def ask_launch(self, go_on: Callable[[], None]) -> None:
        self._spawn(self._launch(go_on))

    async def _launch(self, go_on: Callable[[], None]) -> None:
        run, sight = self.driver.run, self.driver.sight
        facts = {**sight.facts_for_policies(), "input": self.driver.veil.clear(run.input)}
        operation = Operation("flow.launch", LAUNCH, facts)
        decision = self._recorded(LAUNCH)
        told = await self._decided(operation, decision, run.input)
        said = await self._asked_again(operation, decision, run.input) if told.decision == "approve" else None
        if self.driver.ending.begun:
            return
        if said is not None and said["effect"] == DENY:
            self.driver.ending.fail("denied", said["reason"])
        elif told.decision == "approve":
            self._let_go()  # what follows may come to the release at once
            go_on()
        else:
            reason = why_not(told, "A reviewer rejected it.")
            self.driver.ending.fail("rejected", f"The launch was not approved: {reason}")

    # --- release -----------------------------------------------------------------------------------------------

    def release(self) -> None:
        """Everything is done: the output leaves, is denied, or waits for a person."""
        if THE_RUN in self.driver.tasks:
            return
        book = rulebooks.young(self.driver.run.project_id)
        if self._recorded(RELEASE) is None and book is not None:
            line = self._decide_release(book)
            if line["effect"] != APPROVE:
                self._end(line)
                return
            self.driver.line("policy.decided", line)
        self._spawn(self._release())

    async def _release(self) -> None:
        line = self._recorded(RELEASE)
        if line is not None and line["effect"] != APPROVE:
            return  # the end that goes with it is being written, or could not be and the run is given up
        if line is None:
            line = self._decide_release(await rulebooks.fresh(self.driver.run.project_id))
            if self.driver.ending.begun:
                return
            if line["effect"] != APPROVE:
                self._end(line)
                return
            self.driver.line("policy.decided", line)
        operation, output = self._release_operation(), self.driver.ending.output()
        told = await self._decided(operation, line, output)
        said = await self._asked_again(operation, line, output) if told.decision == "approve" else None
        if self.driver.ending.begun:
            return
        if said is not None and said["effect"] == DENY:
            self.driver.ending.fail("denied", f"The output may not leave: {said['reason']}")
        elif told.decision == "approve":
            self.driver.ending.succeed()
        else:
            reason = why_not(told, "A reviewer rejected it.")
            self.driver.ending.fail("rejected", f"The output was not released: {reason}")

    def _end(self, line: Mapping[str, Any]) -> None:
        if line["effect"] == DENY:
            self.driver.ending.deny(line)
        else:
            self.driver.ending.succeed(line)

    def _decide_release(self, book: Rulebook) -> dict[str, Any]:
        operation = self._release_operation()
        held = {**operation.facts, "output": self.driver.ending.output()}
        shown = Operation(operation.action, operation.call, held)
        verdict = gate.told(gate.decide(operation, book), shown, book)
        return verdict.as_line(operation, self._release_on_record(operation))

    def _release_operation(self) -> Operation:
        """What is decided on: the output as it is meant."""
        output = self.driver.veil.clear(self.driver.ending.output())
        facts = {**self.driver.sight.facts_for_policies(), "output": output}
        return Operation("output.release", RELEASE, facts)

    def _release_on_record(self, operation: Operation) -> dict[str, Any]:
        """What the journal keeps of that: the steps whose outputs it holds already."""
        ends, seqs = self.driver.state.ends, self.driver.sight.finished_seq
        of = [[node, seqs[node]] for node in self.driver.graph.nodes if node in ends]
        return {"cost_usd": operation.facts["cost_usd"], "output_of": of}

    # --- both --------------------------------------------------------------------------------------------------

    def _recorded(self, call: str) -> Mapping[str, Any] | None:
        return self.driver.memory.whole.call(call).decision

    def _asked(self, call: str) -> Any:
        return self.driver.memory.whole.items.get(("approval", call))

    async def _decided(self, operation: Operation, decision: Mapping[str, Any], shown: Any) -> Decided:
        request = request_of(operation, decision, shown)
        return await self.driver.inbox.decided(THE_RUN, self.driver.memory.whole, request)

    async def _asked_again(
        self, operation: Operation, decision: Mapping[str, Any], content: Any
    ) -> Mapping[str, Any]:
        """What the policies say by now of what people agreed to; `content` is what it is about, as the journal holds
        it."""
        name = "input" if operation.call == LAUNCH else "output"
        shown = Operation(operation.action, operation.call, {**operation.facts, name: content})
        return await asked_again(self.driver.run.project_id, operation, shown, decision)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.driver.waiting.wake(THE_RUN)
        task = self.driver.engine.loop.create_task(work)
        self.driver.tasks[THE_RUN] = task
        task.add_done_callback(self._ended)

    def _let_go(self) -> None:
        del self.driver.tasks[THE_RUN]
        self.driver.waiting.sleep(THE_RUN)

    def _ended(self, task: asyncio.Task) -> None:
        driver = self.driver
        if driver.tasks.get(THE_RUN) is task:
            self._let_go()
        error = None if task.cancelled() else task.exception()
        if isinstance(error, (Fenced, StorageFailed)):
            driver.engine.abandon(driver, error)
        elif isinstance(error, StepFailed):
            driver.ending.fail(error.code, error.message)
        elif error is not None:
            log.error("the gate of run %s broke off", driver.run.public_id, exc_info=error)
            driver.ending.fail("step_failed", f"The run broke off: {type(error).__name__}.")
        driver.waiting.consider_parking()
