"""The graph of a run: the flow's own drawing, read only, in the same cards as the builder's."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from flows.cards import CardView, cards
from flows.checks.drawing import Lookup
from flows.nodes import TYPES
from governance import documents
from runs.engine.rows import loads
from runs.models import Run
from runs.views.run.drawing import Drawing


def graph_of(run: Run, drawing: Drawing) -> dict[str, Any]:
    """The context of builder/_canvas.html (one query, for the names of what the run is pinned to)."""
    shown = cards(drawing.document, names_of(run))
    return {
        "mode": "run",
        "canvas_label": _("Graph of the run"),
        "document": {name: drawing.document.get(name, []) for name in ("name", "nodes", "edges")},
        "node_types": node_types(shown),
        "cards": shown,
    }


def names_of(run: Run) -> Lookup:
    """A lookup of what the run is pinned to: archived and older versions, too."""
    versions = documents.pinned(run.project, loads(run.pins))

    def lookup(kind: str, ref: str) -> Mapping[str, Any] | None:
        version = versions.get(f"{kind}s/{ref}")
        return None if version is None else documents.content(version)

    return lookup


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
