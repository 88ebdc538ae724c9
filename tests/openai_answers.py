"""What the model server for tests answers: rules, texts, tool calls and usage in the form of OpenAI's chat API."""

import json
from collections.abc import Callable
from typing import Any


def text_of(message: dict) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def said(asked: dict, *roles: str) -> str:
    return "\n".join(text_of(message) for message in asked["messages"] if message["role"] in roles)


def wanted_schema(asked: dict) -> dict | None:
    form = asked.get("response_format") or {}
    return form.get("json_schema", {}).get("schema") if form.get("type") == "json_schema" else None


def holds(when: dict, asked: dict) -> bool:
    checks: dict[str, Callable[[Any], bool]] = {
        "contains": lambda wanted: wanted in said(asked, "user", "tool"),
        "system": lambda wanted: wanted in said(asked, "system", "developer"),
        "model": lambda wanted: wanted == asked["model"],
        "last_role": lambda wanted: wanted == asked["messages"][-1]["role"],
        "schema": lambda wanted: wanted == (wanted_schema(asked) is not None),
    }
    return all(checks[name](wanted) for name, wanted in when.items())


def default(asked: dict) -> dict:
    schema = wanted_schema(asked)
    if schema is not None:
        return {"json": smallest(schema)}
    return {"say": next((text_of(m) for m in reversed(asked["messages"]) if m["role"] == "user"), "")}


def smallest(schema: dict) -> Any:
    """The smallest value that fits an ordinary schema."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {
            name: smallest(schema.get("properties", {}).get(name, {})) for name in schema.get("required", ())
        }
    if kind == "array":
        return [smallest(schema.get("items", {})) for _ in range(schema.get("minItems", 0))]
    by_kind = {"integer": 1, "number": 0.5, "boolean": True, "null": None}
    return by_kind.get(kind, "text".ljust(schema.get("minLength", 0), "."))


def answer_text(effect: dict) -> str:
    return json.dumps(effect["json"]) if "json" in effect else effect.get("say") or ""


def answer_calls(effect: dict) -> list[dict]:
    calls = []
    for number, call in enumerate(effect.get("calls", ()), 1):
        arguments = call.get("arguments", {})
        raw = arguments if isinstance(arguments, str) else json.dumps(arguments)
        calls.append(
            {"id": f"call_{number}", "type": "function", "function": {"name": call["tool"], "arguments": raw}}
        )
    return calls


def usage_of(asked: dict, effect: dict) -> dict | None:
    stated = effect.get("usage", {})
    if stated is False:
        return None
    spoken = len(answer_text(effect)) + len(json.dumps(answer_calls(effect)))
    prompt = stated.get("prompt_tokens", max(1, len(json.dumps(asked["messages"])) // 4))
    completion = stated.get("completion_tokens", max(1, spoken // 4))
    return {
        **stated,
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def finish_of(effect: dict) -> str:
    return effect.get("finish", "tool_calls" if effect.get("calls") else "stop")


def whole(asked: dict, effect: dict) -> dict:
    message = {"role": "assistant", "content": answer_text(effect) or None}
    if effect.get("calls"):
        message["tool_calls"] = answer_calls(effect)
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": asked["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish_of(effect)}],
        "usage": usage_of(asked, effect),
    }


def deltas(effect: dict) -> list[dict]:
    text, size = answer_text(effect), effect.get("chunk", 16)
    pieces: list[dict] = [{"content": text[at : at + size]} for at in range(0, len(text), size)]
    for index, call in enumerate(answer_calls(effect)):
        raw = call["function"]["arguments"]
        opening = {**call, "index": index, "function": {"name": call["function"]["name"], "arguments": ""}}
        pieces.append({"tool_calls": [opening]})
        for at in range(0, len(raw), size):
            pieces.append({"tool_calls": [{"index": index, "function": {"arguments": raw[at : at + size]}}]})
    return [{"role": "assistant", "content": ""}, *pieces]


def chunk(asked: dict, delta: dict, finish: str | None = None) -> dict:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": asked["model"],
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
