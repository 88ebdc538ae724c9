"""The ledger's statements: what it reads of accounts and reservations, and what it writes back.

Each function gives (sql, params) with `?` for parameters, or several of them.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from governance import clock
from governance.budgets.warning import recorded
from governance.ledger_book import Book, Entry, Name
from governance.port import Limit

Statement = tuple[str, Sequence[Any]]

ACCOUNT = ("id", "key", '"limit"', "spent", "reserved", "waiting", "warn", "warned")
RESERVATION = ("run_id", "call", "amount", "accounts", "state", "at")
SPEND = ("project_id", "day", "flow", "agent", '"user"', "model")
SUMS = ("cost", "input_tokens", "output_tokens", "calls")
ENTRIES = "SELECT id, run_id, call, amount, accounts, state FROM governance_reservation WHERE "
ACCOUNTS = " ".join(("SELECT", ", ".join(ACCOUNT), "FROM governance_account WHERE "))
DELETE = "DELETE FROM governance_reservation WHERE"
MOVE = "UPDATE governance_reservation SET state = ? WHERE"
ADD_UP = " ".join(
    (
        f"ON CONFLICT ({', '.join(SPEND)}) DO UPDATE SET",
        ", ".join(f"{name} = governance_spend.{name} + excluded.{name}" for name in SUMS),
    )
)
WAITING_LINE: Statement = (ENTRIES + "state = 'waiting' ORDER BY id", ())


def entry_query(names: Sequence[Name], runs: Sequence[int]) -> Statement:
    conditions, params = [], []
    if names:
        conditions.append(f"(run_id, call) IN (VALUES {_marks(len(names), 2)})")
        params += [value for name in names for value in name]
    if runs:
        conditions.append(f"run_id IN ({_list(len(runs))})")
        params += runs
    return ENTRIES + " OR ".join(conditions), params


def account_query(
    keys: Iterable[str], numbers: Iterable[int] = (), *, lock: bool = False
) -> Statement | None:
    """None where nothing is asked for."""
    keys, numbers = sorted(keys), sorted(numbers)
    conditions = [
        f"{column} IN ({_list(len(values))})" for column, values in (("key", keys), ("id", numbers)) if values
    ]
    if not conditions:
        return None
    order = " ORDER BY id FOR UPDATE" if lock else " ORDER BY id"
    return ACCOUNTS + " OR ".join(conditions) + order, [*keys, *numbers]


def entry_of(row: tuple) -> Entry:
    number, run_id, call, amount, accounts, state = row
    return Entry((run_id, call), amount, tuple(json.loads(accounts)), state, number, number)


def insert_accounts(limits: Sequence[Limit], spent: Sequence[int]) -> Statement:
    rows = [
        (limit.key, limit.limit, before, 0, 0, limit.warn, False)
        for limit, before in zip(limits, spent, strict=True)
    ]
    # A key that another process has just made stays as that process made it.
    return _insert("governance_account", ACCOUNT[1:], rows, "ON CONFLICT (key) DO NOTHING")


def stored(book: Book) -> Iterator[Statement]:
    gone = [entry.id for entry in book.gone]
    if gone:
        yield f"{DELETE} id IN ({_list(len(gone))})", gone
    moved: dict[str, list[int]] = {}
    for entry in book.entries.values():
        if entry.changed and entry.id is not None:
            moved.setdefault(entry.state, []).append(entry.id)
    for state, numbers in moved.items():
        yield f"{MOVE} id IN ({_list(len(numbers))})", [state, *numbers]
    fresh = sorted(
        (entry for entry in book.entries.values() if entry.id is None), key=lambda entry: entry.place
    )
    if fresh:
        at = clock.now()
        yield _insert("governance_reservation", RESERVATION, [_row(entry, at) for entry in fresh])
    changed = book.changed_accounts()
    if changed:
        rows = [
            (one.id, one.key, one.limit, one.spent, one.reserved, one.waiting, one.warn, one.warned)
            for one in changed
        ]
        update = ", ".join(f"{name} = excluded.{name}" for name in ACCOUNT[2:])
        yield _insert("governance_account", ACCOUNT, rows, f"ON CONFLICT (id) DO UPDATE SET {update}")
    for account in book.warnings:
        yield recorded(account.key, account.limit, account.spent)


def _row(entry: Entry, at: int) -> tuple:
    return (*entry.name, entry.amount, json.dumps(entry.accounts), entry.state, at)


def spent(sums: Mapping[tuple, Sequence[int]]) -> Iterator[Statement]:
    """Adds {(project, day, flow, agent, user, model): (cost, input, output, calls)} up. In order, so that two
    processes never deadlock."""
    if sums:
        rows = [(*key, *sums[key]) for key in sorted(sums)]
        yield _insert("governance_spend", (*SPEND, *SUMS), rows, ADD_UP)


def _insert(
    table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], conflict: str = ""
) -> Statement:
    return _insert_sql(table, tuple(columns), len(rows), conflict), [value for row in rows for value in row]


@lru_cache(256)
def _insert_sql(table: str, columns: tuple[str, ...], rows: int, conflict: str) -> str:
    return " ".join(
        ("INSERT INTO", table, f"({', '.join(columns)})", "VALUES", _marks(rows, len(columns)), conflict)
    )


def _list(count: int) -> str:
    return ", ".join("?" * count)


def _marks(rows: int, columns: int) -> str:
    return ", ".join([f"({_list(columns)})"] * rows)
