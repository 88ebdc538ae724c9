"""The connections of a node as a list with forms: what the canvas draws with the mouse, for everybody else.

Also what a node's other forms ask for: another id, removing it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from flows.drawing import CannotDraw
from flows.fixes.scene import connect
from runs.views.builder.desk import Desk

Operations = list[dict[str, Any]]
LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class End:
    """One connection as seen from a node: the other node's id and name."""

    source: str
    port: str
    target: str
    other: str
    name: str
    loop: int | None


def context(desk: Desk, node: Mapping[str, Any]) -> dict[str, Any]:
    own, names = node["id"], {card.id: card.name for card in desk.cards}
    ports = next(card.ports for card in desk.cards if card.id == own)
    edges = desk.body["edges"]
    targets = [(card.id, card.name) for card in desk.cards if card.inputs]
    return {
        "leading_out": [end(edge, edge["to"], names) for edge in edges if edge["from"] == own],
        "leading_in": [end(edge, edge["from"], names) for edge in edges if edge["to"] == own],
        "ports": ports,
        "targets": targets,
    }


def end(edge: Mapping[str, Any], other: str, names: Mapping[str, str]) -> End:
    most = edge.get("loop", {}).get("max")
    return End(edge["from"], edge.get("port", "out"), edge["to"], other, names.get(other, other), most)


def operations_of(
    action: str, desk: Desk, node: Mapping[str, Any], post: Mapping[str, str]
) -> tuple[Operations, str]:
    """The operations of a form, and what they are called. Raises CannotDraw."""
    if action not in ACTIONS:
        raise CannotDraw(_("There is no such action here: load the page again."))
    return ACTIONS[action](node, post), str(LABELS[action]())


def connected(node: Mapping[str, Any], post: Mapping[str, str]) -> Operations:
    target = post.get("target", "")
    if not target:
        raise CannotDraw(_("Choose where the connection leads."))
    operation = connect(node["id"], post.get("port", "out"), target)
    most = most_of(post)
    return [{**operation, "edge": {**operation["edge"], "loop": {"max": most}}} if most else operation]


def disconnected(node: Mapping[str, Any], post: Mapping[str, str]) -> Operations:
    return [{"op": "disconnect", "edge": edge_of(post)}]


def looped(node: Mapping[str, Any], post: Mapping[str, str]) -> Operations:
    return [{"op": "loop", "edge": edge_of(post), "max": most_of(post)}]


def called(node: Mapping[str, Any], post: Mapping[str, str]) -> Operations:
    return [{"op": "rename", "node": node["id"], "to": post.get("id", "").strip()}]


def removed(node: Mapping[str, Any], post: Mapping[str, str]) -> Operations:
    return [{"op": "remove", "node": node["id"]}]


def edge_of(post: Mapping[str, str]) -> dict[str, str]:
    return {"from": post.get("from", ""), "port": post.get("port", "out"), "to": post.get("to", "")}


def most_of(post: Mapping[str, str]) -> int | None:
    text = post.get("loop", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise CannotDraw(_("Write how often it repeats at most: a whole number from 1 to 1000."))
    return int(text)


ACTIONS = {
    "connect": connected,
    "disconnect": disconnected,
    "loop": looped,
    "rename": called,
    "remove": removed,
}
LABELS = {
    "connect": lambda: _("Connect"),
    "disconnect": lambda: _("Remove a connection"),
    "loop": lambda: _("Limit a loop"),
    "rename": lambda: _("Rename"),
    "remove": lambda: _("Delete"),
}
