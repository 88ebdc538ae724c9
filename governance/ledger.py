"""The ledger: holds the worst case of every call before it goes out, and books what it did cost.

Design note. A budget must never be overshot, also not by a thousand calls at once, and money must never leak. So the
worst case of a call is reserved on every account that applies before the call, all of them or none, and settled
after it. A call is refused only where spent + its own worst case exceeds a limit: no waiting would help. Where it
fits but for what others hold, it stands in line: first come, first served per account, and a newcomer stands behind
whoever waits on any of its accounts. Money that comes free moves the line at once, in the same transaction.

`apply` is sans-IO: it yields (sql, params) and is sent the rows, so the engine's writer puts the ledger's statements
into its one transaction, with SQLite or PostgreSQL, in a thread or on a loop. Reading, locking, computing in Python
(governance.ledger_book) and writing back costs five to eight statements a batch, however many operations it has.
On PostgreSQL the accounts of a batch, and those of everybody who waits with it, are locked in the order of their
ids before anything is computed; missing accounts are made before any lock, in the order of their keys; so batches
never deadlock. Apply once a transaction, as late in it as can be. A waiter that came between reading and locking
may miss its turn until it asks again: whoever waits asks every second or so, and asking is idempotent.

Rejected: `UPDATE … WHERE spent + reserved + ? <= limit` an account (no line, hence no fairness, and partial holds to
undo), one global lock (every process would wait for every other's disk), a service of its own (one more thing to run).
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from governance.ledger_book import HELD, REFUSED, WAITING, Account, Book, Entry, Name
from governance.ledger_rows import (
    WAITING_LINE,
    account_query,
    entry_of,
    entry_query,
    insert_accounts,
    spent,
    stored,
)
from governance.port import Limit, Short

Statements = Generator[tuple[str, Sequence[Any]], list[tuple], Any]


@dataclass(frozen=True, slots=True)
class Reserve:
    """Hold `amount` nano-dollars for a call on every limit. Idempotent by (run_id, call); none held without limits."""

    run_id: int
    call: str
    amount: int
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class Settle:
    """Free what the call held and book its cost in nano-dollars (None: unpriced, counted without money).

    `day` is an ISO date in UTC. `reserved` False says that nothing was held: then no reservation is looked for.
    `keys` are those of the accounts that hold it, where the caller knows them: it saves a look.
    """

    run_id: int
    call: str
    cost: int | None
    project_id: int
    day: str
    flow: str
    agent: str = ""
    user: str = ""
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    reserved: bool = True
    keys: tuple[str, ...] = ()

    @property
    def spend_key(self) -> tuple:
        """What the cost is added up by."""
        return self.project_id, self.day, self.flow, self.agent, self.user, self.model


@dataclass(frozen=True, slots=True)
class Release:
    """Free what the call held, or leave the line: it did not go out."""

    run_id: int
    call: str


@dataclass(frozen=True, slots=True)
class ReleaseRun:
    """Free everything a run held or waited for: it finished.

    A run that another driver takes over asks for the same holds again; `keep` would leave those of single calls.
    """

    run_id: int
    keep: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Orphan:
    """The run's driver is gone: it leaves every line, and what it held counts on as unknown, since the calls may have
    gone out. Whoever drives it on asks for the same holds again, and settles them."""

    run_id: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one operation: `state` is held, waiting, refused or done.

    `account` is the key of the account that refuses or makes wait, `refused` all that refuse. `may_warn`: held on an
    account that has yet to warn. `warned` are the accounts that what was settled here brought over their warning.
    `woken`, on the last answer of a batch, names the reservations (run id, call) that moved: who waits for one of
    them should ask again now.
    """

    state: str
    account: str | None = None
    woken: tuple[Name, ...] = ()
    refused: tuple[Short, ...] = ()
    may_warn: bool = False
    warned: tuple[Short, ...] = ()


Operation = Reserve | Settle | Release | ReleaseRun | Orphan


