"""The texts of messages and answers as content that can be sifted, and back.

A text that is JSON is looked at as what it says, not as it is spelled: behind an escape such as `\\n` a detector would
take the `n` for a part of the address that follows. What nothing was found in goes on exactly as it came.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from registry.calls import Reply

BACKSLASH = "\\"


def content_of(messages: Sequence[Mapping]) -> list:
    """[[text, [arguments]]] of messages in OpenAI's chat format."""
    return [[said(message.get("content") or ""), _arguments(message)] for message in messages]


def with_content(messages: Sequence[Mapping], before: list, after: list) -> Sequence[Mapping]:
    """The messages with what became of their content; the very same where nothing changed."""
    if before == after:
        return messages
    return [
        message if old == new else _changed(message, old, new)
        for message, old, new in zip(messages, before, after, strict=True)
    ]


def content_of_reply(reply: Reply, is_object: bool) -> list:
    """[text, [arguments]]; `is_object` where the answer has to be a JSON object."""
    return [said(reply.text, is_object), [said(call.arguments, True) for call in reply.tool_calls]]


def reply_with(reply: Reply, before: list, after: list) -> Reply:
    if before == after:
        return reply
    calls = tuple(
        call if old == new else replace(call, arguments=spelled(new))
        for call, old, new in zip(reply.tool_calls, before[1], after[1], strict=True)
    )
    return replace(reply, text=reply.text if before[0] == after[0] else spelled(after[0]), tool_calls=calls)


def said(text: str, is_json: bool = False) -> Any:
    """What a text says: the object or list that it is the JSON of, else the text itself."""
    inside = without_fence(text) if is_json or BACKSLASH in text else ""
    if not inside.startswith(("{", "[")):
        return text
    try:
        return orjson.loads(inside)
    except orjson.JSONDecodeError:
        return text


def spelled(content: Any) -> str:
    return content if isinstance(content, str) else orjson.dumps(content).decode()


def without_fence(text: str) -> str:
    """The inside of ```json … ``` where a text is wrapped so."""
    stripped = text.strip()
    if stripped.startswith("```") and stripped.endswith("```") and "\n" in stripped:
        return stripped[stripped.index("\n") : -3].strip()
    return stripped


def _arguments(message: Mapping) -> list:
    return [said(call["function"]["arguments"], True) for call in message.get("tool_calls") or ()]


def _changed(message: Mapping, old: list, new: list) -> dict:
    changed = dict(message)
    if old[0] != new[0]:
        changed["content"] = spelled(new[0])
    if old[1] != new[1]:
        changed["tool_calls"] = [
            {**call, "function": {**call["function"], "arguments": spelled(arguments)}}
            for call, arguments in zip(message["tool_calls"], new[1], strict=True)
        ]
    return changed
