"""What an operation must look like, and what any drawing is: the least that a document keeps while it is drawn."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flows.drawing.sheet import CannotDraw, key_of
from flows.fields import PORT, strict
from flows.schema import EDGE, MOST_EDGES, MOST_NODES, NODE, NODE_ID, POSITION, SCHEMA
from governance.refusals import Problem
from governance.schemas import instance_problems, plain_problems

ANY: dict = {}
ID = {"type": "string", "pattern": NODE_ID}
BACK = frozenset({"at", "as_written"})
AT = {"type": "integer", "minimum": 0}
SETTABLE = (
    "name",
    "config",
    "retry",
    "timeout_s",
    "fallback",
    "escalate",
    "on_error",
    "cache_ttl_s",
    "writes",
    "note",
)
SETTINGS = ("name", "description", "input_schema", "limits", "state")
# Of a node only what the drawing itself stands on has a shape; whether the rest fits, flows.check says.
DRAWN_NODE = strict(
    {
        **dict.fromkeys(NODE["properties"], ANY),
        "id": ID,
        "type": NODE["properties"]["type"],
        "config": {"type": "object"},
        "position": POSITION,
    },
    required=("id", "type"),
)
DRAWN = strict(
    {
        **dict.fromkeys(SCHEMA["properties"], ANY),
        "nodes": {"type": "array", "items": DRAWN_NODE, "maxItems": MOST_NODES},
        "edges": {"type": "array", "items": EDGE, "maxItems": MOST_EDGES},
    },
    required=("kind", "slug", "nodes", "edges"),
)
END = strict({"from": ID, "port": {"type": "string", "pattern": PORT}, "to": ID}, required=("from", "to"))
MAX = {
    "type": ["integer", "null"],
    "minimum": 1,
    "maximum": EDGE["properties"]["loop"]["properties"]["max"]["maximum"],
}
CONFIGURED = strict({**dict.fromkeys(SETTABLE, ANY), "config": {"type": ["object", "null"]}})


def operation(**fields: Mapping) -> dict:
    """An operation with these fields, all needed but those that say how a thing comes back to its place."""
    return strict({"op": ANY, **fields}, required=tuple(name for name in fields if name not in BACK))


SHAPES = {
    "add": operation(node=DRAWN_NODE, at=AT),
    "remove": operation(node=ID),
    "move": operation(
        positions={"type": "object", "additionalProperties": {"anyOf": [POSITION, {"type": "null"}]}}
    ),
    "connect": operation(edge=EDGE, at=AT, as_written={"type": "boolean"}),
    "disconnect": operation(edge=END),
    "configure": operation(node=ID, set=CONFIGURED),
    "loop": operation(edge=END, max=MAX),
    "rename": operation(node=ID, to=ID),
    "settings": operation(set=strict(dict.fromkeys(SETTINGS, ANY))),
    "replace": operation(document={"type": "object"}),
}


def refuse_misshapen(given: Any) -> None:
    """Raises CannotDraw for what is no operation, with the field that is wrong."""
    name = given.get("op") if isinstance(given, Mapping) else None
    if not isinstance(name, str) or name not in SHAPES:
        raise CannotDraw(f"There is no operation {name!r:.80}: use one of {', '.join(SHAPES)}.")
    problems = plain(given) or instance_problems(SHAPES[name], given)
    if problems:
        raise CannotDraw(f"{name}: {sentence(problems[0])}")


def plain(given: Mapping) -> list[Problem]:
    """What no document may hold. An operation is one level higher than what it brings is in a document."""
    if given["op"] == "replace":
        return plain_problems(given.get("document"))
    return [replace(problem, pointer=problem.pointer[2:]) for problem in plain_problems([given])]


def refuse_unsound(document: Mapping[str, Any]) -> None:
    """Raises CannotDraw for a document that is no drawing: edges that lead nowhere, two nodes of one id."""
    problems = instance_problems(DRAWN, document)
    if problems:
        raise CannotDraw(f"The document cannot be drawn: {sentence(problems[0])}")
    ids = Counter(node["id"] for node in document["nodes"])
    twice = next((node for node, count in ids.items() if count > 1), None)
    if twice:
        raise CannotDraw(f"The document has two nodes called {twice}: give one another id.")
    for end in (edge[end] for edge in document["edges"] for end in ("from", "to")):
        if end not in ids:
            raise CannotDraw(
                f"An edge of the document names {end}, but there is no such node: add it, or drop the edge."
            )
    keys = Counter(map(key_of, document["edges"]))
    source, port, target = next((key for key, count in keys.items() if count > 1), ("", "", ""))
    if source:
        raise CannotDraw(f"The document has two edges from {source} ({port}) to {target}: remove one.")


def sentence(problem: Problem) -> str:
    return f"{problem.pointer}: {problem.message}" if problem.pointer else problem.message
