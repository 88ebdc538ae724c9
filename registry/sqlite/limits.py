"""How much a query may use: of SQLite's parser, and of the machine."""

import contextlib
import resource
import sqlite3

MEMORY = 512 * 1024 * 1024  # address space of the process, of which Python takes about 50 MB
SPILLED = 256 * 1024 * 1024  # of one temporary file; of the database itself, what it may grow by
OPEN_FILES = 32
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


def confine(seconds: float, file_size: int) -> None:
    """Bounds this process, for good. A system that does not know a limit goes without it."""
    wanted = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_FSIZE: file_size + SPILLED,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CPU: int(seconds) + 5,
        resource.RLIMIT_CORE: 0,
    }
    for limit, most in wanted.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (most, most))
