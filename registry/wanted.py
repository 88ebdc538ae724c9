"""A call that a model wants: what its arguments mean, how its turn is shown later, and what is told where it fails."""

import re
from collections.abc import Mapping, Sequence

import orjson

from governance import schemas
from registry.calls import Wanted
from registry.circles import Asking
from registry.context_window import cut_middle

LONGEST_ARGUMENTS = 100_000
UNUSUAL = re.compile(r"[^A-Za-z0-9_-]")


def asking(call: Wanted) -> Asking:
    """The call for whoever compares calls."""
    arguments = arguments_of(call)
    is_unread = isinstance(arguments, str) or schemas.is_too_deep(arguments)
    return Asking.of(call.name, call.arguments if is_unread else arguments)


def arguments_of(call: Wanted) -> Mapping | str:
    """The arguments, or what is wrong with them. Whether they fit the tool is for the gateway to say."""
    if len(call.arguments) > LONGEST_ARGUMENTS:
        return f"the arguments are longer than {LONGEST_ARGUMENTS:,} characters; send less"
    try:
        value = orjson.loads(call.arguments or "{}")
    except orjson.JSONDecodeError as error:
        return f"the arguments are not JSON ({error}); send one JSON object"
    return value if isinstance(value, dict) else "the arguments are not a JSON object"


def offer_of(name: str, description: str, parameters: Mapping) -> dict:
    """A tool or a function as models are offered it."""
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


def numbered(call: Wanted, turn: int, index: int) -> Wanted:
    """The call with an id of its own: some models send none, or the same twice."""
    return Wanted(f"call_{turn}_{index + 1}", call.name, call.arguments)


def assistant(text: str, wanted: Sequence[Wanted]) -> dict:
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
    if len(call.arguments) > LONGEST_ARGUMENTS or isinstance(arguments_of(call), str):
        return "{}"
    return call.arguments


def failure_text(code: str, message: str) -> str:
    return orjson.dumps({"error": {"code": code, "message": cut_middle(message, 2_000)}}).decode()
