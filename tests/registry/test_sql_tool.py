"""The SQL tool: its databases, its process, and what becomes of a query that does not end."""

import asyncio
import sqlite3
import subprocess
import time
from contextlib import closing
from os import getpid
from pathlib import Path

import pytest

from registry import databases
from registry.sqlite.refusal import INTERRUPTED, TOO_MUCH
from registry.tools import TOOLS, CallLimits, ToolError

ENDLESS = "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT sum(n) FROM x"
# A single step of SQLite's machine, in which it asks nobody.
DEAF = "SELECT instr(printf('%.*c', 900000, 'a'), printf('%.*c', 450000, 'a') || 'b')"
SPILLING = """
WITH RECURSIVE x(n, s) AS (SELECT 1, printf('%900000d', 1) UNION ALL SELECT n + 1, s FROM x LIMIT 100000)
SELECT n FROM x ORDER BY s, n DESC
"""


@pytest.fixture
def books(settings, tmp_path: Path) -> Path:
    """The database `books` of the project `demo`, and `books` and `people` of another project."""
    settings.DATA_DIR = tmp_path
    for project, name in (("demo", "books"), ("other", "books"), ("other", "people")):
        path = databases.folder_for(project) / f"{name}.sqlite"
        with closing(sqlite3.connect(path)) as database:
            database.executescript(
                f"CREATE TABLE invoices (id INTEGER PRIMARY KEY, of TEXT, amount REAL);"
                f"INSERT INTO invoices VALUES (1, '{project}', 10.5), (2, '{project}', 20);"
            )
    return tmp_path / "databases"


async def call(arguments: dict, timeout_s: float = 20, risk: str = "read", **config) -> dict:
    tool = {"type": "sql", "risk": risk, "config": {"database": "books", "tables": ["invoices"], **config}}
    return await TOOLS["sql"].call(tool, arguments, {}, CallLimits(timeout_s, "demo", "run/1"))


async def refused(*args, **more) -> ToolError:
    with pytest.raises(ToolError) as failed:
        await call(*args, **more)
    return failed.value


def processes() -> list[str]:
    """What this process has started and not ended."""
    found = subprocess.run(
        ["pgrep", "-P", str(getpid()), "-f", "registry.sqlite.worker"], capture_output=True, text=True
    )
    return found.stdout.split()


async def all_ended(within_s: float = 5) -> bool:
    ends = time.monotonic() + within_s
    while processes() and time.monotonic() < ends:
        await asyncio.sleep(0.05)
    return not processes()


async def test_many_ask_at_once_and_all_are_answered(books):
    sql = "SELECT of, sum(amount) AS total FROM invoices"
    answers = await asyncio.gather(*(call({"sql": sql}) for _ in range(12)))
    assert (
        answers
        == [{"columns": ["of", "total"], "rows": [{"of": "demo", "total": 30.5}], "truncated": False}] * 12
    )


async def test_a_fixed_query_binds_values_and_never_text(books):
    query = "SELECT id FROM invoices WHERE of = :of AND amount > coalesce(:least, 0)"
    assert (await call({"of": "demo", "least": 15}, query=query))["rows"] == [{"id": 2}]
    assert (await call({"of": "demo"}, query=query))["rows"] == [{"id": 1}, {"id": 2}]
    assert (await call({"of": "x' OR 1 --", "sql": "SELECT 1"}, query=query))["rows"] == []
    failed = await refused({"of": ["demo"]}, query=query)
    assert (failed.code, failed.message) == (
        "invalid_input",
        "of must be a text, a number, true, false or null.",
    )
    assert (await refused({"of": 2**70}, query=query)).code == "invalid_input"


async def test_a_project_reaches_its_own_databases_alone(books):
    (books / "demo" / "people.sqlite").symlink_to(books / "other" / "people.sqlite")
    (books / "demo" / "passwd.sqlite").symlink_to("/etc/passwd")
    (books / "linked").symlink_to(books / "other")
    assert databases.stored("demo") == ["books"]
    assert databases.stored("linked") == []
    for name in ("people", "passwd", "nowhere"):
        failed = await refused({"sql": "SELECT 1"}, database=name)
        assert (failed.code, failed.message) == (
            "step_failed",
            f"There is no database '{name}' for this project. Use one that is there (books), or ask whoever runs "
            f"Baton to put it at databases/demo/{name}.sqlite in its data folder.",
        )
    (books / "demo" / "torn.sqlite").write_bytes(b"no database at all" * 100)
    assert "file is not a database" in (await refused({"sql": "SELECT 1"}, database="torn")).message


async def test_a_denial_is_told_and_nothing_was_sent(books):
    failed = await refused({"sql": "SELECT * FROM hr"}, risk="write")
    assert (failed.code, failed.retryable, failed.sent) == ("denied", False, False)
    assert failed.message == "The table hr is outside this tool's scope, which is: invoices."


@pytest.mark.parametrize(
    ("sql", "said"),
    [(ENDLESS, INTERRUPTED), (DEAF, "The database gave no answer within 0.6 s.")],
)
async def test_a_query_is_over_when_its_time_is(books, sql, said):
    began = time.monotonic()
    failed = await refused({"sql": sql}, timeout_s=0.6)
    assert (failed.code, failed.message, failed.retryable) == ("timeout", said, True)
    assert time.monotonic() - began < 5
    assert await all_ended()


@pytest.mark.parametrize("sql", [ENDLESS, DEAF])
async def test_a_cancelled_call_leaves_no_process(books, sql):
    task = asyncio.create_task(call({"sql": sql}))
    while not processes():
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await all_ended()


async def test_memory_and_disk_end_before_the_machines_do(books):
    failed = await refused({"sql": SPILLING}, timeout_s=60)
    assert (failed.code, failed.message) == ("invalid_input", TOO_MUCH)


async def test_a_change_that_runs_out_of_time_is_undone(books):
    change = f"UPDATE invoices SET amount = 0 WHERE id = 1 OR id = ({ENDLESS})"
    failed = await refused({"sql": change}, timeout_s=0.6, risk="write")
    assert (failed.code, failed.message, failed.sent) == ("timeout", INTERRUPTED, False)
    assert (await call({"sql": "SELECT amount FROM invoices"}))["rows"] == [
        {"amount": 10.5},
        {"amount": 20.0},
    ]
    deaf = await refused({"sql": f"UPDATE invoices SET amount = ({DEAF})"}, timeout_s=0.6, risk="write")
    assert (deaf.code, deaf.sent) == ("timeout", True)  # nobody can tell: a person is asked
    assert (await call({"sql": "DELETE FROM invoices"}, risk="write"))["rows"] == [{"changed": 2}]
