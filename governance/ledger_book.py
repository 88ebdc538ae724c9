"""The ledger's arithmetic: accounts and the line of reservations in memory. Pure: what to store is read off afterwards.

Money is integer nano-dollars. INVARIANT: nothing is held that would make spent + reserved exceed the limit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count

HELD, WAITING, REFUSED, UNKNOWN = "held", "waiting", "refused", "unknown"
Name = tuple[int, str]  # run id, call


@dataclass(slots=True)
class Account:
    """One row of governance.models.Account."""

    id: int
    key: str
    limit: int
    spent: int = 0
    reserved: int = 0
    waiting: int = 0
    warn: int | None = None
    warned: bool = False


@dataclass(slots=True)
class Entry:
    """One reservation. `place` orders the line: the row's id, or a number after all of them for a new one.

    `unknown` is held for a call of a driver that is gone: nobody knows whether it went out. `changed` is set once its
    state was changed here.
    """

    name: Name
    amount: int
    accounts: tuple[int, ...]
    state: str
    place: int
    id: int | None = None
    changed: bool = False


class Book:
    """The accounts and reservations that a batch touches. `accounts` are locked rows, by id.

    `entries` are the reservations of the batch and everybody who waits on these accounts, also those whose other
    accounts are not here: they hold their place but are not moved.
    """

    def __init__(self, accounts: Iterable[Account], entries: Iterable[Entry]):
        self.accounts = {account.id: account for account in accounts}
        self.entries = {entry.name: entry for entry in entries}
        self.gone: list[Entry] = []
        self.moved: list[Name] = []
        self.warnings: list[Account] = []
        self._places = count(1 + max((entry.place for entry in self.entries.values()), default=0))
        self._before = {account.id: _amounts(account) for account in self.accounts.values()}

    def limit(self, limits: Mapping[int, tuple[int, int | None]]) -> None:
        """Sets the limits of accounts and where they warn, by id. One that has not come so far yet warns anew."""
        for name, (limit, warn) in limits.items():
            account = self.accounts[name]
            account.limit, account.warn = limit, warn
            account.warned = account.warned and warn is not None and account.spent >= warn

    def reserve(self, name: Name, amount: int, accounts: tuple[int, ...]) -> tuple[str, int | None]:
        """(held, None), (waiting, account) or (refused, account). Asking again changes nothing of what stands."""
        entry = self.entries.get(name)
        if entry is not None and entry.state != WAITING:
            self._move(entry, HELD)
            return HELD, None
        if entry is not None and (entry.amount, entry.accounts) == (amount, accounts):
            return WAITING, accounts[0] if (lacking := self._lacking(entry)) is None else lacking
        if entry is not None:
            self._leave(entry)
            self.advance()
        never = self._too_small(amount, accounts)
        if never is not None:
            return REFUSED, never
        entry = self.entries[name] = Entry(name, amount, accounts, WAITING, next(self._places))
        obstacle = self._obstacle(entry)
        self._each(entry, waiting=1)
        if obstacle is not None:
            return WAITING, obstacle
        self._grant(entry)
        return HELD, None

    def settle(self, name: Name, cost: int) -> None:
        """Frees the hold and books `cost` on its accounts, also where it is more than was held."""
        entry = self.entries.get(name)
        if entry is None:
            return
        self.release(name)
        for account in self._present(entry.accounts):
            account.spent += cost
            if account.warn is not None and not account.warned and account.spent >= account.warn:
                account.warned = True
                self.warnings.append(account)

    def release(self, name: Name) -> None:
        """Frees the hold, or leaves the line."""
        entry = self.entries.get(name)
        if entry is None:
            return
        if entry.state == WAITING:
            self._leave(entry)
        else:
            self._each(entry, reserved=-entry.amount)
            self._drop(entry)

    def orphan(self, run_id: int) -> None:
        """Its driver is gone: it leaves every line, and what it held may have been spent."""
        for name in [name for name in self.entries if name[0] == run_id]:
            entry = self.entries[name]
            if entry.state == WAITING:
                self._leave(entry)
            else:
                self._move(entry, UNKNOWN)

    def advance(self) -> None:
        """Moves the line: adds to `moved` who is held now, and who never can be."""
        blocked: set[int] = set()
        waited_for = {account.id for account in self.accounts.values() if account.waiting}
        for entry in self._line() if waited_for else ():
            if waited_for <= blocked:
                break
            if not self._is_whole(entry):
                blocked.update(entry.accounts)
            elif self._too_small(entry.amount, entry.accounts) is not None:
                self._leave(entry)
                self.moved.append(entry.name)
            elif not blocked.isdisjoint(entry.accounts) or self._lacking(entry) is not None:
                blocked.update(entry.accounts)
            else:
                self._grant(entry)
                self.moved.append(entry.name)

    def changed_accounts(self) -> list[Account]:
        return [
            account for account in self.accounts.values() if _amounts(account) != self._before[account.id]
        ]

    def _line(self) -> list[Entry]:
        waiting = [entry for entry in self.entries.values() if entry.state == WAITING]
        return sorted(waiting, key=lambda entry: entry.place)

    def _obstacle(self, entry: Entry) -> int | None:
        """The account on which a newcomer has to wait: behind an older one, or for money that others hold."""
        for account in self._present(entry.accounts):
            if account.waiting:
                return account.id
        return self._lacking(entry)

    def _lacking(self, entry: Entry) -> int | None:
        for account in self._present(entry.accounts):
            if account.spent + account.reserved + entry.amount > account.limit:
                return account.id
        return None

    def short(self, amount: int, accounts: Iterable[int]) -> list[Account]:
        """The accounts that can never hold `amount`, whatever others give back."""
        return [account for account in self._present(accounts) if account.spent + amount > account.limit]

    def may_warn(self, accounts: Iterable[int]) -> bool:
        return any(account.warn is not None and not account.warned for account in self._present(accounts))

    def _too_small(self, amount: int, accounts: tuple[int, ...]) -> int | None:
        for account in self._present(accounts):
            if account.spent + amount > account.limit:
                return account.id
        return None

    def _grant(self, entry: Entry) -> None:
        self._move(entry, HELD)
        self._each(entry, waiting=-1, reserved=entry.amount)

    @staticmethod
    def _move(entry: Entry, state: str) -> None:
        entry.changed = entry.changed or entry.state != state
        entry.state = state

    def _leave(self, entry: Entry) -> None:
        self._each(entry, waiting=-1)
        self._drop(entry)

    def _drop(self, entry: Entry) -> None:
        del self.entries[entry.name]
        if entry.id is not None:
            self.gone.append(entry)

    def _each(self, entry: Entry, *, waiting: int = 0, reserved: int = 0) -> None:
        for account in self._present(entry.accounts):
            account.waiting += waiting
            account.reserved += reserved

    def _is_whole(self, entry: Entry) -> bool:
        return all(account in self.accounts for account in entry.accounts)

    def _present(self, accounts: Iterable[int]) -> list[Account]:
        return [self.accounts[account] for account in accounts if account in self.accounts]


def _amounts(account: Account) -> tuple[int | None, ...]:
    return account.limit, account.spent, account.reserved, account.waiting, account.warn, account.warned
