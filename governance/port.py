"""The desk: what a layer below sees of the step it works for.

Governance and registry write journal lines, hold money and ask people without knowing what a run is. The engine
hands them this protocol (runs.engine.desk implements it); trial calls and tests bring their own.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from governance.privacy import Vault

Statement = tuple[str, Sequence[Any]]  # SQL with `?` for its parameters


@dataclass(frozen=True, slots=True)
class Lineage:
    """A run that a call belongs to: its number and flow, and the statement that says what it has spent so far."""

    run: int
    flow: str
    opening: Statement | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Who asks, for what. `project` is the slug, `run` the run's number, `launched_by` and `user` a username.

    `lineage` is the run itself, then the runs above it, the launched one last.
    """

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
    lineage: tuple[Lineage, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the journal holds of one call: its decision, its last result (`model.called` or `tool.called` data),
    whether it may have gone out without a result, whether it says that money was held for it, and what the policies
    said once more after people had agreed: {effect, policies, reason, code}, None where that is not on record."""

    decision: Mapping | None = None
    result: Mapping | None = None
    sent: bool = False
    reserved: bool = False
    asked_again: Mapping | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """One account that a hold draws on: its key (see governance.models.Account) and its limit in nano-dollars.

    `warn` is what may be spent before people are warned, once an account. `opening` gives what the account starts
    with where it is not there yet; it runs in the transaction that makes it (None: nothing was spent).
    """

    key: str
    limit: int
    warn: int | None = None
    opening: Statement | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """The worst case of a call in nano-dollars, on every limit that applies. Who stands in line asks `again`: limits
    may change meanwhile."""

    call: str
    amount: int
    limits: tuple[Limit, ...]
    again: Callable[[], Awaitable[tuple[Limit, ...]]] | None = None


@dataclass(frozen=True, slots=True)
class Short:
    """An account that a hold can never fit, with its amounts in nano-dollars as they were."""

    key: str
    limit: int
    spent: int
    reserved: int


@dataclass(frozen=True, slots=True)
class Held:
    """The answer to a Hold: the accounts that it can never fit; none when it is held.

    `may_warn`: one of its accounts has yet to warn, so what settling it says is worth waiting for.
    """

    refused: tuple[Short, ...] = ()
    may_warn: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a call waits for more money: the account that is exceeded, until when it waits at the latest (microseconds,
    None: until a limit is raised), and the data of its `budget.exceeded` line."""

    call: str
    account: str
    until: int | None
    data: Mapping[str, Any]


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
    """What a person must decide before `call` goes on. `fingerprint` binds it to the exact operation.

    `subject` says what that is: {action, tool?: {slug, version, type, risk}, agent?: {slug, version}, model?,
    policies: [names with versions]}; {seat, seats: [names]} where a team asks one of its people (governance.seats);
    empty where another node of the flow asks.
    """

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
    subject: Mapping[str, Any] = field(default_factory=dict)


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
    vault: "Vault | None"  # what the run's tokens stand for; None: nothing is looked for in what it says

    def next_call(self) -> str:
        """The name of this step's next operation: the same after a crash, since a step repeats its calls in order."""

    def recall(self, call: str) -> Recorded: ...

    def add(self, type: str, data: Mapping) -> None: ...

    def found(self, data: Mapping) -> None:
        """Writes `privacy.found` (call, where, entities, action, counts): once a call, place and action, also where a
        step that was cut off looks through the same again."""

    async def commit(self, *, durable: bool = False) -> None:
        """`durable` waits for the disk, not only for the database: for what cannot be repeated."""

    def keep(self, text: str) -> str:
        """Stores a piece of a prompt or an answer once a run; returns its hash."""

    def kept(self, hash: str) -> str:
        """The text behind a hash of `keep`."""

    async def reserve(self, hold: Hold) -> Held:
        """Holds the worst case on every account or none; waits in line where only others' holds are in the way.
        All lines added so far are stored in the same transaction."""

    async def paused(self, look: Callable[[], Pause | None]) -> None:
        """Holds still without a worker until `look` finds room (None). It reads the database, in a thread: at once,
        and whenever a limit may have changed or the time has come."""

    def settle(self, settlement: Settlement) -> None:
        """With the next commit: frees the hold of the call and books its cost."""

    async def settled(self, call: str) -> None:
        """Returns once what `settle` booked is stored, and warnings of it are on record."""

    async def decided(self, request: ApprovalRequest) -> Decided:
        """Asks once, waits without holding a worker, and returns what was decided."""

    def delta(self, text: str) -> None:
        """Shows a piece of streaming text to whoever watches; never stored."""
