"""The desk: what a layer below sees of the step it works for.

Governance and registry write journal lines, hold money and ask people without knowing what a run is. The engine
hands them this protocol (runs.engine.desk implements it); trial calls and tests bring their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Facts:
    """Who asks, for what. `project` is the slug, `run` the run's number, `launched_by` and `user` a username."""

    project: str
    project_id: int
    flow: str
    run: int
    run_public_id: str
    user: str
    environment: str
    trigger: str
    node: str
    iteration: int
    item: int | None
    attempt: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the journal holds of one call: its decision, its last result (`model.called` or `tool.called` data),
    whether it may have gone out without a result, and whether it says that money was held for it."""

    decision: Mapping | None = None
    result: Mapping | None = None
    sent: bool = False
    reserved: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """One account that a hold draws on: its key (see governance.models.Account) and its limit in nano-dollars."""

    key: str
    limit: int


@dataclass(frozen=True, slots=True)
class Hold:
    """The worst case of a call in nano-dollars, on every limit that applies."""

    call: str
    amount: int
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """The answer to a Hold: `refused_by` is the key of the account it can never fit, None when it is held."""

    refused_by: str | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a call did cost, and to whom the spend belongs. `cost` None: unpriced."""

    call: str
    cost: int | None
    input_tokens: int
    output_tokens: int
    agent: str
    model: str


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """What a person must decide before `call` goes on. `fingerprint` binds it to the exact operation."""

    kind: str
    call: str
    title: str
    payload: Any
    fingerprint: str
    reviewers: tuple[str, ...]
    reason: str = ""
    schema: Mapping | None = None
    editable: bool = False
    quorum: int = 1
    four_eyes: bool = False
    due_in_s: float | None = None
    on_timeout: str = "reject"


@dataclass(frozen=True, slots=True)
class Decided:
    """How an approval ended: `decision` is approve, reject, answer, retry, done, repeat or timed_out."""

    decision: str
    payload: Any
    by: tuple[str, ...]
    reason: str
    at: int


class Desk(Protocol):
    """One step's journal, money and people.

    Lines added are stored in order with the next commit; `commit` returns once all of them are.
    """

    facts: Facts

    def next_call(self) -> str:
        """The name of this step's next operation: the same after a crash, since a step repeats its calls in order."""

    def recall(self, call: str) -> Recorded: ...

    def add(self, type: str, data: Mapping) -> None: ...

    async def commit(self, *, durable: bool = False) -> None:
        """`durable` waits for the disk, not only for the database: for what cannot be repeated."""

    def keep(self, text: str) -> str:
        """Stores a piece of a prompt or an answer once a run; returns its hash."""

    def kept(self, hash: str) -> str:
        """The text behind a hash of `keep`."""

    async def reserve(self, hold: Hold) -> Held:
        """Holds the worst case on every account or none; waits in line where only others' holds are in the way.
        All lines added so far are stored in the same transaction."""

    def settle(self, settlement: Settlement) -> None:
        """With the next commit: frees the hold of the call and books its cost."""

    async def decided(self, request: ApprovalRequest) -> Decided:
        """Asks once, waits without holding a worker, and returns what was decided."""

    def delta(self, text: str) -> None:
        """Shows a piece of streaming text to whoever watches; never stored."""
