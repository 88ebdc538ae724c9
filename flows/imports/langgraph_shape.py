"""A LangGraph graph as somebody's JSON tells it: what nodes and edges there are, before anything is drawn.

Read are `graph.get_graph().to_json()`, LangGraph.js's `toJSON()`, what LangGraph's server answers, and plain lists:
nodes as names, objects or one object by name, edges as {source, target} or {from, to} or pairs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.imports import given
from flows.imports.outcome import CannotImport
from governance.refusals import pointer

MOST_NODES, MOST_EDGES = 200, 1_000
START, END = "__start__", "__end__"
STARTS, ENDS = {START, "START"}, {END, "END"}
ABOUT = ("instructions", "system_prompt", "prompt", "description", "docstring", "doc", "summary")
TOOL_NAMES = {"tools", "tool", "tool_node", "action"}
ENDPOINTS = (("source", "target"), ("from", "to"), ("start", "end"))
KNOWN = {"id", "name", "key", "type", "data", "metadata", "tools", *ABOUT}


@dataclass(frozen=True, slots=True)
class Step:
    """A node that does something. `about` says what, as far as the JSON does; `pauses` holds before and after."""

    key: str
    place: str
    name: str
    about: str
    tools: tuple[str, ...]
    is_tools: bool
    pauses: frozenset[str]
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """An edge: between keys, `label` as the graph names the choice."""

    source: str
    target: str
    label: str
    is_choice: bool


@dataclass(frozen=True)
class Given:
    """The graph. `steps` by key; ways lead from START and to END too."""

    name: str
    description: str
    steps: dict[str, Step]
    ways: list[Way]
    state: tuple[str, ...] = field(default=())


def is_graph(body: Any) -> bool:
    """Whether this is meant as a graph of LangGraph, not as a flow of Baton."""
    body = unwrapped(body)
    if not isinstance(body, Mapping) or "kind" in body or not {"nodes", "edges"} <= body.keys():
        return False
    edges = body["edges"] if isinstance(body["edges"], list) else []
    if any(isinstance(edge, list) or (isinstance(edge, Mapping) and "source" in edge) for edge in edges):
        return True
    nodes = body["nodes"] if isinstance(body["nodes"], list) else []
    types = {
        node.get("type") for node in nodes if isinstance(node, Mapping) and isinstance(node.get("type"), str)
    }
    return "start" not in types and (bool(edges) or isinstance(body["nodes"], Mapping))


def unwrapped(body: Any) -> Any:
    inner = body.get("graph") if isinstance(body, Mapping) else None
    return inner if isinstance(inner, Mapping) and "nodes" in inner else body


def read(body: Any) -> Given:
    """Raises CannotImport."""
    outside, body = body, unwrapped(body)
    steps, keys, state = read_nodes(body["nodes"])
    ways = read_edges(body["edges"], steps, keys)
    named = {**outside, **body}
    return Given(
        name=given.line(named.get("name") or named.get("title") or named.get("graph_id"), "/name"),
        description=given.text(named.get("description"), "/description", 5_000),
        steps=steps,
        ways=with_ends(steps, ways, named),
        state=state,
    )


def read_nodes(nodes: Any) -> tuple[dict[str, Step], dict[str, str], tuple[str, ...]]:
    """The steps by key, what edges call each node, and the fields of the graph's state where they are told."""
    steps: dict[str, Step] = {}
    keys = {name: START for name in STARTS} | {name: END for name in ENDS}
    state: tuple[str, ...] = ()
    for key, node, place in given.items(nodes, "/nodes", "nodes"):
        if not isinstance(node, Mapping):
            node = {"description": node} if key is not None else {"id": node}
        key = given.line(node_key(node) if key is None else key, place + "/id")
        if not key:
            raise CannotImport(place, "A node needs an id.")
        if key in STARTS | ENDS:
            state = state or state_of(node)
            continue
        if key in keys:
            raise CannotImport(place + "/id", f"Two nodes are called {key!r}: rename one.")
        if len(steps) == MOST_NODES:
            raise CannotImport("/nodes", f"This graph has more than {MOST_NODES} nodes: import parts of it.")
        keys[key] = key
        steps[key] = read_step(key, node, place)
    if not steps:
        raise CannotImport("/nodes", "There is no node in this graph besides its start and end.")
    return steps, keys, state


def node_key(node: Mapping) -> Any:
    return next((node[name] for name in ("id", "key", "name") if node.get(name) is not None), None)


