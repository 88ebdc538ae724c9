"""`manage.py apply PATH… --project SLUG`: publishes and activates documents written as YAML."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.core.management.base import CommandError

from governance import documents
from runs.management.base import WRONG_ARGUMENTS, BatonCommand, project_named

SUFFIXES = frozenset({".yaml", ".yml"})


class Command(BatonCommand):
    help = "Publishes and activates the documents in files and folders: all of them, or none."

    def add_arguments(self, parser) -> None:
        parser.add_argument("paths", metavar="PATH", nargs="+", type=Path)
        parser.add_argument("--project", metavar="SLUG", required=True)

    def handle(self, *, paths: list[Path], project: str, **options) -> None:
        found = project_named(project)
        texts = {str(path): read(path) for path in files_in(paths)}
        if not texts:
            raise CommandError(
                "There is no .yaml file there: name files or folders.", returncode=WRONG_ARGUMENTS
            )
        for made in documents.apply(found, texts, None):
            self.stdout.write(f"{made.kind} {made.slug}: version {made.version} {state_of(made)}")


def state_of(made: documents.Applied) -> str:
    if made.created:
        return "published"
    return "unchanged" if made.was == made.version else f"activated (was {made.was or 'archived'})"


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """The files named, and every YAML file below the folders named, in order, each once."""
    found: dict[Path, None] = {}
    for path in paths:
        if os.path.isdir(path):  # not Path.is_dir, which raises where one may not look
            inside = (file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
            found |= dict.fromkeys(sorted(inside))
        else:
            found[path] = None
    return iter(found)


def read(path: Path) -> str:
    """The file's text. A pipe or a device is refused: reading it could wait without end."""
    try:
        if path.exists() and not path.is_file():
            raise CommandError(
                f"{path} is no file or folder: name files or folders.", returncode=WRONG_ARGUMENTS
            )
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CommandError(f"{path} cannot be read: {reason}.", returncode=WRONG_ARGUMENTS) from error