def apply(vendor: str, operations: Sequence[Operation]) -> Statements:
    """Yields statements with `?` for parameters, is sent their rows; returns an Answer an operation, in order.

    Several that do not need each other's rows are yielded as a list, and their rows are sent as one.

    `vendor` is sqlite or postgresql. Run it inside a write transaction: SQLite's must be IMMEDIATE.
    """
    operations = list(operations)
    touching = [operation for operation in operations if _touches_reservations(operation)]
    book, keys = (yield from _opened(vendor, touching)) if touching else (Book((), ()), {})
    answers = _played(book, keys, operations)
    yield from stored(book)
    yield from spent(_sums(operation for operation in operations if isinstance(operation, Settle)))
    return answers


def run_sync(cursor: Any, statements: Statements, vendor: str = "sqlite") -> Any:
    """Runs the statements on a DB-API cursor inside the caller's transaction; returns what they return."""
    try:
        asked = next(statements)
        while True:
            if isinstance(asked, list):
                asked = statements.send([_rows(cursor, *one, vendor) for one in asked])
            else:
                asked = statements.send(_rows(cursor, *asked, vendor))
    except StopIteration as finished:
        return finished.value


def _rows(cursor: Any, sql: str, params: Sequence[Any], vendor: str) -> list[tuple]:
    cursor.execute(sql if vendor == "sqlite" else sql.replace("?", "%s"), params)
    return cursor.fetchall() if cursor.description else []


def _touches_reservations(operation: Operation) -> bool:
    if isinstance(operation, Reserve):
        return bool(operation.limits)
    return not isinstance(operation, Settle) or operation.reserved


# --- playing the operations on the book ---------------------------------------------------------------------------


def _played(book: Book, keys: dict[str, int], operations: Sequence[Operation]) -> list[Answer]:
    names = {account: key for key, account in keys.items()}
    answers: list[Answer] = []
    # A raised limit, or a waiter that asks again, may let the line go before anything else happens.
    moves = True
    for operation in operations:
        # Who waits comes before a newcomer; several settlements in a row move the line once.
        if moves and isinstance(operation, Reserve):
            book.advance()
        moves = not isinstance(operation, Reserve)
        warned = len(book.warnings)
        state, account = _play(book, keys, operation)
        key = names.get(account) if account is not None else None
        answers.append(_told(Answer(state, key), book, keys, operation, warned))
    if moves:
        book.advance()
    if book.moved:
        answers[-1] = replace(answers[-1], woken=tuple(book.moved))
    return [_final(book, operation, answer) for operation, answer in zip(operations, answers, strict=True)]


def _told(answer: Answer, book: Book, keys: dict[str, int], operation: Operation, warned: int) -> Answer:
    """With what the operation's accounts say: who refuses, who has yet to warn, who warns now."""
    if isinstance(operation, Settle) and len(book.warnings) > warned:
        return replace(answer, warned=tuple(_short(account) for account in book.warnings[warned:]))
    if isinstance(operation, Reserve) and operation.limits:
        accounts = sorted({keys[limit.key] for limit in operation.limits})
        if answer.state == REFUSED:
            return replace(answer, refused=tuple(map(_short, book.short(operation.amount, accounts))))
        return replace(answer, may_warn=book.may_warn(accounts))
    return answer


def _short(account: Account) -> Short:
    return Short(account.key, account.limit, account.spent, account.reserved)


def _play(book: Book, keys: dict[str, int], operation: Operation) -> tuple[str, int | None]:
    match operation:
        case Reserve(limits=()):
            return HELD, None
        case Reserve():
            accounts = tuple(sorted({keys[limit.key] for limit in operation.limits}))
            return book.reserve((operation.run_id, operation.call), operation.amount, accounts)
        case Settle(reserved=True):
            book.settle((operation.run_id, operation.call), operation.cost or 0)
        case Release():
            book.release((operation.run_id, operation.call))
        case Orphan():
            book.orphan(operation.run_id)
        case ReleaseRun():
            for name in [name for name in book.entries if name[0] == operation.run_id]:
                if name[1] not in operation.keep:
                    book.release(name)
    return "done", None


def _final(book: Book, operation: Operation, answer: Answer) -> Answer:
    """Who waited at first may be held by the end of the batch."""
    if answer.state == WAITING and isinstance(operation, Reserve):
        entry = book.entries.get((operation.run_id, operation.call))
        if entry is not None and entry.state == HELD:
            return replace(answer, state=HELD, account=None)
    return answer


