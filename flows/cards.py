"""What the card of each node shows: its name, one fact, its ports and whether something is wrong with it. Pure.

Nothing here knows a node type by name: the fact is read off the fields that configs share, so that a new type has a
card without a line here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flows.checks.drawing import Lookup
from flows.members import person
from flows.nodes import TYPES
from flows.nodes.base import NodeType
from flows.seats import Held, held, together
from governance.refusals import Problem
from governance.schemas import fits

MOST_SHOWN = 60
REFERRED = ("agent", "tool", "flow")
MINUTE, HOUR, DAY = 60, 3_600, 86_400
UNKNOWN_ICON = "circle-help"


@dataclass(frozen=True, slots=True)
class CardView:
    """One card. `ports` lead out, `inputs` says whether anything may lead in; `problem` is error, warning or None;
    `held` is who works inside."""

    id: str
    type: str
    kind_label: str
    name: str
    fact: str
    icon: str
    group: str
    ports: tuple[str, ...]
    inputs: bool
    inspector_url: str | None = None
    problem: str | None = None
    held: Held | None = None


def cards(
    document: Mapping[str, Any],
    lookup: Lookup,
    problems: Iterable[Problem] = (),
    inspector_url: Callable[[str], str] | None = None,
) -> list[CardView]:
    """The cards of a drawing in document order; nodes need not be finished.

    `lookup` as in flows.check; `inspector_url(node id)` is where a card is opened.
    """
    worst = worst_by_node(problems)
    loops = {edge.get("from") for edge in document.get("edges", ()) if "loop" in edge}
    return [
        card(node, lookup, node["id"] in loops, worst.get(node["id"]), inspector_url)
        for node in document.get("nodes", ())
    ]


def worst_by_node(problems: Iterable[Problem]) -> dict[str, str]:
    """error or warning, by node."""
    found: dict[str, str] = {}
    for problem in problems:
        for node in problem.nodes:
            if problem.severity == "error" or node not in found:
                found[node] = problem.severity
    return found


def card(
    node: Mapping[str, Any],
    lookup: Lookup,
    repeats: bool,
    problem: str | None,
    inspector_url: Callable[[str], str] | None,
) -> CardView:
    node_type = TYPES.get(node["type"])
    config, name = node.get("config") or {}, node.get("name")
    return CardView(
        id=node["id"],
        type=node["type"],
        kind_label=node_type.label if node_type else node["type"],
        name=name if name and isinstance(name, str) else node["id"],
        fact=fact(config, lookup) or (node_type.label if node_type else "Not built yet"),
        icon=node_type.icon if node_type else UNKNOWN_ICON,
        group=node_type.group if node_type else "work",
        ports=ports(node, node_type, repeats),
        inputs=node["type"] != "start",
        inspector_url=inspector_url and inspector_url(node["id"]),
        problem=problem,
        held=held(config, lookup),
    )


def ports(node: Mapping[str, Any], node_type: NodeType | None, repeats: bool) -> tuple[str, ...]:
    """The ports that lead out, also of a node that is not finished."""
    config = node.get("config") or {}
    if node_type is None:
        found: tuple[str, ...] = ("out",)
    elif fits(node_type.config_schema, config):
        found = node_type.ports(config)
    else:
        found = ports_of_unfinished(node_type, config)
    if node.get("on_error") == "port":
        found = (*found, "error")
    return tuple(dict.fromkeys((*found, "exhausted") if repeats else found))


def ports_of_unfinished(node_type: NodeType, config: Mapping[str, Any]) -> tuple[str, ...]:
    """Those that its type gives anyhow, and those that its cases or routes name already."""
    named = [
        entry["port"]
        for key in ("cases", "routes")
        for entry in (config[key] if isinstance(config.get(key), list) else ())
        if isinstance(entry, dict) and isinstance(entry.get("port"), str) and entry["port"]
    ]
    return (*named, *node_type.ports({"cases": [], "routes": []}))


def fact(config: Mapping[str, Any], lookup: Lookup) -> str:
    """One line on what a node does; "" where its config does not tell."""
    parts = [part for rule in FACTS if (part := rule(config, lookup))]
    return shortened(parts[0]) if parts else ""


def referred(config: Mapping[str, Any], lookup: Lookup) -> str:
    """The agent, tool or flow that does the work: what it is called, and the version where one is named."""
    for kind in REFERRED:
        ref = config.get(kind)
        if isinstance(ref, str) and ref:
            slug, _, number = ref.partition("@")
            name = (lookup(kind, ref) or {}).get("name") or slug
            shown = f"{name} v{number}" if number else name
            return f"{shown} for each item" if "items" in config else shown
    return ""


def asked(config: Mapping[str, Any], lookup: Lookup) -> str:
    """The people who decide or answer, and how long they have."""
    given = config.get("reviewers", config.get("assignee"))
    names = [name for name in (given if isinstance(given, list) else [given]) if isinstance(name, str)]
    people = [person(name) for name in names if name]
    due = config.get("due_in_s")
    within = f", in {span(due)}" if people and isinstance(due, int | float) else ""
    return " or ".join(people) + within


def teamed(config: Mapping[str, Any], lookup: Lookup) -> str:
    """How the members of a team work together."""
    return together(config)


def branches(config: Mapping[str, Any], lookup: Lookup) -> str:
    """What is decided: the one condition, else how many there are."""
    found = config.get("cases", config.get("routes"))
    if not isinstance(found, list):
        return ""
    if len(found) == 1 and isinstance(found[0], dict) and isinstance(found[0].get("when"), str):
        return found[0]["when"]
    return f"{len(found)} {'cases' if 'cases' in config else 'routes'}"


def combined(config: Mapping[str, Any], lookup: Lookup) -> str:
    if not {"mode", "combine"} & set(config):
        return ""
    mode, count = config.get("mode", "all"), config.get("count")
    which = (
        f"{count} of the branches" if mode == "quorum" else f"{mode} branch{'es' if mode == 'all' else ''}"
    )
    return f"{which}, as {config.get('combine', 'object')}"


def rested(config: Mapping[str, Any], lookup: Lookup) -> str:
    seconds = config.get("seconds", config.get("until"))
    return span(seconds) if isinstance(seconds, int | float) else seconds if isinstance(seconds, str) else ""


def made(config: Mapping[str, Any], lookup: Lookup) -> str:
    output = config.get("output")
    return (
        ", ".join(map(str, output)) if isinstance(output, dict) else output if isinstance(output, str) else ""
    )


FACTS = (referred, teamed, asked, branches, combined, rested, made)


def span(seconds: float) -> str:
    """30 s, 5 min, 2 h, 3 days."""
    for size, unit in ((DAY, "days"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit if seconds != DAY else 'day'}"
    return f"{seconds:g} s"


def shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + "…"
