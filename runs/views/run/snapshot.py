"""One moment of the database: what is read inside belongs together, while the engine goes on writing.

A page shows a run as it was at one `seq`, and the socket goes on from there: nothing is lost or shown twice.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def snapshot() -> Iterator[None]:
    """Reads only. Inside of a transaction that is open already it is that one's moment."""
    if connection.in_atomic_block:
        yield
        return
    # Not transaction.atomic(): on SQLite it would take the write lock that the engine needs.
    begin = "BEGIN" if connection.vendor == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    with connection.cursor() as cursor:
        cursor.execute(begin)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")
