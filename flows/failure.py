"""How a step fails: with a code that programs know and a sentence for people."""

from typing import Any

# They end a run or a flow's way, not one participant's part in it: nobody can go on in another's place.
GUARDS = frozenset(
    {"limit_hops", "delegation_cycle", "limit_steps", "limit_time", "budget_exceeded", "cancelled"}
)


class StepFailed(Exception):
    """A step's failure with its code (contract, section 5) and a sentence for people.

    `retryable` failures are attempted again as the node's `retry` says; `retry_after_s` is the peer's wish.
    `on_exceed` is what a budget without room says of the agent's other models: block or degrade. `partial` is what was
    made before a limit or a guard stopped the step: kept in the journal and shown to whoever steps in.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        retry_after_s: float | None = None,
        on_exceed: str | None = None,
        partial: Any = None,
    ):
        super().__init__(message)
        self.code, self.message = code, message
        self.retryable, self.retry_after_s = retryable, retry_after_s
        self.on_exceed, self.partial = on_exceed, partial
