"""Owns the check against documents that nobody meant: whatever stands in them, problems come back, never a crash."""

import copy
import json
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from flows.check import check
from flows.estimate import estimate
from tests.flows.drawings import CONFIGS, flow, library, node

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
LIBRARY = library(
    tool_lookup={"slug": "lookup", "type": "http", "input_schema": SCHEMA, "output_schema": SCHEMA}
)
ODD = [
    None,
    True,
    -1,
    1e308,
    "",
    "=",
    "= steps",
    "= steps.a.output.a",
    "{{ steps.a }}",
    "{{",
    "\\=",
    "\0",
    "\ud800",
    "x" * 300,
    [],
    {},
    [[]],
    {"": {}},
    {"type": "objec"},
    {"properties": {"a": True}},
    {"enum": []},
    {"$ref": "#"},
    "start",
    "a",
    "out",
    "error",
    "agent",
    "map",
    "router",
]


def whole() -> dict:
    """A flow with a node of every type."""
    nodes = [node(f"n_{kind}", kind, copy.deepcopy(config)) for kind, config in CONFIGS.items()]
    agent = nodes[0]
    agent["config"]["output_schema"] = copy.deepcopy(SCHEMA)
    nodes += [node("j", "join", {"mode": "quorum", "count": 1, "combine": "vote", "on": "item.a"})]
    nodes += [node("t", "transform", {"output": {"x": ["= steps.n_agent.output.a"]}})]
    nodes[1]["config"]["arguments"] = {"a": "= steps.n_agent.output.a"}
    nodes = [node("start", "start"), *nodes, node("done", "end", {"output": "= steps.t.output"})]
    drawn = [f"start -> {item['id']}" for item in nodes[1:-1]] + [
        "n_agent -> n_tool",
        "n_agent -> t",
        "t -> done",
    ]
    drawn += ["n_condition:again -> n_condition *2"]
    return flow(nodes, drawn, input_schema=copy.deepcopy(SCHEMA), limits={"max_steps": 9})


def places(value, path=()):
    """The path of every value inside."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from places(item, (*path, key))


def spoilt(document: dict, rng: Random) -> dict:
    """The document with one value in it replaced, removed or doubled."""
    *path, last = rng.choice(list(places(document)))
    inside = document
    for key in path:
        inside = inside[key]
    change = rng.randrange(4)
    if change == 0:
        del inside[last]
    elif change == 1 and isinstance(inside, list):
        inside.append(copy.deepcopy(inside[last]))
    else:
        inside[last] = copy.deepcopy(rng.choice(ODD))
    return document


def test_the_whole_flow_is_sound_before_it_is_spoilt():
    assert [found for found in check(whole(), LIBRARY) if found.severity == "error"] == []


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_a_spoilt_document_is_answered(seed, times):
    rng, document = Random(seed), whole()
    for _ in range(times):
        document = spoilt(document, rng)
    for problem in check(document, LIBRARY):
        assert problem.message.endswith(".")
        assert resolves(document, problem.pointer), problem
    json.dumps(estimate(document, LIBRARY, lambda model: (1, 1)))


def resolves(document, pointer: str) -> bool:
    """Whether a pointer leads to something in the document, or to a field that is missing there."""
    keys = [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]
    for place, key in enumerate(keys):
        if isinstance(document, list) and key.isdigit() and int(key) < len(document):
            document = document[int(key)]
        elif isinstance(document, dict) and key in document:
            document = document[key]
        else:
            return isinstance(document, dict) and place == len(keys) - 1
    return True
