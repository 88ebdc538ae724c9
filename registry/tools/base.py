"""What a tool is given, what it answers and how it fails."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from registry.address import Guard

Fault = tuple[str, str]  # JSON pointer below the tool's `config`, and a sentence that says what to do


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How long a call may take, for which project it is made, and the key that makes a repetition harmless."""

    timeout_s: float
    project: str
    idempotency_key: str
    guard: Guard = field(default_factory=Guard)


class ToolError(Exception):
    """A tool call that did not end in an output; the message says what happened and never holds a secret.

    `code` is step_failed, timeout, address_refused, invalid_input, expression_error, or denied: outside of what the
    document opens to it, which a model is told. `sent`: a byte may have reached the peer, so what it does may have
    been done. `is_peers_fault`: it may speak of the peer's health; False where what was asked, or how many ask at once,
    is to blame.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        retryable: bool = False,
        retry_after_s: float | None = None,
        sent: bool = False,
        is_peers_fault: bool = True,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.sent = sent
        self.is_peers_fault = is_peers_fault


class Tool(Protocol):
    """One tool type. Raises ToolError and nothing else (but cancellation)."""

    async def call(
        self, tool: dict, arguments: dict[str, Any], secrets: dict[str, str], limits: CallLimits
    ) -> dict[str, Any]:
        """Calls the tool that the document `tool` describes, once; `secrets` by their names."""
        ...

    def check(self, config: dict[str, Any]) -> list[Fault]:
        """What is wrong with a document's `config`, beyond its schema."""
        ...
