"""What an SQL tool meets in a database beyond plain tables: foreign keys, virtual tables, and its size."""

import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from registry.sqlite.refusal import FULL
from tests.registry.test_sql_scope import ask, made, refused

KEYED = """
CREATE TABLE owners (id INTEGER PRIMARY KEY, name TEXT UNIQUE, secret TEXT, UNIQUE (name, id));
CREATE TABLE cars (owner INT, named TEXT, private TEXT, FOREIGN KEY ({own}) REFERENCES owners{key} {act});
INSERT INTO owners VALUES (1, 'ada', 's'), (2, 'ben', 's');
INSERT INTO cars VALUES (1, 'ada', 'p');
"""
MOVE = "UPDATE owners SET id = 8, name = 'rita' WHERE id = 2"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file that a test may change."""
    return made(tmp_path / "own.sqlite")


@pytest.fixture
def keyed(tmp_path: Path):
    def make(own: str, key: str, act: str = "") -> Path:
        with closing(sqlite3.connect(tmp_path / "keyed.sqlite")) as database:
            database.executescript(KEYED.format(own=own, key=key, act=act))
        return tmp_path / "keyed.sqlite"

    return make


@pytest.mark.parametrize(
    ("own", "key"),
    [("owner", ""), ("owner", "(id)"), ("named", "(name)"), ("named, owner", "(name, id)")],
)
@pytest.mark.parametrize("act", ["", "ON DELETE RESTRICT ON UPDATE RESTRICT"])
def test_a_foreign_key_is_held_without_its_other_table_in_scope(keyed, own, key, act):
    file = keyed(own, key, act)
    broken = ("invalid_input", "The database does not take this: FOREIGN KEY constraint failed.")
    assert ask(file, "DELETE FROM cars WHERE 0", ["cars"], writes=True)["rows"] == [{"changed": 0}]
    assert refused(file, "INSERT INTO cars VALUES (77, 'nobody', '')", ["cars"], writes=True) == broken
    assert ask(file, "INSERT INTO cars VALUES (1, 'ada', '')", ["cars"], writes=True)["rows"] == [
        {"changed": 1}
    ]
    assert refused(file, "DELETE FROM owners WHERE id = 1", ["owners"], writes=True) == broken
    assert ask(file, MOVE, ["owners"], writes=True)["rows"] == [{"changed": 1}]


@pytest.mark.parametrize(
    ("sql", "act"),
    [
        ("DELETE FROM owners WHERE 0", "ON DELETE CASCADE"),
        ("DELETE FROM owners WHERE 0", "ON DELETE SET NULL"),
        (MOVE, "ON UPDATE CASCADE"),
        ("REPLACE INTO owners VALUES (1, 'ada', 't')", "ON DELETE SET DEFAULT"),
    ],
)
def test_a_change_that_a_foreign_key_carries_out_of_scope_says_so(keyed, sql, act):
    assert refused(keyed("owner", "(id)", act), sql, ["owners"], writes=True) == (
        "denied",
        "The table cars is outside this tool's scope, which is: owners. A foreign key leads there: add it to the "
        "tool's tables, or leave this change out.",
    )


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE cars SET private = (SELECT max(id) FROM owners)",
        "DELETE FROM cars WHERE owner IN (SELECT id FROM owners)",
        "INSERT INTO cars SELECT id, name, '' FROM owners",
        "WITH cars AS (SELECT id FROM owners) INSERT INTO cars (owner) SELECT id FROM cars",
        "INSERT INTO cars (owner) VALUES (1) RETURNING (SELECT count(id) FROM owners)",
        "SELECT id FROM owners",
    ],
)
def test_a_statement_reads_no_key_out_of_scope(keyed, sql):
    assert refused(keyed("owner", "(id)"), sql, ["cars"], writes=True) == (
        "denied",
        "The table owners is outside this tool's scope, which is: cars.",
    )


def test_virtual_tables_are_refused_as_what_they_are(own):
    with closing(sqlite3.connect(own)) as database:
        database.executescript("CREATE VIRTUAL TABLE notes USING fts5(body); CREATE TABLE notes_old (body);")
    tables = ["notes", "notes_old"]
    for sql in ("SELECT * FROM notes", "SELECT count(*) FROM Notes"):
        code, message = refused(own, sql, tables)
        assert (code, message.lower()) == (
            "denied",
            "the table notes is a virtual one, such as those of full-text search: no tool can use it.",
        )
    assert ask(own, "SELECT * FROM notes_old", tables)["rows"] == []
    assert ask(own, "WITH notes_x AS (SELECT 1) SELECT count(*) AS n FROM notes_x", tables)["rows"] == [
        {"n": 1}
    ]


def test_a_database_of_a_gibibyte_changes_and_does_not_grow(own):
    """The file is as long as its header says, and nearly all of it is a hole."""
    with open(own, "r+b") as file:
        page = struct.unpack(">H", file.read(18)[16:])[0]
        file.seek(28)
        file.write(struct.pack(">I", 1024**3 // page))
        file.truncate(1024**3)
    assert ask(own, "UPDATE invoices SET note = 'z'", writes=True)["rows"] == [{"changed": 3}]
    grow = "INSERT INTO invoices (note) VALUES (printf('%90000d', 1))"
    assert refused(own, grow, writes=True) == ("invalid_input", FULL)
    assert own.stat().st_size == 1024**3
