"""The versions that runs are pinned to: read once, kept while they are asked for, since they never change."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from flows.graph import Graph, parse
from governance import documents
from governance.models import Project, Version
from runs.engine.rows import loads
from runs.models import Event, Run

SHELVES_KEPT = 500
DRAFT = 0  # the version of a run whose flow was never published: its document stands in its first event


@dataclass
class Pinned:
    """One version: its content, and its graph where it is a flow."""

    slug: str
    number: int
    hash: str
    content: Mapping = field(repr=False)

    @cached_property
    def graph(self) -> Graph:
        return parse(self.content)

    @property
    def name(self) -> str:
        return f"{self.slug}@{self.number}"


@dataclass(frozen=True)
class Shelf:
    """What one run may use: its flow, and everything else by kind and reference as written ("agents/x@3")."""

    flow: Pinned
    pins: Mapping[str, Pinned]

    def get(self, plural: str, ref: str) -> Pinned | None:
        return self.pins.get(f"{plural}/{ref}")


class Library:
    """Shelves by project, flow version and pins. Thread-safe; `shelf` reads the database the first time."""

    def __init__(self) -> None:
        self._shelves: OrderedDict[tuple, Shelf] = OrderedDict()
        self._lock = threading.Lock()

    def shelf(
        self, project: Project, flow: str, version: int, pins: str, document: Mapping | None = None
    ) -> Shelf:
        """`pins` is the run's JSON text; `document` the flow of a run of a draft. Raises KeyError where a version is
        gone from the database."""
        hash = "" if document is None else documents.digest(document)
        key = (project.pk, flow, version, pins, hash)
        with self._lock:
            found = self._shelves.get(key)
            if found is not None:
                self._shelves.move_to_end(key)
                return found
        own = f"flows/{flow}@{version}"
        wanted = loads(pins) if document is not None else {**loads(pins), own: version}
        pinned = {name: pin(name, found) for name, found in documents.pinned(project, wanted).items()}
        if document is not None:
            pinned |= {own: Pinned(flow, version, hash, document), **drafts_in(document)}
        shelf = Shelf(pinned[own], pinned)
        with self._lock:
            self._shelves[key] = shelf
            while len(self._shelves) > SHELVES_KEPT:
                self._shelves.popitem(last=False)
        return shelf


def pin(name: str, version: Version) -> Pinned:
    slug = name.partition("/")[2].partition("@")[0]
    return Pinned(slug, version.number, version.hash, documents.content(version))


def drafts_in(flow: Mapping) -> dict[str, Pinned]:
    """Agents that are tried out before they are published: they stand in the flow of their trial, by "agents/slug"."""
    return {
        name: Pinned(name.partition("/")[2], DRAFT, documents.digest(body), body)
        for name, body in flow.get("drafts", {}).items()
    }


def flow_of(run: Run) -> Mapping:
    """The flow document that a run executes, archived or never published: it is pinned to it."""
    if run.version == DRAFT:
        return created_with(run.id)["document"]
    own = f"flows/{run.flow}@{run.version}"
    return documents.content(documents.pinned(run.project, {own: run.version})[own])


def created_with(run_id: int) -> Mapping:
    """What a run was born with: the data of its first line."""
    return loads(Event.objects.values_list("data", flat=True).get(run_id=run_id, seq=1))
