"""`manage.py verify-audit` on a real installation: whole as it stands, broken after one byte of its file changed."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.serving import manage


def flip(data: Path, wanted: bytes, by: bytes) -> None:
    """One other byte in the database file, in the row and in what SQLite left of it when it grew."""
    file = data / "baton.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = file.read_bytes()
    assert wanted in content
    file.write_bytes(content.replace(wanted, by + wanted[1:]))


def test_one_byte_changed_in_the_database_file_is_found_and_named(data_folder, tmp_path):
    manage(data_folder, "token", "ada", "--project", "demo")
    assert "The audit log is whole: 4 entries, head " in manage(data_folder, "verify-audit").stdout
    for wanted, by in (
        (b'ada", "before": []', b"A"),
        (b"member.set", b"\xff"),
    ):  # the second is no UTF-8 then
        copy = tmp_path / f"copy-{by.hex()}"
        shutil.copytree(data_folder, copy)
        flip(copy, wanted, by)
        done = manage(copy, "verify-audit", check=False)
        assert done.returncode == 1
        assert "The audit log is broken." in done.stderr
        assert "project demo, entry 2: its content or its hash is not what was sealed" in done.stderr


def test_a_running_baton_seals_what_happens_within_a_second(begin):
    server = begin()
    server.api("ada").patch("projects/demo/", json={"name": "Other"})
    said = manage(server.data, "verify-audit").stdout
    assert said.startswith("The audit log is whole: ")
