"""The typed state of one run (flows.state): what it is now, what each step under way sees of it, what a step writes.

Design note. The state is nowhere but in the journal: a step's writes stand in its `step.finished`, already evaluated,
and folding those lines in seq order gives the state, whether after a crash, in a fork or for a page. A step sees the
state as it was at its `step.started`, however long it takes and however often it is played again.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flows.nodes.base import Output, StepFailed
from flows.state import CannotWrite, Declared, declared
from governance import expressions
from governance.expressions import ExpressionError
from runs.engine.memory import StepKey

if TYPE_CHECKING:
    from runs.engine.driver import Driver


def of(driver: "Driver", flow: Mapping) -> "SharedState | None":
    """The state of a driver's run; None where its flow has none."""
    found = declared(flow)
    return None if found is None else SharedState(driver, found)


class SharedState:
    """Bound to a driver whose flow has a state. `now` is never changed in place."""

    def __init__(self, driver: "Driver", declared: Declared):
        self.driver, self.declared = driver, declared
        self.now: Mapping[str, Any] = declared.first()
        self._schema = declared.of_fields()
        self._seen: dict[tuple[str, int], Mapping[str, Any]] = {}

    def started(self, node: str, iteration: int) -> None:
        """What this step, and every item and turn of it, sees from now on."""
        self._seen[node, iteration] = self.now

    def seen_by(self, key: StepKey) -> Mapping[str, Any]:
        return self._seen.get(key[:2], self.now)

    def written_by(self, key: StepKey, output: Output) -> dict[str, Any] | StepFailed:
        """What the step writes with this output, by field; or why it cannot, which fails the step."""
        templates = self.driver.graph.nodes[key[0]].writes
        if not templates:
            return {}
        scope = {**self.driver.sight.scope(key), "output": output}
        try:
            writes = expressions.value(dict(templates), scope)
        except ExpressionError as error:
            return StepFailed("expression_error", str(error))
        return self._fault(writes) or writes

    def fold(self, node: str, iteration: int, data: Mapping) -> None:
        """A step finished: `data` is that of its line."""
        self._seen.pop((node, iteration), None)
        if data.get("writes"):
            self.now = self.declared.written(self.now, data["writes"])

    def _fault(self, writes: Mapping[str, Any]) -> StepFailed | None:
        try:
            state = self.declared.written(self.now, writes)
        except CannotWrite as error:
            return StepFailed("invalid_output", f"The step cannot write to the state: {error}.")
        if (misfit := self._misfit({name: state[name] for name in writes})) is not None:
            return StepFailed("invalid_output", misfit)
        for value, what in ((dict(writes), "writes"), (state, "state")):
            kept = self.driver.engine.bounded(value, what)
            if isinstance(kept, StepFailed):
                return kept
        return None

    def _misfit(self, written: Mapping[str, Any]) -> str | None:
        """Why one of these fields does not fit. Each alone is asked for only where one of them is known not to."""
        if self.driver.veil.fault(self._schema, written) is None:
            return None
        for name, value in written.items():
            fault = self.driver.veil.fault(self._schema, {name: value})
            if fault is not None:
                return f"What the step writes to the state's field {name} does not fit its schema: {fault}"
        return None
