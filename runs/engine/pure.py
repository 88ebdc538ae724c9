"""Steps that touch nothing: they run where they are planned, without a task and without waiting for their commit."""

from typing import TYPE_CHECKING

from flows.nodes import TYPES
from flows.nodes.base import Finished, StepFailed
from governance.expressions import ExpressionError
from runs.engine.memory import StepKey
from runs.engine.players import Candidate

if TYPE_CHECKING:
    from runs.engine.driver import Driver


def run_or_spawn(driver: "Driver", key: StepKey) -> None:
    """What breaks off for no reason that a step may have is played once more as a task: there it fails the step
    instead of stranding the run."""
    ended = False
    try:
        _run(driver, key)
        ended = True
    finally:
        if not ended and driver.is_running(key):
            driver.spawn(key)


def _run(driver: "Driver", key: StepKey) -> None:
    node = driver.graph.nodes[key[0]]
    context = driver.context(key, driver.memory.step(key), Candidate())
    step = TYPES[node.type].run(context)
    try:
        step.send(None)
    except StopIteration as finished:
        result = finished.value
    except StepFailed as failure:
        result = failure
    except ExpressionError as error:
        result = StepFailed("expression_error", str(error))
    else:
        step.close()
        driver.spawn(key)
        return
    if isinstance(result, Finished):
        driver.finish_step(key, result)
    else:
        _retry(driver, key, result)


def _retry(driver: "Driver", key: StepKey, failure: StepFailed) -> None:
    """A pure step that fails has no attempts to repeat, but may have somebody to ask."""
    if driver.graph.nodes[key[0]].escalate is not None:
        driver.spawn(key)
    else:
        driver.fail_step(key, failure)
