"""The SQL tool: its databases, its process, and what becomes of a query that does not end."""

import asyncio
import sqlite3
import subprocess
import time
from contextlib import closing
from os import getpid
from pathlib import Path

import pytest

from registry import databases, gateway
from registry.breaker import THRESHOLD
from registry.calls import CallFailed, Pinned, ToolAsk
from registry.sqlite.refusal import INTERRUPTED, TOO_MUCH
from registry.tools import TOOLS, CallLimits, ToolError
from registry.tools.sql import seconds_of
from tests.registry.desk import MemoryDesk

ENDLESS = "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT sum(n) FROM x"
# A single step of SQLite's machine, in which it asks nobody.
DEAF = "SELECT instr(printf('%.*c', 900000, 'a'), printf('%.*c', 450000, 'a') || 'b')"
SPILLING = """
WITH RECURSIVE x(n, s) AS (SELECT 1, printf('%900000d', 1) UNION ALL SELECT n + 1, s FROM x LIMIT 100000)
SELECT n FROM x ORDER BY s, n DESC
"""

SET_ASIDE = "s{} AS MATERIALIZED (SELECT i, printf('%.*c', 9000, 'a') AS t FROM n)"
# Each of its temporary tables is below any bound of one file.
SPREAD = f"""
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000), {", ".join(map(SET_ASIDE.format, "123"))}
SELECT count(*) FROM s1 JOIN s2 USING (i) JOIN s3 USING (i) WHERE s1.t = s2.t AND s2.t = s3.t
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


async def call(
    arguments: dict, timeout_s: float = 20, risk: str = "read", project: str = "demo", **config
) -> dict:
    tool = {"type": "sql", "risk": risk, "config": {"database": "books", "tables": ["invoices"], **config}}
    return await TOOLS["sql"].call(tool, arguments, {}, CallLimits(timeout_s, project, "run/1"))


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


async def test_a_project_that_waits_leaves_places_to_others(books):
    waiting = [asyncio.create_task(call({"sql": ENDLESS}, timeout_s=60)) for _ in range(12)]
    try:
        while len(processes()) < 3:
            await asyncio.sleep(0.05)
        failed = await refused({"sql": "SELECT 1 AS one"}, timeout_s=0.5)
        assert (failed.code, failed.retryable, failed.sent) == ("timeout", True, False)
        assert failed.message == (
            "No place was free for this query within 0.5 s: 3 of a project's queries run at once, and 8 of all. Try "
            "again when others have ended."
        )
        assert (await call({"sql": "SELECT 1 AS one"}, project="other"))["rows"] == [{"one": 1}]
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert (await call({"sql": "SELECT 1 AS one"}))["rows"] == [{"one": 1}]


def test_a_statement_runs_a_minute_at_most():
    assert [seconds_of(left) for left in (-1, 0.5, 30, 86_400)] == [0.001, 0.5, 30, 60]


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
    assert not failed.is_peers_fault
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


@pytest.mark.parametrize("sql", [SPILLING, SPREAD])
async def test_memory_and_disk_end_before_the_machines_do(books, sql):
    failed = await refused({"sql": sql}, timeout_s=60)
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


async def test_slow_statements_and_a_line_of_them_leave_the_tool_open_to_others(books, project):
    """All at once: some wait for a place until their time is over."""
    config = {"database": "books", "tables": ["invoices"]}
    document = {"kind": "tool", "slug": "look", "type": "sql", "config": config, "timeout_s": 0.4}
    (books / project.slug).mkdir()
    (books / "demo" / "books.sqlite").rename(books / project.slug / "books.sqlite")

    async def code(sql: str, **changes) -> str:
        asked = ToolAsk(None, Pinned("look", 1, {**document, **changes}), {"sql": sql})
        try:
            await gateway.tool_call(MemoryDesk(project_id=project.pk), asked)
        except CallFailed as failure:
            return failure.code
        return ""

    assert await asyncio.gather(*(code(ENDLESS) for _ in range(THRESHOLD + 5))) == ["timeout"] * 10
    assert await code("SELECT 1", timeout_s=20) == ""


async def test_a_change_that_outgrew_its_room_is_undone_for_the_next_reader(books):
    grow = "INSERT INTO invoices (of) SELECT printf('%.*c', 900000, 'a') FROM n"
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400) "
    failed = await refused({"sql": many + grow}, timeout_s=60, risk="write")
    assert (failed.code, failed.message) == ("invalid_input", TOO_MUCH)
    assert (await call({"sql": "SELECT count(*) AS n FROM invoices"}))["rows"] == [{"n": 2}]
    assert (books / "demo" / "books.sqlite").stat().st_size < 100_000


async def test_a_statement_has_a_longest_length(books):
    failed = await refused({"sql": "SELECT 1 --" + "a" * 20_000})
    assert (failed.code, failed.message) == (
        "invalid_input",
        "The statement has 20,011 characters; 20,000 are the most: shorten it.",
    )


def test_a_document_is_told_what_can_never_work():
    config = {"tables": ["json_each", "pragma_table_info", "invoices", "DBSTAT", "sqlite_master"]}
    functions = "{} is a function of SQLite that looks like a table, open to no tool: remove it."
    assert TOOLS["sql"].check(config) == [
        ("/tables/0", functions.format("json_each")),
        ("/tables/1", functions.format("pragma_table_info")),
        ("/tables/3", functions.format("DBSTAT")),
        ("/tables/4", "SQLite's own tables are open to no tool: remove this one."),
    ]
    said = [
        TOOLS["sql"].check({"tables": ["invoices"], "query": query})
        for query in ("SELECT 1 WHERE ':a' = 'it''s'", "SELECT 'a", "SELECT [a", "SELECT ?", " ")
    ]
    assert said == [
        [],
        [("/query", "A text or name that ' opens is never closed: close it, or remove the '.")],
        [("/query", "A text or name that [ opens is never closed: close it, or remove the [.")],
        [("/query", "Write ? as a name with a colon, such as :customer.")],
        [("/query", "Write a statement, or leave this out: then the argument sql is it.")],
    ]
