"""The flow version that a run is pinned to: its nodes, their names and types, and which may take several ports."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flows.members import FLOW, member, members, person
from flows.nodes import TYPES
from governance import documents
from governance.models import Document, Project
from runs.engine.library import flow_of
from runs.engine.rows import loads
from runs.models import NO_ITEM, Event, Run, Step


@dataclass(frozen=True)
class Drawing:
    """A run's flow document, and the documents that the run is pinned to: archived and older versions, too."""

    document: Mapping[str, Any]
    run: Run | None = None

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

    @cached_property
    def pinned(self) -> dict[str, Mapping[str, Any]]:
        """{"agents/writer": its document} of all that is pinned (one query, when it is first asked for)."""
        if self.run is None:
            return {}
        versions = documents.pinned(self.run.project, loads(self.run.pins))
        return {key: documents.content(version) for key, version in versions.items()}

    def content(self, kind: str, ref: str) -> Mapping[str, Any] | None:
        return self.pinned.get(f"{kind}s/{ref}")

    @cached_property
    def _by_name(self) -> dict[str, Mapping[str, Any]]:
        """What is pinned by all that it is called: by the reference as it was written, by slug and version, and by the
        slug alone. Two versions may stand side by side: agents/writer and agents/writer@1."""
        numbers = loads(self.run.pins) if self.run is not None else {}
        bare = {key.partition("@")[0]: found for key, found in self.pinned.items()}
        exact = {f"{key.partition('@')[0]}@{numbers[key]}": found for key, found in self.pinned.items()}
        return bare | exact | self.pinned

    def _document(self, kind: str, ref: str) -> Mapping[str, Any]:
        """The version that a reference means, else the one that its slug does; {} for what is not pinned."""
        key = f"{kind}s/{ref}"
        return self._by_name.get(key) or self._by_name.get(key.partition("@")[0]) or {}

    def called(self, name: str) -> str:
        """What people call a member: an agent and a flow by their names, a person as in lists of reviewers."""
        found = member(name)
        if found.kind == "person":
            return person(name)
        return self._document(found.kind, found.ref).get("name") or found.slug

    def player(self, agent: str | None) -> str:
        """An agent of a step with its version: "Billing specialist v2"; "" for none."""
        slug, _, number = (agent or "").partition("@")
        name = self._document("agent", agent).get("name") if agent else ""
        return " ".join([name or slug, *([f"v{number}"] if number else [])]) if slug else ""

    def sla_s(self, agent: str) -> float | None:
        """Seconds that an agent promises to answer within. None of one that may let others answer: their time is not
        its own."""
        found = self._document("agent", member(agent).ref)
        if (found.get("delegation") or {}).get("to"):
            return None
        return (found.get("sla") or {}).get("latency_s")

    def cast(self) -> dict[str, dict[str, Any]]:
        """{name, sla} of each agent and flow that is pinned, by what turns and handoffs call it; a version of its own
        only where it is another than the slug means."""
        kinds = {"agents": "", "flows": FLOW}
        return {
            f"{kinds[kind]}{ref}": {
                "name": found.get("name") or ref.partition("@")[0],
                "sla": self.sla_s(ref) if kind == "agents" else None,
            }
            for key, found in self._by_name.items()
            for kind, _, ref in (key.partition("/"),)
            if kind in kinds and ("@" not in ref or found != self._by_name[key.partition("@")[0]])
        }

    def icon(self, node: str) -> str:
        kind = self.nodes.get(node, {}).get("type", "")
        return TYPES[kind].icon if kind in TYPES else "circle"

    def config(self, node: str) -> Mapping[str, Any]:
        return self.nodes.get(node, {}).get("config", {})

    def holds_turns(self, node: str) -> bool:
        """Whether a node's items are turns, each with the name of who takes it."""
        config = self.config(node)
        return bool(members(config)) or "second_opinion" in config

    def holds_items(self, node: str) -> bool:
        """Whether others work inside a step of this node, each with costs of its own."""
        known = TYPES.get(self.nodes.get(node, {}).get("type", ""))
        return (known is not None and known.holds_items) or self.holds_turns(node)

    @staticmethod
    def agent_of(node: Mapping[str, Any]) -> str | None:
        """The agent that plays a step of this node and answers for its time; None where others work inside it."""
        known, agent = TYPES.get(node.get("type", "")), node.get("config", {}).get("agent")
        return agent if isinstance(agent, str) and known is not None and not known.holds_items else None

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
                "agent": self.agent_of(found),
                "attempts": found.get("retry", {}).get("max_attempts", 3) if "retry" in found else 1,
            }
            for node, found in self.nodes.items()
        }


def drawing_of(run: Run) -> Drawing:
    """The flow of a run (one query); empty where its document was deleted."""
    try:
        return Drawing(flow_of(run), run)
    except KeyError:
        return Drawing({"name": run.flow, "nodes": [], "edges": []}, run)


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
