"""An agent's conversation: turns of a model, the tools it asks for, and an answer that fits its schema.

Design note. The loop knows no gateway, no journal and no run: both ways out are given to it. It repeats exactly
when its calls answer the same again, so a step that crashed or is attempted anew replays what it did without
paying for it, and goes on where that ended. Whatever a tool said is passed as data of the tool role, bounded.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson

from registry.calls import CallFailed, Outcome, Reply, Wanted
from registry.circles import Made, Trail
from registry.context_window import Window, cut_middle, fitting, opening
from registry.messages import without_fence
from registry.schemas import input_schema_of
from registry.validation import mismatch
from registry.wanted import arguments_of, asking, assistant, failure_text, numbered, offer_of

DEFAULT_TOOL_CALLS = 8
LONGEST_TOOL_RESULT = 50_000  # characters of one result that a model is shown
LONGEST_SCHEMA = 8_000
LONGEST_ANSWER = 20_000  # characters of a wrong answer that its repair repeats
MOST_CALLS_A_TURN = 64

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
    """A function that a model may call besides tools: what it is told of it, whether its result is the answer, and
    whether a turn that calls it is one of the rounds of a conversation that has `most_rounds`."""

    description: str
    parameters: Mapping
    ends: bool = False
    is_round: bool = False


@dataclass(frozen=True, slots=True)
class Talk:
    """What a conversation starts from.

    `instructions` and `text` are rendered; `history` holds earlier messages {role, content}; `tools` are the
    documents of what may be called, by slug, `functions` what may be called besides. After `most_rounds` turns that
    called a function which `is_round` nothing is offered any more; every other call counts to `max_tool_calls`. Attempt
    n of a step grants n repairs in total.
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
    talk: Talk,
    *,
    model: CallModel,
    tool: CallTool,
    function: CallFunction | None = None,
    trail: Trail | None = None,
) -> Outcome:
    """The agent's answer: {text}, the object of `output_schema`, or what a function that ends it returned.

    `model(messages, tools, response_schema, turn)` returns a Reply; `tool(slug, arguments)` the tool's output;
    `function(asked, arguments)` a function's. All must name their calls before they first wait, since the calls of one
    turn go out together. `trail` is given what was done, also where it ends badly. Raises CallFailed, and that with
    `delegation_cycle` where the tool calls go in a circle.
    """
    return await _Conversation(talk, model, tool, function, trail or Trail()).run()


@dataclass(frozen=True, slots=True)
class Answer:
    """What answers a call once it is awaited: a tool, a function, or (neither made) a refusal."""

    get: Callable[[], Awaitable[str]]
    is_tool: bool = False
    is_made: bool = True


class _Ended(Exception):
    """A function gave the answer."""

    def __init__(self, answer: Any):
        super().__init__()
        self.answer = answer


class _Conversation:
    def __init__(
        self, talk: Talk, model: CallModel, tool: CallTool, function: CallFunction | None, trail: Trail
    ):
        self.talk, self.model, self.tool, self.function = talk, model, tool, function
        self.trail = trail
        self.messages, self.notes = opening(talk.instructions, talk.history, talk.text, talk.window)
        self.first_own = len(self.messages)
        self.tools = [
            offer_of(
                slug, document.get("description") or document.get("name") or slug, input_schema_of(document)
            )
            for slug, document in talk.tools.items()
            if slug not in talk.functions  # of one name there is one: what the flow itself offers
        ]
        self.functions = {
            name: offer_of(name, one.description, one.parameters) for name, one in talk.functions.items()
        }
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
        most = self.talk.most_rounds
        if most is not None and (self.overdone or self.rounds >= most):
            return []
        if self.tool_calls < self.talk.max_tool_calls:
            return [*self.tools, *self.functions.values()]
        return [offered for name, offered in self.functions.items() if self._is_round(name)]

    def _is_round(self, name: str) -> bool:
        """Whether what calls this is counted as a round, not as a tool call."""
        offer = self.talk.functions.get(name)
        return offer is not None and offer.is_round and self.talk.most_rounds is not None

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
            numbered(call, self.turns, index)
            for index, call in enumerate(reply.tool_calls[:MOST_CALLS_A_TURN])
        ]
        self.messages.append(assistant(reply.text, wanted))
        self.overdone = True
        answers = [self._answer(call, index, reply.text) for index, call in enumerate(wanted)]
        results = await self._results(wanted, answers)
        self.rounds += any(self._is_round(call.name) for call in wanted)
        for call, result in zip(wanted, results, strict=True):
            self.messages.append({"role": "tool", "tool_call_id": call.id, "content": result})

    async def _results(self, wanted: Sequence[Wanted], answers: Sequence[Answer]) -> list[str]:
        """All at once but those that may close a circle: they wait for what the others are told. Which those are
        follows from the calls alone, so that they take their names in the same order when they are played again."""
        calls = [asking(call) for call in wanted]
        at_once, judged = [], []
        for index, call in enumerate(calls):
            beside = [calls[other] for other in at_once]
            is_worn = answers[index].is_tool and self.trail.is_worn(call, beside)
            (judged if is_worn else at_once).append(index)
        told = dict(zip(at_once, await _together([answers[index].get() for index in at_once]), strict=True))
        for index in at_once:
            if answers[index].is_made:
                self.trail.made.append(Made(calls[index], told[index]))
        for index in judged:
            why_not = self.trail.refusal(calls[index], self.turns)
            if why_not is not None:
                told[index] = failure_text("limit", why_not)
                continue
            told[index] = await answers[index].get()
            self.trail.made.append(Made(calls[index], told[index]))
        return [told[index] for index in range(len(wanted))]

    def _answer(self, call: Wanted, index: int, said: str) -> Answer:
        """What answers one call. Those that are answered without doing anything are told why."""
        offer = self.talk.functions.get(call.name)
        if not self._is_round(call.name):
            if self.tool_calls >= self.talk.max_tool_calls:
                return _refused(f"at most {self.talk.max_tool_calls} tool calls are allowed")
            self.tool_calls += 1
        self.overdone = False
        if offer is None:
            get = partial(self._result, call, lambda arguments: self.tool(call.name, arguments))
            return Answer(get, is_tool=True)
        if offer.ends and index:
            return _refused(f"{call.name} stands alone in its turn, or first")
        return Answer(partial(self._function_result, call, Asked(call.name, self.turns, index, said)))

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
        arguments = arguments_of(call)
        if isinstance(arguments, str):
            return failure_text("invalid_input", arguments)
        try:
            output = await do(arguments)
        except CallFailed as failure:
            if not failure.final:
                raise
            return failure_text(failure.code, failure.message)
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


def _refused(why: str) -> Answer:
    async def told() -> str:
        return failure_text("limit", f"not called: {why}")

    return Answer(told, is_made=False)


def _repair(fault: str, schema: Mapping | None) -> str:
    if schema is None:
        return f"That was no usable answer: {fault}. Answer in words now."
    shown = cut_middle(orjson.dumps(schema).decode(), LONGEST_SCHEMA)
    return (
        f"Your answer does not fit the schema. {fault}\n"
        f"Answer again with one JSON object and nothing else, following this JSON Schema:\n{shown}"
    )
