"""What an edit of the draft answers with: the parts of the page that it changed, for the canvas and for htmx."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.template.loader import render_to_string

from flows.cards import CardView
from runs.views.builder import panels
from runs.views.builder.desk import Desk

UNSEEN = frozenset({"position", "note"})  # fields of a node that its card does not show


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """The nodes whose cards look different after some operations, besides what is wrong with them."""
    old = {node["id"]: node for node in before["nodes"]}
    nodes = {
        node["id"]
        for node in after["nodes"]
        if old.get(node["id"]) is not node and seen(old.get(node["id"], {})) != seen(node)
    }
    return nodes | (loop_ends(before) ^ loop_ends(after))


def seen(node: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key not in UNSEEN}


def loop_ends(document: Mapping[str, Any]) -> set[str]:
    return {edge["from"] for edge in document["edges"] if "loop" in edge}


def rendered(found: Iterable[CardView]) -> dict[str, str]:
    """{node: its card as HTML}."""
    return {card.id: render_to_string("builder/_node.html", {"node": card}).strip() for card in found}


def of_edit(desk: Desk, nodes: set[str]) -> dict[str, Any]:
    """What the canvas takes after an edit: revision, cards, what is wrong, the panels."""
    return {
        "revision": desk.document.revision,
        "cards": rendered(card for card in desk.cards if card.id in nodes),
        "summary": desk.summary,
        "problems": panels.problems_html(desk),
        "estimate": panels.estimate_html(desk),
        "saved_at": desk.document.drafted_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }


def of_conflict(desk: Desk, document) -> dict[str, Any]:
    """The draft as it is now, for a canvas that fell behind."""
    desk.take(document)
    return {
        "revision": document.revision,
        "by": document.drafted_by.username if document.drafted_by else "",
        "at": document.drafted_at.isoformat(timespec="seconds") if document.drafted_at else "",
        "document": desk.body,
        "cards": rendered(desk.cards),
    }


def event_of(
    desk: Desk, label: str, base: int, operations: Sequence, inverse: Sequence, nodes: set[str]
) -> dict:
    """The detail of `draft:changed`: how an edit of a form reaches the canvas and its history."""
    return {
        **of_edit(desk, nodes),
        "base": base,
        "label": label,
        "operations": list(operations),
        "inverse": list(inverse),
    }
