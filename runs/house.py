"""What a process that executes runs on its own sets up first: the lock, the tables, the demo, its services."""

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection

from runs import demo
from runs.engine import hosting
from runs.engine.folder import FolderInUse, FolderLock

CONNECT_S = 5


class House:
    """Opened once a process; `close` undoes it, the engine's runs given back first."""

    def __init__(self) -> None:
        self.lock: FolderLock | DatabaseLock | None = None
        self.services = None

    def open(self, note: str) -> str | None:
        """Locks, migrates, loads the demo. Returns the token of a sign-in link on the first start.

        Raises CommandError with one line that says what to do.
        """
        self._lock(note)
        try:
            call_command("migrate", verbosity=0, interactive=False)
            token = demo.prepare()
        except DatabaseError as error:
            self.close()
            raise CommandError(database_sentence(error)) from error
        self.services = demo.start_services()
        return token

    def _lock(self, note: str) -> None:
        lock = owner_lock()
        try:
            settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
            lock.take(note)
        except FolderInUse as error:
            raise CommandError(
                f"Another Baton (process {error}) uses the data folder {settings.DATA_DIR}: "
                "stop it, or name another folder in BATON_DATA."
            ) from error
        except DatabaseInUse as error:
            raise CommandError(
                f"Another Baton ({error}) uses the database of DATABASE_URL: stop it, or set REDIS_URL for all of "
                "them, so that several can share it."
            ) from error
        except psycopg.Error as error:
            raise CommandError(database_sentence(error)) from error
        except OSError as error:
            raise CommandError(
                f"BATON_DATA: the folder {settings.DATA_DIR} cannot be written ({error.strerror}); "
                "name a folder that this user may write."
            ) from error
        self.lock = lock

    def close(self) -> None:
        hosting.stop()
        if self.services is not None:
            self.services.stop()
        if self.lock is not None:
            self.lock.release()


class DatabaseInUse(Exception):
    """Another Baton process executes the runs of this PostgreSQL without REDIS_URL."""


class DatabaseLock:
    """The folder's lock where runs live in PostgreSQL: a session lock, gone with the process however it ends.

    With REDIS_URL any number of processes share a database, so nothing is locked; that it answers is seen at once.
    """

    KEY = 0x6261746F6E  # "baton"; advisory locks are numbers, and each database has its own

    def __init__(self, exclusive: bool):
        self.exclusive = exclusive
        self._session: psycopg.Connection | None = None

    def take(self, note: str) -> None:
        """Raises DatabaseInUse where another process holds it; `note` is what others read (an address)."""
        session = psycopg.connect(
            hosting.address(),
            autocommit=True,
            connect_timeout=CONNECT_S,
            application_name=f"baton {note}"[:63],
        )
        if not self.exclusive:
            session.close()
        elif session.execute("SELECT pg_try_advisory_lock(%s)", [self.KEY]).fetchone()[0]:
            self._session = session
        else:
            holder = self._holder(session)
            session.close()
            raise DatabaseInUse(holder)

    def _holder(self, session: psycopg.Connection) -> str:
        row = session.execute(
            "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory' "
            "AND (classid::bigint << 32) + objid::bigint = %s AND granted",
            [self.KEY],
        ).fetchone()
        return row[0] if row else "just ended"

    def release(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def owner_lock() -> FolderLock | DatabaseLock:
    """What proves that this process alone executes the runs, untaken."""
    if connection.vendor == "sqlite":
        return FolderLock(settings.DATA_DIR)
    return DatabaseLock(exclusive=settings.EMBEDDED)


def is_taken() -> bool:
    """Whether another process executes the runs."""
    lock = owner_lock()
    try:
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        lock.take("looking")
    except (FolderInUse, DatabaseInUse):
        return True
    except (OSError, psycopg.Error):
        return False  # whoever opens the house next says what is wrong
    lock.release()
    return False


def database_sentence(error: Exception) -> str:
    first = str(error).strip().splitlines()[0]
    if connection.vendor == "sqlite":
        return (
            f"The database {settings.DATABASES['default']['NAME']} cannot be used ({first}): "
            "put a good copy in its place, or name another folder in BATON_DATA."
        )
    return f"The database of DATABASE_URL cannot be used ({first}): check its address and that it is running."
