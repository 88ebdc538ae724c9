"""An empty copy of what a statement may name: there it is compiled first, so that nothing else can be reached by name.

An authorizer alone is not enough: what a view reads is reported under the view's name, and a CTE may take that name.
Here views are plain tables and a table that is out of scope does not exist, however it is spelled or hidden.
"""

import re
import sqlite3
from collections.abc import Iterator

from registry.sqlite.limits import bounded
from registry.sqlite.refusal import QueryFailed, failure
from registry.sqlite.scope import ALLOWED, Scope, folded

MISSING = re.compile(r"no such table: (.+)")


def survey(database: sqlite3.Connection, scope: Scope) -> None:
    """Learns from the database what `scope` has to know: its names, and what lies behind its views and triggers."""
    entries = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    modules = [name for (name,) in database.execute("SELECT name FROM pragma_module_list")]
    scope.known = frozenset(folded(name) for name in [*(name for _, name, *_ in entries), *modules])
    scope.virtual = frozenset(
        folded(name) for _, name, _, sql in entries if (sql or "").upper().startswith("CREATE VIRTUAL")
    )
    through = set()
    for kind, name, table, _ in entries:
        if kind == "view" and scope.has(name):
            through |= _behind(database, name)
        if kind == "trigger" and scope.writes and scope.has(table):
            through.add(folded(name))
    scope.through = frozenset(through)


def rehearse(database: sqlite3.Connection, scope: Scope, sql: str, values: dict) -> None:
    """Compiles the statement where nothing but the scope exists. Raises QueryFailed `denied` or `invalid_input`."""
    stage = sqlite3.connect(":memory:", isolation_level=None)
    try:
        bounded(stage)
        there = _set(stage, database, scope)
        own = Scope(scope.tables, writes=scope.writes)
        own.known, own.virtual = scope.known, frozenset(filter(scope.has, scope.virtual))
        stage.set_authorizer(own)
        stage.execute(f"EXPLAIN {sql}", values).fetchone()
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _told(error, own, there) from error
    finally:
        stage.close()


def tie(database: sqlite3.Connection, scope: Scope, sql: str, values: dict) -> None:
    """Turns foreign keys on, and opens to `scope` the columns that SQLite reads for them by itself.

    INVARIANT: before that the statement has compiled here without foreign keys, held to its tables alone. So it reads
    no column of another table by itself, and what is read beyond that is SQLite's own doing.
    """
    database.execute("PRAGMA foreign_keys = OFF")
    database.set_authorizer(scope)
    database.execute(f"EXPLAIN {sql}", values).fetchone()
    database.set_authorizer(None)
    database.execute("PRAGMA foreign_keys = ON")
    scope.keys = frozenset(_keys(database, scope))


def _keys(database: sqlite3.Connection, scope: Scope) -> Iterator[tuple[str, str]]:
    """Both ends of each foreign key that starts or ends at a table in scope."""
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for child in tables:
        ends = database.execute('SELECT "table", "from", "to" FROM pragma_foreign_key_list(?)', (child,))
        for parent, column, named in ends.fetchall():
            if not (scope.has(child) or scope.has(parent)):
                continue
            yield folded(child), folded(column)
            for key in [named] if named else _primary_key(database, parent):
                yield folded(parent), folded(key)


def _primary_key(database: sqlite3.Connection, table: str) -> list[str]:
    found = database.execute("SELECT name FROM pragma_table_info(?) WHERE pk", (table,)).fetchall()
    return [name for (name,) in found]


def _told(error: Exception, scope: Scope, there: set[str]) -> QueryFailed:
    missing = MISSING.fullmatch(str(error))
    if scope.refusal:
        return QueryFailed("denied", scope.refusal)
    if missing is None:
        return failure(error)
    name = missing[1].removeprefix("main.")
    if scope.has(name) and folded(name) not in there:
        return QueryFailed(
            "step_failed", f"The tool's document names the table {name}; the database has none."
        )
    return QueryFailed("denied", scope.outside(missing[1]))


def _set(stage: sqlite3.Connection, database: sqlite3.Connection, scope: Scope) -> set[str]:
    """Puts up the scope's tables, empty; gives their names."""
    entries = database.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
    ).fetchall()
    there = set()
    for kind, name, sql in entries:
        if not scope.has(name):
            continue
        if not (kind == "table" and _made(stage, sql)):
            stage.execute(f"CREATE TABLE {quoted(name)} ({', '.join(_columns(database, name))})")
        there.add(folded(name))
    indexes = database.execute(
        "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    )
    for table, sql in indexes.fetchall():
        if folded(table) in there:
            _made(stage, sql)  # an upsert asks for them
    return there


def _made(stage: sqlite3.Connection, sql: str) -> bool:
    """Whether it can be made here: not what needs a collation, a function or a module of somebody's own."""
    if not sql.upper().startswith(("CREATE TABLE", "CREATE INDEX", "CREATE UNIQUE INDEX")):
        return False
    try:
        stage.execute(sql)
    except sqlite3.Error:
        return False
    return True


def _columns(database: sqlite3.Connection, table: str) -> list[str]:
    found = database.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
    return [quoted(name) for (name,) in found]


def _behind(database: sqlite3.Connection, view: str) -> set[str]:
    """The view, and the views that it reads."""
    found = {folded(view)}

    def note(action: int, first: str, second: str, schema: str, source: str | None) -> int:
        if source:
            found.add(folded(source))
        return ALLOWED

    database.set_authorizer(note)
    try:
        database.execute(f"EXPLAIN SELECT * FROM {quoted(view)}").fetchone()
    except sqlite3.Error as error:
        raise QueryFailed("step_failed", f"The view {view} cannot be read: {error}.") from error
    finally:
        database.set_authorizer(None)
    return found


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
