"""What a backend is asked, what it answers and how it fails.

A backend makes exactly one attempt. Retries, fallbacks, budgets, privacy and records belong to those above it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import orjson

from registry.address import Guard

NO_API = "no model's API answers at this address: check api_base (for many providers it ends in /v1)"
OnDelta = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One model call. `messages` and `tools` are in OpenAI's chat format, `params` always has `max_tokens`."""

    provider: dict
    api_key: str | None = field(repr=False)
    model: str
    messages: list[dict]
    tools: list[dict]
    response_schema: dict | None
    params: dict
    timeout_s: float
    where: dict
    allowed_addresses: Guard


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What the model wants called; `arguments` is its JSON text, unchecked."""

    id: str
    name: str
    arguments: str


@dataclass(slots=True)
class ModelReply:
    """A whole answer. `cost_nano` is in billionths of a US dollar, None where the model has no price."""

    text: str | None
    tool_calls: list[ToolCall]
    input_tokens: int
    output_tokens: int
    usage_estimated: bool
    finish_reason: str
    model: str
    cost_nano: int | None


class BackendError(Exception):
    """A model call that did not end in an answer; the message names the provider and what it said.

    `code` is provider_error, timeout, address_refused or invalid_output. `refused_by_peer`: the provider turned
    the request down before working on it. The tokens are what the attempt used up as far as is known, at most.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        retryable: bool = False,
        retry_after_s: float | None = None,
        refused_by_peer: bool = False,
        input_tokens: int = 0,
        output_tokens: int = 0,
        cost_nano: int | None = 0,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.refused_by_peer = refused_by_peer
        self.input_tokens = input_tokens
        self.output_tokens = output_tokens
        self.cost_nano = cost_nano
        self.usage_estimated = True


class Backend(Protocol):
    """Raises BackendError and nothing else (but cancellation)."""

    async def complete(self, request: ModelRequest, on_delta: OnDelta | None) -> ModelReply: ...

    def estimate(self, request: ModelRequest) -> tuple[int, int]:
        """Upper bounds of the input and output tokens this call can use."""
        ...


def request_bytes(request: ModelRequest) -> int:
    """The UTF-8 bytes of what is sent: no tokenizer makes more tokens of it."""
    parts = [request.messages, request.tools, request.response_schema]
    try:
        return len(orjson.dumps(parts))
    except TypeError:  # integers beyond 64 bit, lone surrogates
        return len(json.dumps(parts))