def read_step(key: str, node: Mapping, place: str) -> Step:
    data, metadata = (
        part if isinstance(part, Mapping) else {} for part in (node.get("data"), node.get("metadata"))
    )
    told = [(node, place), (metadata, place + "/metadata"), (data, place + "/data")]
    about = next(
        (
            text
            for part, at in told
            for name in ABOUT
            if (text := given.text(part.get(name), at + pointer(name)))
        ),
        "",
    )
    tools = [name for part, at in told for name in given.names(part.get("tools"), at + "/tools")]
    kind = data.get("id")
    last = kind[-1] if isinstance(kind, list) and kind else ""
    pauses = given.text(metadata.get("__interrupt"), place + "/metadata/__interrupt")
    name = given.line(data.get("name"), place + "/data/name") if key.isdigit() else ""
    return Step(
        key=key,
        place=place,
        name=name or (given.line(node.get("name"), place + "/name") if "id" in node else "") or key,
        about=about,
        tools=tuple(dict.fromkeys(tools)),
        is_tools=last == "ToolNode" or (not last and key.lower() in TOOL_NAMES) or key.lower() == "tools",
        pauses=frozenset({"before", "after"} & set(pauses.replace(",", " ").split())),
        unread=tuple(
            given.clean(str(name))[:80]
            for name in [*node, *metadata]
            if name not in KNOWN and name != "__interrupt" and not str(name).startswith("langgraph_")
        )[:10],
    )


def state_of(node: Mapping) -> tuple[str, ...]:
    """The fields of the state, which `to_json(with_schemas=True)` tells at the start."""
    data = node.get("data")
    fields = data.get("properties") if isinstance(data, Mapping) else None
    return tuple(given.clean(str(name))[:80] for name in fields)[:50] if isinstance(fields, Mapping) else ()


def read_edges(edges: Any, steps: Mapping[str, Step], keys: Mapping[str, str]) -> list[Way]:
    if not isinstance(edges, list):
        raise CannotImport("/edges", "edges must be a list.")
    if len(edges) > MOST_EDGES:
        raise CannotImport("/edges", f"This graph has {len(edges):,} edges; {MOST_EDGES:,} are taken.")
    found: dict[tuple[str, str, bool], Way] = {}
    for index, edge in enumerate(edges):
        way = read_edge(edge, f"/edges/{index}", keys)
        known = found.setdefault((way.source, way.target, way.is_choice), way)
        if known is not way and way.label not in ("", known.label):  # two choices that lead to one node
            label = f"{known.label} or {way.label}"[:200]
            found[way.source, way.target, way.is_choice] = Way(way.source, way.target, label, way.is_choice)
    return list(found.values())


def read_edge(edge: Any, place: str, keys: Mapping[str, str]) -> Way:
    if isinstance(edge, list) and len(edge) == 2:
        ends, edge = edge, {}
    elif isinstance(edge, Mapping):
        pair = next((pair for pair in ENDPOINTS if edge.keys() >= set(pair)), None)
        if pair is None:
            raise CannotImport(place, "An edge needs its source and its target.")
        ends = [edge[name] for name in pair]
    else:
        raise CannotImport(place, "An edge is an object with source and target, or a pair of names.")
    named = [given.line(end, place) for end in ends]
    for name in named:
        if name not in keys:
            raise CannotImport(place, f"There is no node {name!r}: this edge leads nowhere.")
    source, target = (keys[name] for name in named)
    if target == START or source == END:
        raise CannotImport(place, "Nothing leads into the start of a graph, and nothing out of its end.")
    label = edge.get("data", edge.get("label", edge.get("condition")))
    label = "" if isinstance(label, Mapping | list) else given.line(label, place + "/data")
    return Way(source, target, label, given.flag(edge.get("conditional"), place + "/conditional"))


def with_ends(steps: Mapping[str, Step], ways: list[Way], named: Mapping) -> list[Way]:
    """Where no edge leaves the start it leads to what nothing leads to; what leads nowhere leads to the end."""
    added = []
    if not any(way.source == START for way in ways):
        entry = given.line(named.get("entry_point"), "/entry_point")
        behind = {way.target for way in ways if way.target != way.source}
        first = [entry] if entry in steps else [key for key in steps if key not in behind]
        if not first:
            raise CannotImport(
                "/edges", "No edge leaves __start__, and every node has one before it: say where it begins."
            )
        added += [Way(START, key, "", False) for key in first]
    before = {way.source for way in ways}
    added += [Way(key, END, "", False) for key in steps if key not in before]
    return [*added, *ways]