# --- reading and locking ------------------------------------------------------------------------------------------


def _opened(vendor: str, operations: Sequence[Operation]) -> Statements:
    """The book of everything that `operations` touch, locked, and the account ids by key."""
    whole = [op for op in operations if isinstance(op, ReleaseRun | Orphan)]
    names = [(op.run_id, op.call) for op in operations if not isinstance(op, ReleaseRun | Orphan)]
    runs = sorted({op.run_id for op in whole})
    limits = {limit.key: limit for op in operations if isinstance(op, Reserve) for limit in op.limits}
    known = limits.keys() | {key for op in operations if isinstance(op, Settle) for key in op.keys}
    entries, accounts = yield from _first_look(names, runs, known)
    missing = sorted(limits.keys() - {account.key for account in accounts})
    if missing:
        yield from _made([limits[key] for key in missing])
    line: list[Entry] = []
    if any(account.waiting for account in accounts):
        line = yield from _line()
    if missing or line or (accounts and vendor != "sqlite"):
        wanted = _connected({account.id for account in accounts}, line)
        lock = account_query(limits, wanted, lock=vendor != "sqlite")
        if vendor == "sqlite":
            accounts = [Account(*row) for row in (yield lock)]
        else:
            # What was read before the lock may be stale.
            locked, again = yield [lock, entry_query(names, runs)]
            accounts, entries = [Account(*row) for row in locked], [entry_of(row) for row in again]
            line = (yield from _line()) if any(account.waiting for account in accounts) else []
    book = Book(accounts, {entry.name: entry for entry in (*_touching(line, accounts), *entries)}.values())
    keys = {account.key: account.id for account in accounts}
    book.limit({keys[key]: (limit.limit, limit.warn) for key, limit in limits.items()})
    return book, keys


def _made(missing: Sequence[Limit]) -> Statements:
    """Accounts that are not there yet, in the order of their keys. Each starts with what was spent before: read here,
    in the transaction that makes it."""
    openings = [limit.opening for limit in missing if limit.opening is not None]
    found = iter((yield openings) if openings else ())
    spent = [int(next(found)[0][0] or 0) if limit.opening is not None else 0 for limit in missing]
    yield insert_accounts(missing, spent)


def _first_look(names: Sequence[Name], runs: Sequence[int], keys: Iterable[str]) -> Statements:
    """The reservations of a batch and the accounts they and `keys` name, unlocked; in one go where all are known."""
    entry_look, account_look = entry_query(names, runs), account_query(keys)
    if account_look is None:
        entries, rows = [entry_of(row) for row in (yield entry_look)], []
    else:
        found, rows = yield [entry_look, account_look]
        entries = [entry_of(row) for row in found]
    accounts = [Account(*row) for row in rows]
    unseen = {account for entry in entries for account in entry.accounts} - {
        account.id for account in accounts
    }
    if unseen:
        accounts += [Account(*row) for row in (yield account_query((), unseen))]
    return entries, accounts


def _connected(accounts: set[int], line: Sequence[Entry]) -> set[int]:
    """The accounts and all that are tied to them by whoever waits on several."""
    found, apart = set(accounts), list(line)
    while True:
        touching = [entry for entry in apart if not found.isdisjoint(entry.accounts)]
        if not touching:
            return found
        apart = [entry for entry in apart if found.isdisjoint(entry.accounts)]
        found.update(account for entry in touching for account in entry.accounts)


def _touching(line: Iterable[Entry], accounts: Iterable[Account]) -> list[Entry]:
    held = {account.id for account in accounts}
    return [entry for entry in line if not held.isdisjoint(entry.accounts)]


def _line() -> Statements:
    """Everybody who waits, first come first."""
    rows = yield WAITING_LINE
    return [entry_of(row) for row in rows]


def _sums(settled: Iterable[Settle]) -> dict[tuple, list[int]]:
    """Cost, tokens and calls by what they are asked for."""
    sums: dict[tuple, list[int]] = {}
    for one in settled:
        total = sums.setdefault(one.spend_key, [0, 0, 0, 0])
        for index, value in enumerate((one.cost or 0, one.input_tokens, one.output_tokens, 1)):
            total[index] += value
    return sums
