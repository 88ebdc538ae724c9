"""How calls stand in the journal: the data of `model.called` and `tool.called`, written and read back.

Prompts and answers are kept by parts (`desk.keep`): a conversation of n turns repeats its beginning n times, and
stores it once. An answer is read back exactly as it was first handed on, so that a replay takes the same turns.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from governance.money import dollars
from governance.port import Desk
from registry.backends import ModelReply
from registry.calls import CallFailed, Reply, Wanted
from registry.untrusted import storable_text

LONGEST_TEXT = 2_000_000  # characters of an answer
LONGEST_ARGUMENTS = 100_001  # one more than a conversation takes: what was cut is refused there
LONGEST_INLINE = 1_000
LONGEST_NAME = 200
MOST_TOOL_CALLS = 100


def bounded(answer: ModelReply) -> Reply:
    """A backend's answer as it is stored and handed on. Raises CallFailed for one that no store should hold."""
    text = storable_text(answer.text or "")
    if len(text) > LONGEST_TEXT:
        raise CallFailed(
            "invalid_output", f"The answer has {len(text):,} characters; {LONGEST_TEXT:,} are the limit."
        )
    calls = tuple(
        Wanted(
            storable_text(call.id or "")[:LONGEST_NAME],
            storable_text(call.name or "")[:LONGEST_NAME],
            storable_text(call.arguments or "")[:LONGEST_ARGUMENTS],
        )
        for call in answer.tool_calls[:MOST_TOOL_CALLS]
    )
    return Reply(text, calls, answer.finish_reason)


def prompt(desk: Desk, messages: Iterable[Mapping]) -> list[dict]:
    """[{role, part}], with `calls` (the part that holds a turn's tool calls) and `answers` (a tool result's id)."""
    lines = []
    for message in messages:
        line = {"role": message["role"], "part": desk.keep(message.get("content") or "")}
        if message.get("tool_calls"):
            line["calls"] = desk.keep(orjson.dumps(message["tool_calls"]).decode())
        if "tool_call_id" in message:
            line["answers"] = message["tool_call_id"]
        lines.append(line)
    return lines


def response(desk: Desk, reply: Reply) -> dict:
    """{part, finish_reason, tool_calls: [{id, name, arguments or part}]}."""
    calls = [
        {"id": call.id, "name": call.name, **_arguments(desk, call.arguments)} for call in reply.tool_calls
    ]
    return {"part": desk.keep(reply.text), "finish_reason": reply.finish_reason, "tool_calls": calls}


def recorded_reply(desk: Desk, data: Mapping) -> Reply:
    """The answer that a `model.called` holds."""
    said = data["response"]
    calls = tuple(
        Wanted(call["id"], call["name"], desk.kept(call["part"]) if "part" in call else call["arguments"])
        for call in said["tool_calls"]
    )
    return Reply(desk.kept(said["part"]), calls, said["finish_reason"], bool(data.get("cached")))


def recorded_failure(data: Mapping) -> CallFailed:
    """The failure that a model was told, or that ended its step where rules stopped what a tool said."""
    code, message = data["error"]["code"], data["error"]["message"]
    return CallFailed(code, message, final=not data.get("stopped"))


def model_called(
    call: str,
    model: str,
    status: str,
    *,
    tokens: tuple[int, int] = (0, 0),
    cost: int | None = 0,
    cached: bool = False,
    error: CallFailed | None = None,
    prompt: Sequence[Mapping] = (),
    response: Mapping | None = None,
    held: str = "",
) -> dict:
    """The data of `model.called`; `cost` in nano-dollars, None: no price, booked as 0 and marked. `held`: what a person
    has to agree to before the answer goes on."""
    data: dict[str, Any] = {
        "call": call,
        "model": model,
        "status": status,
        "tokens": {"input": tokens[0], "output": tokens[1]},
        "cost_usd": dollars(cost or 0),
        "cached": cached,
        "error": error.as_data() if error else None,
        "prompt": prompt,
        "response": response,
    }
    if cost is None:
        data["unpriced"] = True
    if held:
        data["held"] = held
    return data


def tool_called(
    call: str,
    tool: str,
    status: str,
    arguments: Mapping,
    *,
    output: Any = None,
    cached: bool = False,
    error: CallFailed | None = None,
    held: str = "",
    stopped: bool = False,
) -> dict:
    """The data of `tool.called`. `final` marks a failure that a model was told, or that rules made of the answer
    (`stopped`): it is replayed, not repeated."""
    data = {
        "call": call,
        "tool": tool,
        "status": status,
        "cost_usd": 0,
        "cached": cached,
        "error": error.as_data() if error else None,
        "arguments": arguments,
        "output": output,
    }
    if error is not None and error.final:
        data["final"] = True
    if stopped:
        data["stopped"] = True
    if held:
        data["held"] = held
    return data


def cacheable(reply: Reply) -> dict:
    return {
        "text": reply.text,
        "finish_reason": reply.finish_reason,
        "tool_calls": [[call.id, call.name, call.arguments] for call in reply.tool_calls],
    }


def from_cache(stored: Mapping) -> Reply:
    calls = tuple(Wanted(*call) for call in stored["tool_calls"])
    return Reply(stored["text"], calls, stored["finish_reason"], cached=True)


def _arguments(desk: Desk, text: str) -> dict:
    return {"arguments": text} if len(text) <= LONGEST_INLINE else {"part": desk.keep(text)}
