"""A streamed answer put together: text, tool calls, usage, and the bounds of what is accepted.

A provider that says the key it was called with is not passed on: neither to who watches, nor to what is stored.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from registry.backends.base import NO_API, BackendError, OnDelta, ToolCall
from registry.untrusted import SHORTEST_KEY, StreamScrubber, scrubber, storable_text

MAX_CHARACTERS = 4_000_000
MAX_CHUNKS = 200_000
MAX_TOOL_CALLS = 128
MOST_TOKENS = 1_000_000_000


@dataclass(slots=True)
class _CallSoFar:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class Assembly:
    """Takes LiteLLM's chunks one by one; `chunks`, `usage` and `finish_reason` tell how far it got.

    Raises BackendError invalid_output where an answer goes over the bounds.
    """

    def __init__(self, on_delta: OnDelta | None, secrets: Iterable[str] = ()) -> None:
        self._on_delta = on_delta
        keys = [secret for secret in secrets if len(secret) >= SHORTEST_KEY]
        self._scrub, self._shown = scrubber(keys), StreamScrubber(keys)
        self._text: list[str] = []
        self._calls: dict[int, _CallSoFar] = {}
        self._size = 0
        self.chunks = 0
        self.usage: Any = None
        self.finish_reason: str | None = None

    def add(self, chunk: Any) -> None:
        """One chunk in OpenAI's form."""
        self.chunks += 1
        if self.chunks > MAX_CHUNKS:
            raise _too_long(f"{MAX_CHUNKS:,} pieces")
        for choice in chunk.choices[:1]:
            delta = choice.delta
            self._add_text(getattr(delta, "content", None))
            self._count(len(getattr(delta, "reasoning_content", None) or ""))
            for call in getattr(delta, "tool_calls", None) or ():
                self._add_call(call)

    def _add_text(self, text: str | None) -> None:
        if not text:
            return
        self._count(len(text))
        text = storable_text(text)
        self._text.append(text)
        self._show(self._shown.push(text))

    def _show(self, text: str) -> None:
        if text and self._on_delta is not None:
            self._on_delta(text)

    def _add_call(self, delta: Any) -> None:
        index = delta.index if delta.index is not None else len(self._calls)
        call = self._calls.setdefault(index, _CallSoFar())
        if len(self._calls) > MAX_TOOL_CALLS:
            raise _too_long(f"{MAX_TOOL_CALLS} tool calls")
        call.id = call.id or delta.id or ""
        if delta.function is not None:
            if not call.name and delta.function.name:
                call.name = delta.function.name
                self._count(len(call.name))
            arguments = delta.function.arguments or ""
            self._count(len(arguments))
            call.arguments.append(arguments)

    def _count(self, characters: int) -> None:
        self._size += characters
        if self._size > MAX_CHARACTERS:
            raise _too_long(f"{MAX_CHARACTERS:,} characters")

    def note_end(self, stream: Any) -> None:
        """Takes from LiteLLM's wrapper what it keeps to itself: what the provider sent, not what was made up for it.

        The wrapper ends a stream that broke off with a finish reason of its own, and counts tokens where the
        provider sent none; `received_finish_reason` and the chunks' own usage are the provider's.
        """
        reason = stream.received_finish_reason or stream.intermittent_finish_reason
        self.finish_reason = None if reason is None else self._clean(str(reason))
        for chunk in reversed(stream.chunks[-8:]):
            usage = getattr(chunk, "usage", None)
            if usage is not None and (usage.prompt_tokens or usage.completion_tokens):
                self.usage = usage
                return

    def require_whole(self) -> None:
        """Raises BackendError unless the provider said that it had finished."""
        if self.finish_reason is not None:
            self._show(self._shown.end())
            return
        if self._size:
            sentence = "The answer broke off before its end; nothing of it was used."
        else:
            sentence = f"The answer broke off before its first word, or {NO_API}."
        raise BackendError("provider_error", sentence, retryable=True)

    def text(self) -> str | None:
        return self._scrub("".join(self._text)) if self._text else None

    def tool_calls(self) -> list[ToolCall]:
        return [
            ToolCall(
                self._clean(call.id) or f"call_{number}",
                self._clean(call.name),
                self._clean("".join(call.arguments)),
            )
            for number, (_, call) in enumerate(sorted(self._calls.items()), 1)
        ]

    def _clean(self, text: str) -> str:
        return storable_text(self._scrub(text))

    @property
    def is_counted(self) -> bool:
        """Whether the provider said what it used, and can have used that."""
        if self.usage is None:
            return False
        sent, made = self.usage.prompt_tokens or 0, self.usage.completion_tokens or 0
        return sent > 0 and (made > 0 or (made == 0 and not self._size))

    def tokens(self, sent_bytes: int) -> tuple[int, int, int]:
        """Input, output and cached input tokens: the provider's count if that can be, else upper bounds by size."""
        if not self.is_counted:
            return sent_bytes, self._size, 0
        details = getattr(self.usage, "prompt_tokens_details", None)
        cached = getattr(details, "cached_tokens", None) or 0
        counts = (self.usage.prompt_tokens, self.usage.completion_tokens, cached)
        # A peer's numbers are hostile too: huge ones break every sum.
        sent, made, cached = (min(max(int(count or 0), 0), MOST_TOKENS) for count in counts)
        return sent, made, cached


def _too_long(bound: str) -> BackendError:
    return BackendError(
        "invalid_output", f"The answer is longer than {bound}; lower max_tokens or ask for less."
    )
