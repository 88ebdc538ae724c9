"""What a process that executes runs on its own sets up first: the folder's lock, the tables, the demo, its services."""

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.utils import OperationalError

from runs import demo
from runs.engine import hosting
from runs.engine.folder import FolderInUse, FolderLock


class House:
    """Opened once a process; `close` undoes it, the engine's runs given back first."""

    def __init__(self) -> None:
        self.lock: FolderLock | None = None
        self.services = None

    def open(self, note: str) -> str | None:
        """Locks, migrates, loads the demo. Returns the token of a sign-in link on the first start.

        Raises CommandError with one line that says what to do.
        """
        self._lock(note)
        try:
            call_command("migrate", verbosity=0, interactive=False)
            token = demo.prepare()
        except OperationalError as error:
            self.close()
            raise CommandError(self._database_sentence(error)) from error
        self.services = demo.start_services()
        return token

    def _lock(self, note: str) -> None:
        if connection.vendor != "sqlite":
            return
        lock = FolderLock(settings.DATA_DIR)
        try:
            lock.take(note)
        except FolderInUse as error:
            raise CommandError(
                f"Another Baton (process {error}) uses the data folder {settings.DATA_DIR}: "
                "stop it, or name another folder in BATON_DATA."
            ) from error
        except OSError as error:
            raise CommandError(
                f"BATON_DATA: the folder {settings.DATA_DIR} cannot be written ({error.strerror}); "
                "name a folder that this user may write."
            ) from error
        self.lock = lock

    @staticmethod
    def _database_sentence(error: Exception) -> str:
        first = str(error).strip().splitlines()[0]
        return f"The database of DATABASE_URL cannot be used ({first}): check its address and that it is running."

    def close(self) -> None:
        hosting.stop()
        if self.services is not None:
            self.services.stop()
        if self.lock is not None:
            self.lock.release()
