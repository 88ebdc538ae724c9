"""What arrived at a node, put together: the ways that a join, an end and a transform share."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from flows.fields import closed

if TYPE_CHECKING:
    from flows.nodes.base import Arrival


def as_object(arrivals: Sequence["Arrival"]) -> dict[str, Any]:
    """`{node: output}` of the taken edges; a node with two of them stands there once."""
    return {arrival.source: arrival.output for arrival in arrivals}


def as_list(arrivals: Sequence["Arrival"]) -> dict[str, Any]:
    """`{items}` in edge order."""
    return {"items": [arrival.output for arrival in arrivals]}


def as_text(arrivals: Sequence["Arrival"]) -> dict[str, str]:
    """`{text}`: what each output says, a blank line between them."""
    return {"text": "\n\n".join(spoken(arrival.output) for arrival in arrivals)}


def spoken(output: Any) -> str:
    """A text as it is, the text of `{text}`, and everything else as JSON."""
    if isinstance(output, Mapping) and set(output) == {"text"}:
        output = output["text"]
    return output if isinstance(output, str) else orjson.dumps(output).decode()


def object_schema(sources: Sequence[str]) -> dict:
    """The schema of `as_object`: a source that was skipped is not in it."""
    return {**closed(dict.fromkeys(sources, {})), "required": []}
