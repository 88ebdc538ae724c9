"""An agent's conversation: turns of a model, the tools it asks for, and an answer that fits its schema.

Design note. The loop knows no gateway, no journal and no run: both ways out are given to it. It repeats exactly
when its calls answer the same again, so a step that crashed or is attempted anew replays what it did without
paying for it, and goes on where that ended. Whatever a tool said is passed as data of the tool role, bounded.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from registry.calls import CallFailed, Outcome, Reply, Wanted
from registry.context_window import Window, cut_middle, fitting, opening
from registry.messages import without_fence
from registry.schemas import input_schema_of
from registry.validation import mismatch

DEFAULT_TOOL_CALLS = 8
LONGEST_TOOL_RESULT = 50_000  # characters of one result that a model is shown
LONGEST_SCHEMA = 8_000
LONGEST_ANSWER = 20_000  # characters of a wrong answer that its repair repeats
LONGEST_ARGUMENTS = 100_000
MOST_CALLS_A_TURN = 64
UNUSUAL = re.compile(r"[^A-Za-z0-9_-]")

CallModel = Callable[[list[dict], list[dict], Mapping | None, int], Awaitable[Reply]]
CallTool = Callable[[str, Mapping], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Talk:
    """What a conversation starts from.

    `instructions` and `text` are rendered; `history` holds earlier messages {role, content}; `tools` are the
    documents of what may be called, by slug. Attempt n of a step grants n repairs in total.
    """

    instructions: str
    text: str
    history: Sequence[dict] = ()
    tools: Mapping[str, Mapping] = field(default_factory=dict)
    output_schema: Mapping | None = None
    max_tool_calls: int = DEFAULT_TOOL_CALLS
    attempt: int = 1
    window: Window = Window()


async def converse(talk: Talk, *, model: CallModel, tool: CallTool) -> Outcome:
    """The agent's answer: {text}, or the object of `output_schema`.

    `model(messages, tools, response_schema, turn)` returns a Reply; `tool(slug, arguments)` the tool's output. Both
    must name their call before they first wait, since the calls of one turn go out together. Raises CallFailed.
    """
    return await _Conversation(talk, model, tool).run()


class _Conversation:
    def __init__(self, talk: Talk, model: CallModel, tool: CallTool):
        self.talk, self.model, self.tool = talk, model, tool
        self.messages, self.notes = opening(talk.instructions, talk.history, talk.text, talk.window)
        self.first_own = len(self.messages)
        self.offered = [_offer(slug, document) for slug, document in talk.tools.items()]
        self.turns = self.tool_calls = self.repairs = 0

    async def run(self) -> Outcome:
        while True:
            may_call = bool(self.offered) and self.tool_calls < self.talk.max_tool_calls
            reply = await self._turn(self.offered if may_call else [])
            if reply.tool_calls and may_call:
                await self._call_tools(reply)
                continue
            fault, output = self._read(reply)
            if fault is None:
                return Outcome(output, self.turns, self.tool_calls, self.notes)
            self._ask_again(reply, fault)

    async def _turn(self, offered: list[dict]) -> Reply:
        self.turns += 1
        shown = fitting(self.messages, self.first_own, self.talk.window)
        if (
            shown is not self.messages
            and shown != self.messages
            and not any("tool results" in n for n in self.notes)
        ):
            self.notes.append("older tool results were shortened (context.max_tokens)")
        return await self.model(shown, offered, self.talk.output_schema, self.turns)

    async def _call_tools(self, reply: Reply) -> None:
        """Asks for everything that this turn wants, at once; what is over the limit is told so."""
        wanted = [
            _named(call, self.turns, index) for index, call in enumerate(reply.tool_calls[:MOST_CALLS_A_TURN])
        ]
        self.messages.append(_assistant(reply.text, wanted))
        room = self.talk.max_tool_calls - self.tool_calls
        self.tool_calls += len(wanted[:room])
        results = await _together([self._result(call) for call in wanted[:room]])
        over = f"not called: at most {self.talk.max_tool_calls} tool calls are allowed"
        results += [_failure_text("limit", over) for _ in wanted[room:]]
        for call, result in zip(wanted, results, strict=True):
            self.messages.append({"role": "tool", "tool_call_id": call.id, "content": result})

    async def _result(self, call: Wanted) -> str:
        """What the model is told: the tool's output as JSON, or why there is none."""
        arguments = _arguments(call)
        if isinstance(arguments, str):
            return _failure_text("invalid_input", arguments)
        try:
            output = await self.tool(call.name, arguments)
        except CallFailed as failure:
            if not failure.final:
                raise
            return _failure_text(failure.code, failure.message)
        return cut_middle(orjson.dumps(output).decode(), LONGEST_TOOL_RESULT)

    def _read(self, reply: Reply) -> tuple[str | None, Any]:
        """What is wrong with the answer, or None and the output."""
        if not reply.text and reply.finish_reason == "length":
            return "the model used up its max_tokens before it said anything; raise params.max_tokens", None
        if self.talk.output_schema is None:
            if not reply.text and reply.tool_calls:
                return "the model asked for a tool that it was not offered instead of answering", None
            return None, {"text": reply.text}
        return read_object(reply.text, self.talk.output_schema)

    def _ask_again(self, reply: Reply, fault: str) -> None:
        """One more turn that says what was wrong, while this attempt has a repair left."""
        if self.repairs >= self.talk.attempt:
            raise CallFailed("invalid_output", f"The answer does not fit: {fault}", retryable=True)
        self.repairs += 1
        self.messages.append(
            {"role": "assistant", "content": cut_middle(reply.text, LONGEST_ANSWER) or "(nothing)"}
        )
        self.messages.append({"role": "user", "content": _repair(fault, self.talk.output_schema)})


