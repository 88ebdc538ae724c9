"""`manage.py import-flow FILE… --project SLUG`: a graph of LangGraph or a crew of CrewAI as a draft flow."""

from pathlib import Path

from django.core.management.base import CommandError

from flows import imports
from flows.imports import placing
from flows.letters import in_one_line
from governance.documents import yaml_text
from runs.management.base import REFUSED, WRONG_ARGUMENTS, BatonCommand, project_named


class Command(BatonCommand):
    help = "Makes a draft flow and its agents of a LangGraph graph (JSON) or of CrewAI's agents.yaml and tasks.yaml."

    def add_arguments(self, parser) -> None:
        parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
        parser.add_argument("--project", metavar="SLUG", required=True)

    def handle(self, *, files: list[Path], project: str, **options) -> None:
        found_project = project_named(project)
        try:
            bodies = imports.read("\n---\n".join(map(read, files)))
            found = imports.found(bodies, placing.stock_of(found_project))
        except (imports.CannotImport, yaml_text.NotYaml) as error:
            raise CommandError(in_one_line(str(error)), returncode=REFUSED) from error
        made = placing.make(found_project, found, None)
        kept = {*made.drafts, *made.armed}
        for piece in made.pieces:
            state = "draft" if piece.kind == "flow" or piece.slug in kept else "published"
            self.stdout.write(f"{piece.kind} {piece.slug}: {state if piece.is_written else 'as it is here'}")
        for note in found.left:
            self.stdout.write(f"left to do: {note.where + ': ' if note.where else ''}{note.sentence}")


def read(path: Path) -> str:
    """The file's text. A pipe or a device is refused: reading it could wait without end."""
    try:
        if path.exists() and not path.is_file():
            raise CommandError(f"{path} is no file.", returncode=WRONG_ARGUMENTS)
        if path.stat().st_size > imports.MOST_BYTES:
            raise CommandError(
                f"{path} is longer than {imports.MOST_BYTES:,} bytes.", returncode=WRONG_ARGUMENTS
            )
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CommandError(f"{path} cannot be read: {reason}.", returncode=WRONG_ARGUMENTS) from error
