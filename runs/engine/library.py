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

SHELVES_KEPT = 500


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

    def shelf(self, project: Project, flow: str, version: int, pins: str) -> Shelf:
        """`pins` is the run's JSON text. Raises KeyError where a version is gone from the database."""
        key = (project.pk, flow, version, pins)
        with self._lock:
            found = self._shelves.get(key)
            if found is not None:
                self._shelves.move_to_end(key)
                return found
        own = f"flows/{flow}@{version}"
        versions = documents.pinned(project, {**loads(pins), own: version})
        pinned = {name: pin(name, found) for name, found in versions.items()}
        shelf = Shelf(pinned[own], pinned)
        with self._lock:
            self._shelves[key] = shelf
            while len(self._shelves) > SHELVES_KEPT:
                self._shelves.popitem(last=False)
        return shelf


def pin(name: str, version: Version) -> Pinned:
    slug = name.partition("/")[2].partition("@")[0]
    return Pinned(slug, version.number, version.hash, documents.content(version))
