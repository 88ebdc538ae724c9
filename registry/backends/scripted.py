"""The scripted backend: a model without a key or a network, played from the provider document's `script`.

The first entry whose `when` holds answers; none: the model says the last user message. `contains` looks in what
the user and the tools said. Tokens that an entry does not state are estimated as one per four characters.
Nothing is random and nothing sleeps unless `after_s` says so.
"""

import asyncio
import re
from collections.abc import Iterator

import orjson

from registry.backends.base import BackendError, ModelReply, ModelRequest, OnDelta, ToolCall, request_bytes
from registry.http_status import is_refusal, is_retryable
from registry.prices import price

CHARACTERS_PER_TOKEN = 4
WORD_GROUP = re.compile(r"\s*\S+(?:\s+\S+){0,3}\s*")
ALWAYS = float("inf")


class ScriptedBackend:
    """Answers by script."""

    async def complete(self, request: ModelRequest, on_delta: OnDelta | None) -> ModelReply:
        entry = _entry(request)
        await _wait(entry.get("after_s"), request)
        _fail(entry.get("fail"), request)
        reply = _reply(entry, request)
        if on_delta is not None and reply.text:
            for words in _word_groups(reply.text):
                on_delta(words)
        return reply

    def estimate(self, request: ModelRequest) -> tuple[int, int]:
        """The bytes of the request and `max_tokens`, or what the script states if that is more."""
        stated = _tokens(_entry(request), request)
        return max(request_bytes(request), stated[0]), max(request.params.get("max_tokens", 0), stated[1])


def _entry(request: ModelRequest) -> dict:
    for entry in request.provider.get("script", ()):
        if _holds(entry.get("when", {}), request):
            return entry
    return {"say": _last_user_message(request.messages)}


def _holds(when: dict, request: ModelRequest) -> bool:
    for name, wanted in when.items():
        if name == "contains":
            if not any(wanted in text for text in _heard(request.messages)):
                return False
        elif request.where.get(name) != wanted:
            return False
    return True


def _heard(messages: list[dict]) -> Iterator[str]:
    return (_text(m.get("content")) for m in messages if m.get("role") in ("user", "tool"))


def _last_user_message(messages: list[dict]) -> str:
    return next((_text(m.get("content")) for m in reversed(messages) if m.get("role") == "user"), "")


def _text(content: str | list | None) -> str:
    """A message's content as text; the parts of a list that are text, in order."""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or () if isinstance(part, dict))


async def _wait(after_s: float | None, request: ModelRequest) -> None:
    if not after_s:
        return
    await asyncio.sleep(min(after_s, request.timeout_s))
    if after_s > request.timeout_s:
        raise BackendError(
            "timeout", f"{_name(request)} gave no answer within {request.timeout_s:g} s.", retryable=True
        )


def _fail(fail: dict | None, request: ModelRequest) -> None:
    if not fail or request.where.get("attempt", 1) > fail.get("attempts", ALWAYS):
        return
    status = fail["status"]
    raise BackendError(
        "provider_error",
        f"{_name(request)} answered {status}, as its script says.",
        status=status,
        retryable=is_retryable(status),
        retry_after_s=fail.get("retry_after_s"),
        refused_by_peer=is_refusal(status),
    )


def _reply(entry: dict, request: ModelRequest) -> ModelReply:
    calls = entry.get("calls", ())
    turn = request.where.get("turn", 1)
    spent = _tokens(entry, request)
    model_price = price(request.provider, request.model)
    return ModelReply(
        text=_said(entry),
        tool_calls=[
            ToolCall(f"call_{turn}_{number}", call["tool"], orjson.dumps(call.get("arguments", {})).decode())
            for number, call in enumerate(calls, 1)
        ],
        input_tokens=spent[0],
        output_tokens=spent[1],
        usage_estimated="tokens" not in entry,
        finish_reason="tool_calls" if calls else "stop",
        model=request.model,
        cost_nano=None if model_price is None else model_price.cost_nano(*spent),
    )


def _said(entry: dict) -> str | None:
    if "json" in entry:
        return orjson.dumps(entry["json"]).decode()
    return entry.get("say")


def _tokens(entry: dict, request: ModelRequest) -> tuple[int, int]:
    stated = entry.get("tokens", {})
    if "input" in stated and "output" in stated:
        return stated["input"], stated["output"]
    heard = sum(len(_text(message.get("content"))) for message in request.messages)
    said = len(_said(entry) or "") + sum(len(str(call)) for call in entry.get("calls", ()))
    return (
        stated.get("input", -(-heard // CHARACTERS_PER_TOKEN)),
        stated.get("output", -(-said // CHARACTERS_PER_TOKEN)),
    )


def _word_groups(text: str) -> list[str]:
    """The text in pieces of up to four words; together they are the text."""
    return WORD_GROUP.findall(text) or [text]


def _name(request: ModelRequest) -> str:
    return f"{request.provider.get('slug', 'scripted')}/{request.model}"
