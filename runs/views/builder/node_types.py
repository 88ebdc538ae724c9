"""The registered node types as the palette and the canvas know them: label, icon, group, ports, and a first config."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flows.cards import CardView, cards
from flows.fixes.configs import USUAL
from flows.members import LISTS
from flows.nodes import TYPES
from flows.nodes.base import NodeType
from runs.views.builder.desk import STAND_IN

EMPTY: dict[str, Any] = {"cases": [], "routes": []}
GROUPS = {
    "work": gettext_lazy("Work"),
    "coordinate": gettext_lazy("Coordinate"),
    "decide": gettext_lazy("Decide"),
    "ends": gettext_lazy("Ends"),
}


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    label: str
    types: list[NodeType]


def groups() -> list[Group]:
    """The palette's groups in their order, each with its types."""
    sorted_out = {name: [each for each in TYPES.values() if group_of(each) == name] for name in GROUPS}
    return [Group(name, str(GROUPS[name]), types) for name, types in sorted_out.items() if types]


def group_of(node_type: NodeType) -> str:
    """Where people look for a type: read off what it is, so that a new one needs no line here."""
    if node_type.kind == "start" or not node_type.ports(EMPTY):
        return "ends"
    if node_type.group == "people" or "cases" in node_type.config_schema["properties"]:
        return "decide"
    holds_others = any(field in node_type.config_schema["properties"] for field in LISTS)
    return "coordinate" if node_type.group == "flow" or holds_others else "work"


def node_types() -> dict[str, dict[str, Any]]:
    """What flow-canvas reads: `config` is what a fresh node of the type starts with."""
    return {
        kind: {
            "label": _(each.label),
            "icon": each.icon,
            "group": each.group,
            "summary": _(each.summary),
            "ports": list(fresh.ports),
            "accepts_in": fresh.inputs,
            **({"config": fresh_config(each)} if each.config_schema["required"] else {}),
        }
        for (kind, each), fresh in zip(TYPES.items(), fresh_cards(lambda node: None), strict=True)
    }


def fresh_cards(inspector_url) -> Iterable[CardView]:
    """A card of a fresh node of each type, with a stand-in for its id."""
    drawn = [
        {"id": STAND_IN, "type": kind, "name": _(each.label), "config": fresh_config(each)}
        for kind, each in TYPES.items()
    ]
    return cards({"nodes": drawn}, lambda kind, ref: None, inspector_url=inspector_url)


def fresh_config(node_type: NodeType) -> dict[str, Any]:
    """What is usual of the required fields; agents, tools and texts are for their author to choose."""
    return {field: USUAL[field] for field in node_type.config_schema["required"] if field in USUAL}
