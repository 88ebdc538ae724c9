"""The flow version that a run is pinned to: its nodes, their names and types, and which may take several ports."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flows.members import members
from flows.nodes import TYPES
from governance import documents
from governance.models import Document, Project
from runs.engine.library import flow_of
from runs.engine.rows import loads
from runs.models import NO_ITEM, Event, Run, Step


@dataclass(frozen=True)
class Drawing:
    """A run's flow document. An archived one, too: a run is pinned to it."""

    document: Mapping[str, Any]

    @cached_property
    def nodes(self) -> dict[str, Mapping[str, Any]]:
        return {node["id"]: node for node in self.document.get("nodes", ())}

    @property
    def name(self) -> str:
        return self.document.get("name") or self.document.get("slug", "")

    @property
    def max_cost_usd(self) -> float | None:
        return self.document.get("limits", {}).get("max_cost_usd")

    def node_name(self, node: str) -> str:
        return self.nodes.get(node, {}).get("name") or node

    def icon(self, node: str) -> str:
        kind = self.nodes.get(node, {}).get("type", "")
        return TYPES[kind].icon if kind in TYPES else "circle"

    def config(self, node: str) -> Mapping[str, Any]:
        return self.nodes.get(node, {}).get("config", {})

    def holds_turns(self, node: str) -> bool:
        """Whether a node's items are turns, each with the name of who takes it."""
        config = self.config(node)
        return bool(members(config)) or "second_opinion" in config

    @staticmethod
    def may_call(node: Mapping[str, Any]) -> bool:
        """Whether a step of this node can have calls below it."""
        known = TYPES.get(node.get("type", ""))
        return known is None or not known.is_pure(node.get("config", {}))

    def facts(self) -> dict[str, dict[str, Any]]:
        """What the page's script draws rows and edges with, by node."""
        return {
            node: {
                "name": self.node_name(node),
                "icon": self.icon(node),
                "type": found.get("type"),
                "calls": self.may_call(found),
                "turns": self.holds_turns(node),
                "attempts": found.get("retry", {}).get("max_attempts", 3) if "retry" in found else 1,
            }
            for node, found in self.nodes.items()
        }


def drawing_of(run: Run) -> Drawing:
    """The flow of a run (one query); empty where its document was deleted."""
    try:
        return Drawing(flow_of(run))
    except KeyError:
        return Drawing({"name": run.flow, "nodes": [], "edges": []})


def several_ports(run: Run, drawing: Drawing) -> dict[tuple, list[str]]:
    """What the routers that may take several routes took, by (node, iteration): a step's row holds the first one."""
    routers = [node for node in drawing.nodes if drawing.config(node).get("multiple")]
    if not routers:
        return {}
    ended = Step.objects.filter(run_id=run.id, node__in=routers, item=NO_ITEM, status="succeeded")
    seqs = ended.values_list("finished_seq", flat=True)
    rows = Event.objects.filter(run_id=run.id, seq__in=list(seqs))
    return {(row.node, row.iteration): loads(row.data).get("ports") or [] for row in rows}


def simulated(project: Project) -> frozenset[str]:
    """The providers whose answers come from a script: wherever a model of theirs shows, that is said."""
    providers = Document.objects.filter(project=project, kind="provider", active__isnull=False)
    return frozenset(
        provider.slug
        for provider in providers.select_related("active")
        if documents.content(provider.active).get("type") == "scripted"
    )
