"""What a statement may touch: SQLite's authorizer, asked for everything while a statement is compiled."""

import sqlite3
from collections.abc import Iterable

ALLOWED, DENIED = sqlite3.SQLITE_OK, sqlite3.SQLITE_DENY
WRITES = {
    sqlite3.SQLITE_INSERT: "INSERT",
    sqlite3.SQLITE_UPDATE: "UPDATE",
    sqlite3.SQLITE_DELETE: "DELETE",
}
REACHES = frozenset({sqlite3.SQLITE_READ, *WRITES})
REACHED = "A foreign key leads there: add it to the tool's tables, or leave this change out."
HARMLESS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE})
NAMED = {
    sqlite3.SQLITE_ATTACH: "ATTACH",
    sqlite3.SQLITE_DETACH: "DETACH",
    sqlite3.SQLITE_PRAGMA: "PRAGMA",
}
FUNCTIONS = frozenset(
    "abs avg ceil ceiling char coalesce concat concat_ws count cume_dist date datetime dense_rank first_value floor "
    "format glob group_concat hex ifnull iif instr json json_array json_array_length json_extract json_group_array "
    "json_group_object json_object json_quote json_type json_valid -> ->> julianday lag last_value lead length like "
    "likelihood likely lower ltrim max min mod nth_value ntile nullif percent_rank pow power printf quote random "
    "rank replace round row_number rtrim sign sqrt strftime string_agg substr substring sum time timediff total trim "
    "trunc typeof unicode unixepoch unlikely upper current_date current_time current_timestamp".split()
)


class Scope:
    """The tables and views that a statement may name. Called by SQLite; `refusal` is the first thing it turned down.

    `known`: what stands in the database, which no alias may be taken for. `through`: views that may be read and the
    triggers that go with a change: what these touch is theirs. A CTE can take the name of one of them, so the same
    statement has to compile where nothing else exists (registry.sqlite.stage). `virtual`: tables that a module of
    SQLite makes up, from tables of its own. `keys`: the (table, column) that SQLite reads by itself, for foreign keys
    of tables in scope; None before it is sure that the statement itself reads none of them.
    """

    def __init__(self, tables: Iterable[str], *, writes: bool) -> None:
        self.tables = tuple(tables)
        self.writes = writes
        self.known: frozenset[str] = frozenset()
        self.through: frozenset[str] = frozenset()
        self.virtual: frozenset[str] = frozenset()
        self.keys: frozenset[tuple[str, str]] | None = None
        self.refusal = ""
        self._allowed = frozenset(map(folded, self.tables))

    def has(self, table: str) -> bool:
        return folded(table) in self._allowed

    def outside(self, table: str) -> str:
        """The sentence for a table that is not in it."""
        return f"The table {table} is outside this tool's scope, which is: {', '.join(self.tables)}."

    def __call__(
        self, action: int, first: str | None, second: str | None, database: str | None, source: str | None
    ) -> int:
        said = self._fault(action, first or "", second or "", source)
        self.refusal = self.refusal or said
        return DENIED if said else ALLOWED

    def _fault(self, action: int, first: str, second: str, source: str | None) -> str:
        """Why not; "": it may."""
        if action in HARMLESS or (action in REACHES and self._is_through(source)):
            return ""
        if action == sqlite3.SQLITE_FUNCTION:
            return "" if second.lower() in FUNCTIONS else f"The function {second} is not open to this tool."
        if action in REACHES and folded(first) in self.virtual:
            return self._of_virtual(first)
        if action == sqlite3.SQLITE_READ:
            return "" if self._may_read(first, second) else self._told_outside(first)
        if action in WRITES and not folded(first).startswith("sqlite_"):
            return self._write_fault(WRITES[action], first)
        return self.alone(NAMED.get(action, "changes of the structure, nor table functions"))

    def alone(self, what: str) -> str:
        """The sentence for a kind of statement that is not open to it."""
        return f"This tool runs {'SELECT, INSERT, UPDATE and DELETE' if self.writes else 'SELECT'} alone, not {what}."

    def _write_fault(self, what: str, table: str) -> str:
        if not self.writes:
            return f"This tool only reads (its risk is read): {what} is not open to it."
        return "" if self.has(table) else self._told_outside(table)

    def _may_read(self, table: str, column: str) -> bool:
        is_key = (folded(table), folded(column)) in (self.keys or ())
        return is_key or self.has(table) or self._is_alias(table, column)

    def _told_outside(self, table: str) -> str:
        for virtual in self.virtual:
            if folded(table).startswith(f"{virtual}_"):  # its module asked
                return self._of_virtual(virtual)
        return self.outside(table) if self.keys is None else f"{self.outside(table)} {REACHED}"

    def _of_virtual(self, table: str) -> str:
        return f"The table {table} is a virtual one, such as those of full-text search: no tool can use it."

    def _is_through(self, source: str | None) -> bool:
        return source is not None and folded(source) in self.through

    def _is_alias(self, name: str, column: str) -> bool:
        """A CTE or subquery of which no column is used is reported under its own name."""
        given = folded(name)
        return not column and given not in self.known and not given.startswith(("sqlite_", "pragma_"))


def folded(name: str) -> str:
    """A name as SQLite compares it: ASCII letters alone have no case."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)
