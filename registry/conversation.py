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
Fault = Callable[[Mapping, Any], str | None]
CallFunction = Callable[["Asked", Mapping], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a model called a function: its turn, the place among that turn's calls, and what it said beside them."""

    name: str
    turn: int
    index: int
    said: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A function that a model may call besides tools: what it is told of it, and whether its result is the answer."""

    description: str
    parameters: Mapping
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Talk:
    """What a conversation starts from.

    `instructions` and `text` are rendered; `history` holds earlier messages {role, content}; `tools` are the
    documents of what may be called, by slug, `functions` what may be called besides. After `most_rounds` turns that
    called a function nothing is offered any more. Attempt n of a step grants n repairs in total.
    """

    instructions: str
    text: str
    history: Sequence[dict] = ()
    tools: Mapping[str, Mapping] = field(default_factory=dict)
    functions: Mapping[str, Offer] = field(default_factory=dict)
    most_rounds: int | None = None
    output_schema: Mapping | None = None
    max_tool_calls: int = DEFAULT_TOOL_CALLS
    attempt: int = 1
    window: Window = Window()
    fault: Fault = mismatch  # what is wrong with something by its schema


async def converse(
    talk: Talk, *, model: CallModel, tool: CallTool, function: CallFunction | None = None
) -> Outcome:
    """The agent's answer: {text}, the object of `output_schema`, or what a function that ends it returned.

    `model(messages, tools, response_schema, turn)` returns a Reply; `tool(slug, arguments)` the tool's output;
    `function(asked, arguments)` a function's. All must name their calls before they first wait, since the calls of one
    turn go out together. Raises CallFailed.
    """
    return await _Conversation(talk, model, tool, function).run()


class _Ended(Exception):
    """A function gave the answer."""

    def __init__(self, answer: Any):
        super().__init__()
        self.answer = answer


class _Conversation:
    def __init__(self, talk: Talk, model: CallModel, tool: CallTool, function: CallFunction | None):
        self.talk, self.model, self.tool, self.function = talk, model, tool, function
        self.messages, self.notes = opening(talk.instructions, talk.history, talk.text, talk.window)
        self.first_own = len(self.messages)
        self.tools = [
            _offer(
                slug, document.get("description") or document.get("name") or slug, input_schema_of(document)
            )
            for slug, document in talk.tools.items()
            if slug not in talk.functions  # of one name there is one: what the flow itself offers
        ]
        self.functions = [
            _offer(name, one.description, one.parameters) for name, one in talk.functions.items()
        ]
        self.turns = self.tool_calls = self.repairs = self.rounds = 0
        self.overdone = False  # a turn asked only for what it had used up

    async def run(self) -> Outcome:
        while True:
            offered = self._offered()
            reply = await self._turn(offered)
            if reply.tool_calls and offered:
                try:
                    await self._call_tools(reply)
                except _Ended as ended:
                    return Outcome(ended.answer, self.turns, self.tool_calls, self.notes)
                continue
            fault, output = self._read(reply)
            if fault is None:
                return Outcome(output, self.turns, self.tool_calls, self.notes)
            self._ask_again(reply, fault)

    def _offered(self) -> list[dict]:
        """What the model may call now: nothing once it has done its rounds, so that it answers."""
        has_room = self.tool_calls < self.talk.max_tool_calls
        if self.talk.most_rounds is None:
            return [*self.tools, *self.functions] if has_room else []
        if self.overdone or self.rounds >= self.talk.most_rounds:
            return []
        return [*(self.tools if has_room else ()), *self.functions]

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
        self.overdone = True
        results = await _together(
            [self._answer(call, index, reply.text) for index, call in enumerate(wanted)]
        )
        self.rounds += any(call.name in self.talk.functions for call in wanted)
        for call, result in zip(wanted, results, strict=True):
            self.messages.append({"role": "tool", "tool_call_id": call.id, "content": result})

    def _answer(self, call: Wanted, index: int, said: str) -> Awaitable[str]:
        """The answer to one call. Those that are answered without doing anything are told why."""
        offer = self.talk.functions.get(call.name)
        if offer is None or self.talk.most_rounds is None:
            if self.tool_calls >= self.talk.max_tool_calls:
                return _refused(f"at most {self.talk.max_tool_calls} tool calls are allowed")
            self.tool_calls += 1
        self.overdone = False
        if offer is None:
            return self._result(call, lambda arguments: self.tool(call.name, arguments))
        if offer.ends and index:
            return _refused(f"{call.name} stands alone in its turn, or first")
        return self._function_result(call, Asked(call.name, self.turns, index, said))

    async def _function_result(self, call: Wanted, asked: Asked) -> str:
        offer = self.talk.functions[call.name]

        async def checked(arguments: Mapping) -> Any:
            fault = self.talk.fault(offer.parameters, arguments)
            if fault:
                raise CallFailed("invalid_input", fault, final=True)
            given = await self.function(asked, arguments)
            if offer.ends:
                raise _Ended(given)
            return given

        return await self._result(call, checked)

    async def _result(self, call: Wanted, do: Callable[[Mapping], Awaitable[Any]]) -> str:
        """What the model is told: the output as JSON, or why there is none."""
        arguments = _arguments(call)
        if isinstance(arguments, str):
            return _failure_text("invalid_input", arguments)
        try:
            output = await do(arguments)
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
        return read_object(reply.text, self.talk.output_schema, self.talk.fault)

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


def read_object(text: str, schema: Mapping, fault_of: Fault = mismatch) -> tuple[str | None, Any]:
    """The JSON object in a model's answer, with or without a code fence: (what is wrong, None) or (None, object)."""
    try:
        value = orjson.loads(without_fence(text))
    except orjson.JSONDecodeError as error:
        return f"$: this is not JSON ({error})", None
    if not isinstance(value, dict):
        return "$: this is JSON, but not an object", None
    fault = fault_of(schema, value)
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


async def _refused(why: str) -> str:
    return _failure_text("limit", f"not called: {why}")


def _offer(name: str, description: str, parameters: Mapping) -> dict:
    """A tool or a function as models are offered it."""
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


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
