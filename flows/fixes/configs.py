"""Fixes of what nodes are set to: missing and dead references, limits out of reach, fields that nobody knows."""

import re
from collections.abc import Mapping
from typing import Any

from flows.drawing.ports import follow
from flows.drawing.shapes import SETTABLE
from flows.fixes.crews import everybody_chosen, without_member
from flows.fixes.scene import Fix, Scene, configure, the_only, with_config
from flows.members import LISTS
from flows.nodes import TYPES
from governance.refusals import Problem

NAMED = re.compile(r"'([a-z_]+)'")
REFERRED = ("agent", "tool", "flow")
KINDS = {"judge": "agent", "moderator": "agent", "second_opinion": "agent"}  # fields that name another kind
# What a required field usually is; texts and references are looked for.
USUAL = {
    "reviewers": ["role:reviewer"],
    "assignee": "role:reviewer",
    "cases": [{"port": "yes", "when": "true"}],
    "by": "rules",
    "routes": [{"port": "first", "when": "true"}],
    "protocol": "round_robin",
    "options": ["yes", "no"],
}


def missing_field(scene: Scene, problem: Problem) -> Fix | None:
    node, named = scene.node(problem), NAMED.search(problem.message)
    if node is None or named is None or problem.pointer.count("/") > 3:
        return None
    field = named[1]
    if field == "config":
        return Fix("Start its settings", (configure(node, config=started(scene, node)),))
    if field in LISTS:
        return everybody_chosen(scene, node, field)
    if field in REFERRED or field in KINDS:
        only = the_only(scene, KINDS.get(field, field))
        return only and Fix(f"Choose {only}", (with_config(node, **{field: only}),))
    value = asked_text(scene, node) if field == "text" else USUAL.get(field)
    return None if value is None else Fix(f"Set {field}", (with_config(node, **{field: value}),))


def started(scene: Scene, node: Mapping[str, Any]) -> dict[str, Any]:
    """What is obvious of a config that is not there at all."""
    required = TYPES[node["type"]].config_schema["required"]
    found = {field: the_only(scene, field) for field in REFERRED if field in required}
    found |= {field: USUAL[field] for field in required if field in USUAL}
    if "text" in required:
        found["text"] = asked_text(scene, node)
    return {field: value for field, value in found.items() if value is not None}


def asked_text(scene: Scene, node: Mapping[str, Any]) -> str:
    """The output of the one step before; else the one text of the input, else all of it."""
    before = [edge.source for edge in scene.graph.incoming[node["id"]]]
    types = {found["id"]: found["type"] for found in scene.nodes}
    if len(before) == 1 and types[before[0]] != "start":
        return f"{{{{ steps.{before[0]}.output }}}}"
    schema = scene.document.get("input_schema")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return (
        f"{{{{ input.{next(iter(properties))} }}}}"
        if isinstance(properties, dict) and properties
        else "{{ input }}"
    )


def dead_reference(scene: Scene, problem: Problem) -> Fix | None:
    """A fallback that is not there goes; of a pinned version that is not there the active one is taken."""
    node, parts = scene.node(problem), problem.pointer.split("/")
    if node is None:
        return None
    if parts[3] == "fallback":
        left = [ref for place, ref in enumerate(node["fallback"]) if place != int(parts[4])]
        return Fix("Remove this fallback", (configure(node, fallback=left or None),))
    if parts[4] in LISTS:
        return without_member(node, parts[4], int(parts[5]))
    field = parts[-1]
    kind, slug = KINDS.get(field, field), node["config"][field].partition("@")[0]
    chosen = slug if slug in scene.stock.get(kind, ()) else the_only(scene, kind)
    return chosen and Fix(f"Choose {chosen}", (with_config(node, **{field: chosen}),))