async def _together(results: list[Awaitable[str]]) -> list[str]:
    """All results, or the first failure once every call has ended: none is left behind half done."""
    if len(results) == 1:
        return [await results[0]]
    ended = await asyncio.gather(*results, return_exceptions=True)
    for result in ended:
        if isinstance(result, BaseException):
            raise result
    return list(ended)


def read_object(text: str, schema: Mapping) -> tuple[str | None, Any]:
    """The JSON object in a model's answer, with or without a code fence: (what is wrong, None) or (None, object)."""
    try:
        value = orjson.loads(without_fence(text))
    except orjson.JSONDecodeError as error:
        return f"$: this is not JSON ({error})", None
    if not isinstance(value, dict):
        return "$: this is JSON, but not an object", None
    fault = mismatch(schema, value)
    return (fault, None) if fault else (None, value)


def _arguments(call: Wanted) -> Mapping | str:
    """The arguments, or what is wrong with them. Whether they fit the tool is for the gateway to say."""
    if len(call.arguments) > LONGEST_ARGUMENTS:
        return f"the arguments are longer than {LONGEST_ARGUMENTS:,} characters; send less"
    try:
        value = orjson.loads(call.arguments or "{}")
    except orjson.JSONDecodeError as error:
        return f"the arguments are not JSON ({error}); send one JSON object"
    return value if isinstance(value, dict) else "the arguments are not a JSON object"


def _offer(slug: str, document: Mapping) -> dict:
    """A tool as models are offered it."""
    return {
        "type": "function",
        "function": {
            "name": slug,
            "description": document.get("description") or document.get("name") or slug,
            "parameters": input_schema_of(document),
        },
    }


def _named(call: Wanted, turn: int, index: int) -> Wanted:
    """The call with an id of its own: some models send none, or the same twice."""
    return Wanted(f"call_{turn}_{index + 1}", call.name, call.arguments)


def _assistant(text: str, wanted: Sequence[Wanted]) -> dict:
    """The model's turn as it is shown later. Providers refuse names and arguments that they did not make so."""
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {
                "name": UNUSUAL.sub("_", call.name)[:64] or "_",
                "arguments": _shown_arguments(call),
            },
        }
        for call in wanted
    ]
    return {"role": "assistant", "content": text or None, "tool_calls": calls}


def _shown_arguments(call: Wanted) -> str:
    if len(call.arguments) > LONGEST_ARGUMENTS or isinstance(_arguments(call), str):
        return "{}"
    return call.arguments


def _failure_text(code: str, message: str) -> str:
    return orjson.dumps({"error": {"code": code, "message": cut_middle(message, 2_000)}}).decode()


def _repair(fault: str, schema: Mapping | None) -> str:
    if schema is None:
        return f"That was no usable answer: {fault}. Answer in words now."
    shown = cut_middle(orjson.dumps(schema).decode(), LONGEST_SCHEMA)
    return (
        f"Your answer does not fit the schema. {fault}\n"
        f"Answer again with one JSON object and nothing else, following this JSON Schema:\n{shown}"
    )
