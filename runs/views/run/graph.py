"""The graph of a run: the flow's own drawing, read only, in the same cards as the builder's."""

from typing import Any

from django.utils.translation import gettext as _

from flows.cards import CardView, cards
from flows.nodes import TYPES
from runs.views.run.drawing import Drawing


def graph_of(drawing: Drawing) -> dict[str, Any]:
    """The context of builder/_canvas.html, with the names of what the run is pinned to."""
    shown = cards(drawing.document, drawing.content)
    return {
        "mode": "run",
        "canvas_label": _("Graph of the run"),
        "document": {name: drawing.document.get(name, []) for name in ("name", "nodes", "edges")},
        "node_types": node_types(shown),
        "cards": shown,
    }


def node_types(shown: list[CardView]) -> dict[str, dict[str, Any]]:
    """What the canvas knows of the types that this drawing has."""
    return {
        card.type: {
            "label": card.kind_label,
            "icon": card.icon,
            "group": card.group,
            "summary": TYPES[card.type].summary if card.type in TYPES else "",
            "ports": list(card.ports),
            "accepts_in": card.inputs,
        }
        for card in shown
    }
