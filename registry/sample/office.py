"""The demo's database: a small company's books, and the two tools that each reach a part of them."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from registry import databases
from registry.sample.books import SEED, SampleUnusable

NAME = "books"
TOOLS = ("query-books", "query-people")


def tools() -> dict[str, str]:
    """{file name: YAML} of the tools."""
    return {f"{slug}.yaml": (SEED / f"{slug}.yaml").read_text("utf-8") for slug in TOOLS}


def make(project: str) -> None:
    """Puts the database into the project's folder, unless there is one already. Raises SampleUnusable."""
    try:
        file = databases.folder_for(project) / f"{NAME}{databases.ENDING}"
        if not file.exists():
            _write(file)
    except (OSError, sqlite3.Error) as error:
        raise SampleUnusable(f"{databases.FOLDER}/{project}: {error}") from error


def _write(file: Path) -> None:
    """Whole or not at all."""
    making = file.with_suffix(".making")
    making.unlink(missing_ok=True)
    with closing(sqlite3.connect(making)) as database:
        database.executescript((SEED / f"{NAME}.sql").read_text("utf-8"))
    os.replace(making, file)
