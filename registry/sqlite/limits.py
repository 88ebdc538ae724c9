"""How much a query may use: of SQLite's parser, and of the machine."""

import contextlib
import resource
import sqlite3

MEMORY = 512 * 1024 * 1024  # address space of the process, of which Python takes about 50 MB
GROWN = 256 * 1024 * 1024  # what a file may grow by in one statement: the database, or what undoes its change
LARGEST_DATABASE = 1024 * 1024 * 1024  # beyond it a statement may change a database, and not make it larger
OPEN_FILES = 32
LONGEST_S = 60.0  # a statement runs, whatever time its tool has
LONGEST_STATEMENT = 20_000  # characters
LONGEST_VALUE = 1_000_000
PARSING = {
    sqlite3.SQLITE_LIMIT_LENGTH: LONGEST_VALUE,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 500,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 100,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 250_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 100,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 1_000,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 20,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


def bounded(connection: sqlite3.Connection) -> None:
    """Sets the limits of the parser and of single values."""
    for limit, most in PARSING.items():
        connection.setlimit(limit, most)


def keep_small(connection: sqlite3.Connection, largest: int = LARGEST_DATABASE) -> None:
    """Bounds the disk: a database ends at `largest` bytes, or at its size where that is more. What a query sorts and
    sets aside stays in memory, which is bounded for all of it together; files are bounded one by one."""
    connection.execute("PRAGMA temp_store = MEMORY")
    page, pages = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "page_count"))
    connection.execute(f"PRAGMA max_page_count = {max(largest // page, pages)}")


def confine(seconds: float, file_size: int) -> None:
    """Bounds this process, for good. A system that does not know a limit goes without it."""
    wanted = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_FSIZE: file_size + GROWN,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CPU: int(seconds) + 5,
        resource.RLIMIT_CORE: 0,
    }
    for limit, most in wanted.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (most, most))
