"""The data folder's lock: one process at a time executes the runs of an embedded installation."""

import fcntl
import os
from pathlib import Path
from typing import IO


class FolderInUse(Exception):
    """Another Baton process owns this data folder."""


class FolderLock:
    """An exclusive lock on `FOLDER/lock`, gone with the process however it ends. The file names who holds it."""

    def __init__(self, folder: Path):
        self.path = folder / "lock"
        self._file: IO[str] | None = None

    def take(self, note: str) -> None:
        """Raises FolderInUse where another process holds it; `note` is what others read (an address)."""
        file = self.path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            raise FolderInUse(holder) from error
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()} {note}\n")
        file.flush()
        self._file = file

    def holder(self) -> str:
        """What whoever holds the lock, or held it last, wrote down."""
        try:
            return self.path.read_text(encoding="utf-8").strip()
        except OSError:
            return ""

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
