"""The instance's secret key: from the environment, or made once and kept in the data folder."""

import os
import secrets
from pathlib import Path

from config.env import SettingError


def load(folder: Path, given: str | None) -> str:
    """The key as text of at least 50 characters. Raises SettingError when it cannot be kept or is too short."""
    if given:
        if len(given) < 32:
            raise SettingError("BATON_SECRET_KEY is too short: it should be 32 or more random characters.")
        return given
    path = folder / "secret.key"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return path.read_text() if path.exists() else create(path)
    except OSError as error:
        raise SettingError(
            f"BATON_DATA: the folder {folder} cannot be written ({error.strerror}); "
            "name a folder that this user may write."
        ) from error


def create(path: Path) -> str:
    """Two processes may start at once: the first to link its file wins, both read the same key."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(64))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text()
