"""A run as the engine holds it in hand: plain values, read once when it is claimed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from governance import ids
from governance.port import Limit, Lineage
from runs.engine.library import Shelf
from runs.engine.rows import RunRow


@dataclass(slots=True)
class RunRecord:
    """What a run was launched with."""

    id: int
    project: str
    project_id: int
    flow: str
    version: int
    user: str
    user_id: int | None
    environment: str
    trigger: str
    input: Any
    pins: str
    trace_id: str
    root_id: int
    parent_id: int | None
    cancelled_by: str
    public_id: str = ""

    def __post_init__(self) -> None:
        self.public_id = ids.encode(self.id)


@dataclass(slots=True)
class Loaded:
    """Everything a driver starts from. `events` are (seq, at, type, node, iteration, item, attempt, data)."""

    run: RunRecord
    row: RunRow
    epoch: int
    bell: int
    shelf: Shelf
    limits: tuple[Limit, ...]
    lineage: tuple[Lineage, ...]
    events: list[tuple]
    answers: dict[int, dict]
    parts: dict[str, str]
    tokens: frozenset[str] = frozenset()  # that its lines, texts and answers name


@dataclass(slots=True)
class News:
    """What changed outside of a hosted run: decisions by item, and finished or waiting children by number."""

    bell: int
    cancelled_by: str
    answers: dict[int, dict] = field(default_factory=dict)
    children: dict[int, Mapping] = field(default_factory=dict)
