"""What the gateway is asked, what it answers, and how it says no."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from governance.port import Limit

DEFAULT_TIMEOUT_S = 120.0


class CallFailed(Exception):
    """A model or tool call that brought no answer: a code (contract, section 5) and a sentence for people.

    `retryable`: the same call may succeed later; `retry_after_s` is the peer's wish. `refused_by_peer`: the provider
    turned it down before working on it; `status` is what it answered over HTTP. `final`: the journal holds it as the
    answer that a model was told, so a repetition of the step gets the same failure again instead of calling again.
    `on_exceed`: what a budget that has no room says of other models of the agent, block or degrade.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        retry_after_s: float | None = None,
        refused_by_peer: bool = False,
        status: int | None = None,
        final: bool = False,
        on_exceed: str | None = None,
    ):
        super().__init__(message)
        self.code, self.message = code, message
        self.retryable, self.retry_after_s = retryable, retry_after_s
        self.refused_by_peer, self.status, self.final = refused_by_peer, status, final
        self.on_exceed = on_exceed

    def as_data(self) -> dict:
        """The `error` of an event."""
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class Pinned:
    """An agent or tool as the run found it. `document` is None for a name that no document stands behind."""

    slug: str
    version: int
    document: Mapping | None

    def __str__(self) -> str:
        return f"{self.slug}@{self.version}"


@dataclass(frozen=True, slots=True)
class ModelAsk:
    """One call of a model, `provider/name`. Messages and tools are in OpenAI's chat format.

    `params` default to the agent's. `turn` counts this step's model calls from 1. `limits` are the budgets that
    apply beyond the agent's own. Without `cache_ttl_s` the answer is not used again. `facts` are what a policy may
    ask beyond what the desk knows (`flow.version`, `cost_usd`).
    """

    agent: Pinned | None
    model: str
    messages: Sequence[Mapping]
    tools: Sequence[Mapping] = ()
    response_schema: Mapping | None = None
    params: Mapping | None = None
    turn: int = 1
    timeout_s: float = DEFAULT_TIMEOUT_S
    cache_ttl_s: float | None = None
    limits: tuple[Limit, ...] = ()
    facts: Mapping = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolAsk:
    """One call of a tool. `agent` is None where a node calls it itself.

    `by_model`: a model asked for it and is told of failures; while the step has attempts left (not `last_attempt`)
    a failure that may pass ends the attempt instead.
    """

    agent: Pinned | None
    tool: Pinned
    arguments: Mapping
    by_model: bool = False
    last_attempt: bool = True
    timeout_s: float | None = None
    cache_ttl_s: float | None = None
    facts: Mapping = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A tool that a model wants called; `arguments` is its JSON text, unchecked."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered. `finish_reason` is stop, length, tool_calls or what else the provider says."""

    text: str
    tool_calls: tuple[Wanted, ...] = ()
    finish_reason: str = "stop"
    cached: bool = False


@dataclass(slots=True)
class Outcome:
    """How a conversation ended: its output, the turns and tool calls it took, and what was left out to fit."""

    output: Any
    turns: int
    tool_calls: int
    notes: list[str] = field(default_factory=list)