def quorum_too_high(scene: Scene, problem: Problem) -> Fix | None:
    node = scene.node(problem)
    if node is None:
        return None
    for field in ("reviewers", "participants"):
        if field in node["config"]:
            most = len(node["config"][field])
            return Fix(f"Ask for {most}", (with_config(node, quorum=most),))
    most = len(scene.graph.incoming[node["id"]])
    return Fix(f"Wait for {most}", (with_config(node, count=most),)) if most else None


def port_renamed(scene: Scene, problem: Problem) -> Fix | None:
    node, parts = scene.node(problem), problem.pointer.split("/")
    if node is None:
        return None
    key, place = parts[4], int(parts[5])
    cases = node["config"][key]
    taken = {case["port"] for case in cases}
    name = next(
        name
        for number in range(2, len(cases) + 3)
        if (name := f"{cases[place]['port']}_{number}") not in taken
    )
    changed = [*cases[:place], {**cases[place], "port": name}, *cases[place + 1 :]]
    config = {**node["config"], key: changed}
    moved = follow(scene.document, node, config)
    return Fix(f"Call it {name}", (configure(node, config=config), *moved))


def one_worker(scene: Scene, problem: Problem) -> Fix | None:
    """Of several the first stays; instead of none the only agent works."""
    node = scene.node(problem)
    if node is None:
        return None
    workers = [worker for worker in REFERRED if worker in node["config"]]
    if not workers:
        agent = the_only(scene, "agent")
        return agent and Fix(f"Choose {agent}", (with_config(node, agent=agent, text="{{ item }}"),))
    belonging = {"agent": "text", "tool": "arguments", "flow": "input"}
    gone = {name: None for worker in workers[1:] for name in (worker, belonging[worker])}
    return Fix(f"Keep the {workers[0]}", (with_config(node, **gone),))


def one_moment(scene: Scene, problem: Problem) -> Fix | None:
    node = scene.node(problem)
    return node and Fix("Wait for a minute", (configure(node, config={"seconds": 60}),))


def on_timeout_dropped(scene: Scene, problem: Problem) -> Fix | None:
    node = scene.node(problem)
    return node and Fix("Reject when time is up", (with_config(node, on_timeout=None),))


def fallback_dropped(scene: Scene, problem: Problem) -> Fix | None:
    node = scene.node(problem)
    return node and Fix("Remove the fallback", (configure(node, fallback=None),))


def of_an_object(scene: Scene, problem: Problem) -> Fix | None:
    node, parts = scene.node(problem), problem.pointer.split("/")
    if node is None or len(parts) != 6:
        return None
    return Fix("Describe an object", (with_config(node, **{parts[4]: {"type": "object", "properties": {}}}),))


def cleared(scene: Scene, problem: Problem) -> Fix | None:
    """A value that does not fit its field goes, where the field may be empty."""
    node, parts = scene.node(problem), problem.pointer.split("/")
    if node is None or problem.severity != "error" or problem.code not in UNFIT:
        return None
    if len(parts) == 4 and parts[3] in SETTABLE and parts[3] != "config":
        return Fix("Clear it", (configure(node, **{parts[3]: None}),))
    node_type = TYPES.get(node["type"])
    if len(parts) == 5 and parts[3] == "config" and node_type:
        if parts[4] not in node_type.config_schema["required"]:
            return Fix("Clear it", (with_config(node, **{parts[4]: None}),))
    return None


UNFIT = frozenset(
    "type enum const pattern format minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum multipleOf "
    "minItems maxItems minProperties maxProperties uniqueItems falseSchema unknown_field anyOf oneOf invalid_schema "
    "invalid_time".split()
)
MENDS = {
    "missing_field": missing_field,
    "dead_reference": dead_reference,
    "quorum_too_high": quorum_too_high,
    "reserved_port": port_renamed,
    "duplicate_port": port_renamed,
    "one_worker": one_worker,
    "one_moment": one_moment,
    "no_escalation": on_timeout_dropped,
    "never_due": on_timeout_dropped,
    "fallback_unused": fallback_dropped,
    "not_object": of_an_object,
}
