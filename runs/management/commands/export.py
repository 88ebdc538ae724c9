"""`manage.py export SLUG [--out DIR]`: a project's active documents as YAML."""

from pathlib import Path

from django.core.management.base import CommandError

from governance import audit, documents
from runs.management.base import WRONG_ARGUMENTS, BatonCommand, project_named


class Command(BatonCommand):
    help = "Writes every active document to DIR/{kind}s/{slug}.yaml; without --out to standard output."

    def add_arguments(self, parser) -> None:
        parser.add_argument("project", metavar="SLUG")
        parser.add_argument("--out", metavar="DIR", type=Path)

    def handle(self, *, project: str, out: Path | None, **options) -> None:
        found = project_named(project)
        texts = documents.export_documents(found)
        audit.record("project.export", f"project/{project}", None, found, {"documents": len(texts)})
        if out is None:
            self.stdout.write("---\n".join(texts.values()), ending="")
            return
        for name, text in texts.items():
            write(out / name, text)
        self.stdout.write(f"{len(texts)} documents written to {out}")


def write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise CommandError(
            f"{path} cannot be written: {error.strerror}.", returncode=WRONG_ARGUMENTS
        ) from error
