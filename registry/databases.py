"""The databases that an operator gave a project: files `BATON_DATA/databases/PROJECT/NAME.sqlite`.

A project reaches its own folder alone: names are slugs, and a link that leads elsewhere is no database.
"""

from pathlib import Path

from django.conf import settings

FOLDER, ENDING = "databases", ".sqlite"


class NoDatabase(Exception):
    """The project has no database of this name; the message says which there are."""


def stored(project: str) -> list[str]:
    """The names of a project's databases."""
    return sorted(
        file.name.removesuffix(ENDING) for file in _folder(project).glob(f"*{ENDING}") if _is_own(file)
    )


def found(project: str, name: str) -> Path:
    """The file of a database. Raises NoDatabase."""
    file = _folder(project) / f"{name}{ENDING}"
    if _is_own(file):
        return file.resolve()
    there = ", ".join(stored(project))
    advice = f"Use one that is there ({there}), or ask" if there else "Ask"
    place = f"{FOLDER}/{project}/{name}{ENDING}"
    raise NoDatabase(
        f"There is no database {name!r} for this project. {advice} whoever runs Baton to put it at {place} in its "
        "data folder."
    )


def folder_for(project: str) -> Path:
    """The project's folder, made where it is not there. Raises OSError."""
    folder = _folder(project)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _folder(project: str) -> Path:
    return Path(settings.DATA_DIR) / FOLDER / project


def _is_own(file: Path) -> bool:
    home = Path(settings.DATA_DIR).resolve() / FOLDER
    return file.is_file() and file.resolve().parent == home / file.parent.name
