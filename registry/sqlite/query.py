"""One statement on one database: opened, held against its scope, run, and its rows as JSON."""

import base64
import json
import math
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from registry.sqlite.limits import bounded, keep_small
from registry.sqlite.refusal import QueryFailed, failure, unreadable
from registry.sqlite.scope import Scope
from registry.sqlite.stage import rehearse, survey, tie

OPS = 5_000  # of SQLite's machine between two looks at the clock
BUSY_S = 5.0
CACHE_KIB = 8_000
FIRST_WORD = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/|;)*+([A-Za-z_]+)", re.DOTALL)
READING = frozenset({"SELECT", "VALUES", "WITH"})
WRITING = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE"})
CLOSED = frozenset(  # SQLite's other statements; what begins with any other word is none
    "ALTER ANALYZE ATTACH BEGIN COMMIT CREATE DETACH DROP END EXPLAIN PRAGMA REINDEX RELEASE ROLLBACK SAVEPOINT "
    "VACUUM".split()
)


def answer(request: Mapping[str, Any], is_over: Callable[[], bool]) -> dict[str, Any]:
    """{columns, rows, truncated} of {file, sql, values, tables, writes, max_rows, max_bytes}. A change gives one row,
    {changed}. Raises QueryFailed; then nothing was changed. `is_over()`: the query is to stop."""
    scope = Scope(request["tables"], writes=request["writes"])
    try:
        _require_kind(scope, request["sql"])
        with closing(_opened(Path(request["file"]), writes=scope.writes)) as database:
            database.set_progress_handler(is_over, OPS)
            survey(database, scope)
            rehearse(database, scope, request["sql"], request["values"])
            if scope.writes:
                tie(database, scope, request["sql"], request["values"])
            return _run(database, scope, request)  # what was not committed is gone
    except (sqlite3.Error, sqlite3.Warning, MemoryError) as error:
        raise QueryFailed("denied", scope.refusal) if scope.refusal else failure(error) from error
    except (OverflowError, UnicodeError, ValueError) as error:
        raise QueryFailed(
            "invalid_input", f"This SQL or one of its values cannot be used: {error}."
        ) from error


def _require_kind(scope: Scope, sql: str) -> None:
    """Refuses what the authorizer is not asked about while it is compiled (VACUUM INTO), in words that name it."""
    word = FIRST_WORD.match(sql)
    said = word[1].upper() if word else ""
    if said in CLOSED:
        raise QueryFailed("denied", scope.alone(said))
    if word and said not in (READING | WRITING):
        raise QueryFailed("invalid_input", unreadable(word[1]))
    if said in WRITING and not scope.writes:
        raise QueryFailed("denied", f"This tool only reads (its risk is read): {said} is not open to it.")


def _opened(file: Path, *, writes: bool) -> sqlite3.Connection:
    mode = "rw" if writes else "ro"
    if not writes and Path(f"{file}-journal").exists():
        _settle(file)
    database = sqlite3.connect(f"{file.as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=BUSY_S)
    bounded(database)
    database.text_factory = lambda stored: stored.decode("utf-8", "replace").replace("\0", "\ufffd")
    for setting in ("trusted_schema = OFF", "cell_size_check = ON", f"cache_size = -{CACHE_KIB}"):
        database.execute(f"PRAGMA {setting}")
    database.execute(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
    keep_small(database)
    return database


def _settle(file: Path) -> None:
    """Undoes what a change left when it was broken off. SQLite does so for the next one who may write; who may only
    read is turned away until then. It leaves alone a change that is still being made."""
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True, timeout=BUSY_S)) as database:
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _run(database: sqlite3.Connection, scope: Scope, request: Mapping[str, Any]) -> dict[str, Any]:
    if scope.writes:
        database.execute("BEGIN")
    database.set_authorizer(scope)
    cursor = database.execute(request["sql"], request["values"])
    if cursor.description is None:
        found = {"columns": ["changed"], "rows": [{"changed": max(cursor.rowcount, 0)}], "truncated": False}
    else:
        found = _table(cursor, request["max_rows"], request["max_bytes"])
    cursor.close()
    database.set_authorizer(None)
    if scope.writes:
        database.execute("COMMIT")
    return found


def _table(cursor: sqlite3.Cursor, max_rows: int, max_bytes: int) -> dict[str, Any]:
    columns = list(_distinct(column[0] for column in cursor.description))
    rows: list[dict[str, Any]] = []
    size = 0
    for found in cursor:
        row = dict(zip(columns, map(_plain, found), strict=True))
        size += len(json.dumps(row))
        if len(rows) == max_rows or size > max_bytes:
            return {"columns": columns, "rows": rows, "truncated": True}
        rows.append(row)
    return {"columns": columns, "rows": rows, "truncated": False}


def _distinct(names: Iterator[str]) -> Iterator[str]:
    """`id`, `id_2`: a row is an object, in which a name stands once."""
    given: set[str] = set()
    for name in names:
        name, number = name.replace("\0", "\ufffd"), 1
        unique = name
        while unique in given:
            number += 1
            unique = f"{name}_{number}"
        given.add(unique)
        yield unique


def _plain(value: Any) -> Any:
    """As JSON has it: bytes in base64, and what is beyond all numbers as a text."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
