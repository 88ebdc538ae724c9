"""What one append writes: events, step rows, parts and the run's own row, as plain tuples in column order."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

NO_ITEM = -1

EVENT_COLUMNS = ("run_id", "seq", "at", "type", "node", "iteration", "item", "attempt", "data")
STEP_COLUMNS = (
    "run_id",
    "node",
    "iteration",
    "item",
    "status",
    "port",
    "attempts",
    "agent",
    "cost",
    "input_tokens",
    "output_tokens",
    "started_seq",
    "finished_seq",
    "started_at",
    "finished_at",
)
RUN_COLUMNS = (
    "seq",
    "cost",
    "input_tokens",
    "output_tokens",
    "status",
    "started_at",
    "finished_at",
    "waiting",
    "output",
    "error",
)
COUNTS = 4  # the columns of a run that change with every step, in no index


def dumps(value: Any) -> str:
    """JSON text. What orjson refuses (integers beyond 64 bit, lone surrogates) the standard library writes."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def loads(text: str) -> Any:
    """The value of JSON text; integers of any size stay exact."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


@dataclass(slots=True)
class StepRow:
    """The projection of one (node, iteration, item); lives as long as the driver, written whenever it changed."""

    run_id: int
    node: str
    iteration: int
    item: int = NO_ITEM
    status: str = "running"
    port: str | None = None
    attempts: int = 0
    agent: str | None = None
    cost: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    started_seq: int | None = None
    finished_seq: int | None = None
    started_at: int | None = None
    finished_at: int | None = None

    def values(self) -> tuple:
        return (
            self.run_id,
            self.node,
            self.iteration,
            self.item,
            self.status,
            self.port,
            self.attempts,
            self.agent,
            self.cost,
            self.input_tokens,
            self.output_tokens,
            self.started_seq,
            self.finished_seq,
            self.started_at,
            self.finished_at,
        )


@dataclass(slots=True)
class RunRow:
    """The run's own projection. `waiting`, `output` and `error` are JSON text."""

    id: int
    seq: int = 0
    status: str = "queued"
    cost: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    started_at: int | None = None
    finished_at: int | None = None
    waiting: str = "[]"
    output: str | None = None
    error: str | None = None

    def values(self) -> tuple:
        return (
            self.seq,
            self.cost,
            self.input_tokens,
            self.output_tokens,
            self.status,
            self.started_at,
            self.finished_at,
            self.waiting,
            self.output,
            self.error,
        )


@dataclass(slots=True)
class Append:
    """Everything one run writes in one transaction, if it still holds its epoch."""

    run_id: int
    epoch: int
    run: tuple = ()
    events: list[tuple] = field(default_factory=list)
    steps: dict[tuple, Any] = field(default_factory=dict)  # StepRow, once the writer took it its values
    parts: list[tuple] = field(default_factory=list)
    operations: list = field(default_factory=list)  # (generator function of the vendor, future)
    ledger: list = field(default_factory=list)  # (governance.ledger operation, future)
    durable: bool = False
    only_counts: bool = False  # of the run's row nothing changed but its first COUNTS columns
    heard: Callable[[Exception | None], None] | None = None  # told once: stored, or why not
