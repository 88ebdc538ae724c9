"""What of a conversation a model is shown: bounded by the agent's `context`, oldest first to go.

Instructions always stay whole. What is left out is said in its place, so that neither the model nor a reader of
the trace takes a part for the whole. Deterministic: a replayed conversation is trimmed in the same way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CHARACTERS_PER_TOKEN = 4
SHORTEST_REMAINDER = 200  # characters of a text that stay, whatever the limit


@dataclass(frozen=True, slots=True)
class Window:
    """`last` earlier messages at most; `max_tokens` of input, counted as one per four characters."""

    max_tokens: int | None = None
    last: int | None = None

    @classmethod
    def of(cls, agent: Mapping) -> "Window":
        """The bounds of an agent document's `context`."""
        context = agent.get("context", {})
        return cls(context.get("max_tokens"), context.get("last"))


def opening(
    instructions: str, history: Sequence[dict], text: str, window: Window
) -> tuple[list[dict], list[str]]:
    """The first messages of a conversation, and what was left out of them."""
    notes: list[str] = []
    kept = list(history) if window.last is None else list(history)[max(0, len(history) - window.last) :]
    room = None if window.max_tokens is None else window.max_tokens * CHARACTERS_PER_TOKEN - len(instructions)
    if room is not None:
        shown = cut_middle(text, max(room, SHORTEST_REMAINDER))
        if shown is not text:
            notes.append(f"the text was cut from {len(text)} to {len(shown)} characters (context.max_tokens)")
        text = shown
        room -= len(text)
        while kept and sum(_size(message) for message in kept) > room:
            kept.pop(0)
    if len(kept) < len(history):
        notes.append(f"{len(history) - len(kept)} earlier messages were left out (context)")
    system = [{"role": "system", "content": instructions}] if instructions else []
    return [*system, *kept, {"role": "user", "content": text}], notes


def fitting(messages: list[dict], first: int, window: Window) -> list[dict]:
    """The messages with the oldest tool results from index `first` on emptied until they fit."""
    if window.max_tokens is None:
        return messages
    excess = sum(_size(message) for message in messages) - window.max_tokens * CHARACTERS_PER_TOKEN
    shown = list(messages)
    for index in range(first, len(shown)):
        if excess <= 0:
            break
        message = shown[index]
        if message["role"] == "tool" and _size(message) > SHORTEST_REMAINDER:
            shown[index] = {**message, "content": cut_middle(message["content"], SHORTEST_REMAINDER)}
            excess -= _size(message) - _size(shown[index])
    return shown


def cut_middle(text: str, limit: int) -> str:
    """The text, or its beginning and end with a mark between that says how much is missing."""
    if len(text) <= limit:
        return text
    half = max(limit // 2 - 30, 40)
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"


def _size(message: dict) -> int:
    calls = message.get("tool_calls", ())
    return len(message.get("content") or "") + sum(len(call["function"]["arguments"]) for call in calls)
