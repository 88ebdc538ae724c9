"""Owns the short hand in which these tests draw flows, and the library of agents, tools and flows they name."""

import re
from collections.abc import Mapping

EDGE = re.compile(r"(\w+)(?::([\w-]+))? -> (\w+)(?: \*(\d+))?\Z")
RULES = {"routes": [{"port": "billing", "when": "true"}, {"port": "technical", "when": "false"}]}
CONFIGS = {
    "agent": {"agent": "writer", "text": "Write."},
    "tool": {"tool": "lookup"},
    "condition": {"cases": [{"port": "again", "when": "false"}, {"port": "other", "when": "false"}]},
    "router": {"by": "rules", **RULES},
    "map": {"items": "[1, 2]", "agent": "writer", "text": "{{ item }}"},
    "approval": {"reviewers": ["role:reviewer"]},
    "question": {"assignee": "user:rita", "text": "Which?"},
    "subflow": {"flow": "child"},
    "supervisor": {"agent": "editor", "workers": ["writer"], "text": "Do."},
    "team": {"participants": ["writer", "editor"], "protocol": "debate", "text": "Which?"},
    "wait": {"seconds": 1},
}
LIBRARY = {
    ("agent", "writer"): {"slug": "writer", "purpose": "Writes.", "model": "openai-main/gpt-5-mini"},
    ("agent", "editor"): {"slug": "editor", "purpose": "Edits.", "model": "openai-main/gpt-5-mini"},
    ("tool", "lookup"): {"slug": "lookup", "type": "http", "config": {"url": "http://127.0.0.1:1/"}},
    ("flow", "child"): {"kind": "flow", "slug": "child", "nodes": [], "edges": []},
}


def node(id: str, type: str, config: Mapping | None = None, **more) -> dict:
    """A node; without `config` one that is valid for its type."""
    config = CONFIGS.get(type, {}) if config is None else config
    return {"id": id, "type": type, "config": dict(config), **more}


def edge(drawn: str) -> dict:
    """`a -> b`, `a:port -> b`, and the loop edge `a:port -> b *3`."""
    source, port, target, most = EDGE.match(drawn).groups()
    found = {"from": source, "to": target}
    if port:
        found["port"] = port
    return {**found, "loop": {"max": int(most)}} if most else found


def flow(nodes: list[dict], edges: list[str], **more) -> dict:
    return {
        "kind": "flow",
        "slug": "drawn",
        "nodes": nodes,
        "edges": [edge(drawn) for drawn in edges],
        **more,
    }


def line(*middle: dict, **more) -> dict:
    """start → each of `middle` → done."""
    nodes = [node("start", "start"), *middle, node("done", "end")]
    ids = [item["id"] for item in nodes]
    drawn = []
    for source, target in zip(nodes, ids[1:], strict=False):
        port = {"condition": ":else", "router": ":otherwise", "approval": ":approved"}.get(source["type"], "")
        drawn.append(f"{source['id']}{port} -> {target}")
    return flow(nodes, drawn, **more)


def lookup(kind: str, ref: str) -> Mapping | None:
    return LIBRARY.get((kind, ref))


def library(**more: Mapping):
    """A lookup with more documents: `library(agent_reviewer={…})`."""
    added = {tuple(name.split("_", 1)): document for name, document in more.items()}
    return lambda kind, ref: added.get((kind, ref), lookup(kind, ref))


def told(problems) -> list[tuple]:
    """(code, pointer, nodes) of the errors."""
    return [(found.code, found.pointer, found.nodes) for found in problems if found.severity == "error"]


def warned(problems) -> list[tuple]:
    return [(found.code, found.pointer, found.nodes) for found in problems if found.severity == "warning"]
