"""The scope of an SQL tool: what a statement reaches, however it is written."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from registry.sqlite.query import answer
from registry.sqlite.refusal import INTERRUPTED, TOO_MUCH, QueryFailed
from tests.environment import scaled

SCHEMA = """
CREATE TABLE vendors (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE invoices (id INTEGER PRIMARY KEY, vendor_id INT REFERENCES vendors(id), amount REAL, note TEXT);
CREATE TABLE hr (id INTEGER PRIMARY KEY, person TEXT, salary INT);
CREATE TABLE seen (what TEXT);
CREATE TABLE parents (id INTEGER PRIMARY KEY);
CREATE TABLE children (id INT REFERENCES parents (id) ON DELETE CASCADE);
INSERT INTO parents VALUES (1);
INSERT INTO children VALUES (1);
CREATE VIEW payroll AS SELECT sum(salary) AS total FROM hr;
CREATE VIEW pay AS SELECT person, salary FROM hr;
CREATE VIEW people AS SELECT person FROM pay;
INSERT INTO vendors VALUES (1, 'Acme'), (2, 'Brix');
INSERT INTO invoices VALUES (1, 1, 10.5, 'a'), (2, 2, 20, 'b'), (3, 1, 7, 'c');
INSERT INTO hr VALUES (1, 'Ines', 98765), (2, 'Tomas', 56789);
CREATE TRIGGER noted AFTER INSERT ON vendors BEGIN INSERT INTO seen VALUES (new.name); END;
"""
FINANCE = ("invoices", "vendors")
FAMILY = ("parents", "children")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("sql") / "books.sqlite")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file that a test may change."""
    return made(tmp_path / "own.sqlite")


def made(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(SCHEMA)
    return path


def ask(file: Path, sql: str, tables=FINANCE, *, writes=False, seconds=5.0, **more) -> dict:
    ends = time.monotonic() + seconds
    asked = {"file": str(file), "sql": sql, "values": {}, "tables": list(tables), "writes": writes}
    return answer({**asked, "max_rows": 100, "max_bytes": 10_000, **more}, lambda: time.monotonic() > ends)


def refused(file: Path, sql: str, tables=FINANCE, **more) -> tuple[str, str]:
    with pytest.raises(QueryFailed) as failed:
        ask(file, sql, tables, **more)
    return failed.value.code, failed.value.message


def stored(file: Path, table: str) -> list[tuple]:
    with closing(sqlite3.connect(file)) as database:
        return database.execute(f"SELECT * FROM {table}").fetchall()


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT name FROM vendors ORDER BY id", [{"name": "Acme"}, {"name": "Brix"}]),
        ("-- the sum\nSELECT total(amount) AS t FROM main.Invoices;", [{"t": 37.5}]),
        ("WITH x AS (SELECT * FROM invoices) SELECT count(*) AS n FROM x", [{"n": 3}]),
        ("SELECT count(*) AS n FROM (SELECT 1 FROM invoices) AS z", [{"n": 3}]),
        ("SELECT i.id, v.id FROM invoices i, vendors v WHERE v.id = i.id LIMIT 1", [{"id": 1, "id_2": 1}]),
        ("VALUES (1e999, x'00ff', NULL)", [{"column1": "inf", "column2": "AP8=", "column3": None}]),
        ("SELECT 'a' || char(0) || 'b' AS t", [{"t": "a\ufffdb"}]),
        ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n",
         [{"i": 1}, {"i": 2}, {"i": 3}]),
    ],
)  # fmt: skip
def test_what_is_in_scope_is_answered(file, sql, rows):
    assert ask(file, sql)["rows"] == rows


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM {}",
        "select count(*) from {}",
        "SELECT 1 FROM {}",
        "SELECT/**/salary/**/FROM/**/{}--x",
        'SELECT * FROM "{}"',
        "SELECT * FROM [{}]",
        "SELECT * FROM `{}`",
        "SELECT * FROM main.{}",
        'SELECT * FROM "main"."{}"',
        "SELECT id FROM invoices UNION SELECT salary FROM {}",
        "SELECT id FROM invoices EXCEPT SELECT salary FROM {}",
        "WITH x AS (SELECT salary FROM {}) SELECT * FROM x",
        "WITH invoices AS (SELECT salary FROM {}) SELECT * FROM invoices",
        "SELECT id FROM invoices ORDER BY (SELECT salary FROM {} LIMIT 1)",
        "SELECT id FROM invoices GROUP BY (SELECT salary FROM {} LIMIT 1)",
        "SELECT id FROM invoices LIMIT (SELECT salary FROM {} LIMIT 1)",
        "SELECT (SELECT max(salary) FROM {})",
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM {}) THEN 1 END",
        "SELECT * FROM invoices WHERE id IN {}",
        "SELECT * FROM invoices NATURAL JOIN {}",
        "SELECT a.salary FROM invoices a, {} AS a",
        "SELECT * FROM (SELECT * FROM (SELECT salary FROM {})) AS invoices",
        "SELECT sum(amount) OVER (ORDER BY (SELECT salary FROM {})) FROM invoices",
        "VALUES ((SELECT salary FROM {}))",
    ],
)
def test_no_spelling_reaches_a_table_out_of_scope(file, sql):
    for name in ("hr", "HR", "Hr"):
        code, message = refused(file, sql.format(name))
        assert (code, message.lower().replace("main.", "")) == (
            "denied",
            "the table hr is outside this tool's scope, which is: invoices, vendors.",
        )


def test_a_table_that_does_not_exist_is_refused_in_the_same_words(file):
    assert refused(file, "SELECT * FROM wages") == (
        "denied",
        "The table wages is outside this tool's scope, which is: invoices, vendors.",
    )


@pytest.mark.parametrize(
    ("sql", "tables", "outside"),
    [
        ("SELECT * FROM payroll", FINANCE, "payroll"),
        ("SELECT * FROM pay", ("people",), "pay"),
        ("SELECT count(*) FROM pay", ("people",), "pay"),
        ("WITH payroll AS (SELECT salary FROM hr) SELECT * FROM payroll", ("payroll",), "hr"),
        ('WITH "PayRoll"(x) AS (SELECT salary FROM hr) SELECT * FROM payroll', ("payroll",), "hr"),
        ("SELECT * FROM (SELECT salary FROM hr) payroll", ("payroll",), "hr"),
        ("WITH pay AS (SELECT salary FROM hr) SELECT * FROM pay", ("people",), "hr"),
        ("SELECT * FROM people WHERE 1 < (SELECT salary FROM hr)", ("people",), "hr"),
    ],
)
def test_a_view_shows_what_it_shows_and_lends_its_name_to_nothing_else(file, sql, tables, outside):
    assert ask(file, "SELECT * FROM payroll", ["payroll"])["rows"] == [{"total": 155554}]
    assert ask(file, "SELECT person FROM people", ["people"])["rows"][0] == {"person": "Ines"}
    code, message = refused(file, sql, tables)
    assert (code, message.split(" is ")[0]) == ("denied", f"The table {outside}")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("ATTACH 'x' AS y", "not ATTACH"),
        ("PRAGMA table_info(hr)", "not PRAGMA"),
        ("/* a */ -- b\n pragma journal_mode = delete", "not PRAGMA"),
        ("VACUUM INTO '/tmp/stolen'", "not VACUUM"),
        ("BEGIN", "not BEGIN"),
        ("EXPLAIN SELECT * FROM invoices", "not EXPLAIN"),
        ("CREATE TEMP TABLE t AS SELECT 1", "not CREATE"),
        ("DROP TABLE invoices", "not DROP"),
        ("SELECT * FROM pragma_table_info('hr')", "nor table functions"),
        ("SELECT count(*) FROM pragma_table_info('hr')", "nor table functions"),
        ("SELECT * FROM dbstat", "nor table functions"),
        ("SELECT * FROM json_each('[1]')", "nor table functions"),
        ("SELECT sql FROM sqlite_master", "The table sqlite_master is outside"),
        ("SELECT count(*) FROM SQLITE_SCHEMA", "is outside"),
        ("SELECT * FROM temp.sqlite_master", "The table sqlite_temp_master is outside"),
        ("SELECT load_extension('x')", "The function load_extension is not open"),
        ("SELECT zeroblob(100000000)", "The function zeroblob is not open"),
        ("SELECT randomblob(100000000)", "The function randomblob is not open"),
        ("SELECT fts3_tokenizer('simple')", "fts3_tokenizer"),
        ("SELECT sqlite_version()", "The function sqlite_version is not open"),
        ("DELETE FROM invoices", "This tool only reads (its risk is read): DELETE"),
        ("WITH x AS (SELECT 1) UPDATE invoices SET amount = 0", "This tool only reads (its risk is read): UPDATE"),
        ("INSERT INTO invoices (id) VALUES (9) RETURNING id", "This tool only reads (its risk is read): INSERT"),
    ],
)  # fmt: skip
def test_what_is_no_plain_select_is_denied_in_words(file, sql, said):
    code, message = refused(file, sql)
    assert code == "denied" and said in message


@pytest.mark.parametrize(
    ("sql", "near"),
    [("SELEC nothing", "SELEC"), ("-- now\n;inser into invoices", "inser"), ("hello", "hello")],
)
def test_a_first_word_that_begins_no_statement_is_a_mistake_and_nothing_denied(file, sql, near):
    assert refused(file, sql) == ("invalid_input", f'This SQL does not work: near "{near}": syntax error.')


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT 1; SELECT * FROM hr", "one statement at a time"),
        ("SELECT 1; ATTACH 'x' AS y", "one statement at a time"),
        ("SELECT readfile('/etc/passwd')", "no such function: readfile"),
        ("SELECT writefile('/tmp/x', 'a')", "no such function: writefile"),
        ("SELECT edit('a')", "no such function: edit"),
        ("SELECT salary FROM invoices", "no such column: salary"),
        ("SELECT hr.salary FROM invoices", "no such column: hr.salary"),
        ("SELECT * FROM invoices LIMIT", "incomplete input"),
        ("-- nothing", "incomplete input"),
        ("SELECT :a", "did not supply a value"),
        ("SELECT 1\0", "null character"),
        ("SELECT '\ud800'", "surrogates"),
        ("SELECT " + "(" * 600 + "1" + ")" * 600, "does not work"),
        ("SELECT " + "1+" * 600 + "1", "too large"),
        ("SELECT '" + "a" * 200_000 + "'", "too"),
        ("SELECT replace(printf('%900000d', 1), ' ', 'aaaaaaaa')", TOO_MUCH),
        ("SELECT group_concat(printf('%500000d', id)) FROM invoices", TOO_MUCH),
    ],
)
def test_what_does_not_work_says_why(file, sql, said):
    code, message = refused(file, sql)
    assert code == "invalid_input" and said in message


def test_a_query_without_end_is_stopped(file):
    bomb = "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT sum(n) FROM x"
    began = time.monotonic()
    assert refused(file, bomb, seconds=0.3) == ("timeout", INTERRUPTED)
    assert time.monotonic() - began < 3


def test_rows_end_at_their_number_and_their_size(file):
    many = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, printf('%1000d', i) FROM n"
    )
    for sizes, wanted in (({"max_rows": 3}, 3), ({"max_bytes": 2_500}, 2), ({"max_bytes": 10}, 0)):
        found = ask(file, many, **sizes)
        assert (len(found["rows"]), found["truncated"]) == (wanted, True)
    assert ask(file, "SELECT id FROM invoices", max_rows=3)["truncated"] is False


def test_a_tool_that_may_write_changes_its_tables_alone(own):
    change = "INSERT INTO vendors (name) VALUES ('Cello')"
    assert ask(own, change, writes=True)["rows"] == [{"changed": 1}]
    again = f"{change} ON CONFLICT (name) DO UPDATE SET name = 'Viola' RETURNING name"
    assert ask(own, again, writes=True)["rows"] == [{"name": "Viola"}]
    assert stored(own, "seen") == [("Cello",)]  # the trigger is the table's own
    before = {table: stored(own, table) for table in ("vendors", "invoices", "hr", "seen")}
    for sql in (
        "DELETE FROM hr",
        "INSERT INTO seen VALUES ('x')",
        "UPDATE invoices SET note = (SELECT max(salary) FROM hr)",
        "INSERT INTO invoices SELECT 9, 1, salary, person FROM hr",
        "WITH noted AS (SELECT salary FROM hr) DELETE FROM invoices WHERE id IN noted",
        "UPDATE invoices SET note = 'x' FROM hr",
    ):
        code, message = refused(own, sql, writes=True)
        assert (code, " is outside this tool's scope" in message) == ("denied", True), sql
    assert refused(own, "DELETE FROM vendors", writes=True) == (
        "invalid_input",
        "The database does not take this: FOREIGN KEY constraint failed.",
    )
    assert {table: stored(own, table) for table in before} == before


def test_a_change_does_not_spread_to_a_table_out_of_scope(own):
    code, message = refused(own, "DELETE FROM parents", ["parents"], writes=True)
    assert (code, message.split(" is ")[0]) == ("denied", "The table children")
    assert stored(own, "children") == [(1,)]
    assert ask(own, "DELETE FROM parents", FAMILY, writes=True)["rows"] == [{"changed": 1}]
    assert stored(own, "children") == []


NAMES = ("hr", "HR", '"hr"', "[hr]", "main.hr", "pay", "payroll", "people", "invoices", "vendors", "x")
PLAIN = st.builds(
    "SELECT {} FROM {}".format,
    st.sampled_from(("*", "salary", "max(salary)", "hr.salary", "total", "person", "count(*)", "1", "id")),
    st.sampled_from(NAMES),
)
WRAPPED = (
    "WITH {name} AS ({inner}) SELECT * FROM {name}",
    "WITH {name} AS ({inner}), x AS (SELECT * FROM {name}) SELECT count(*), * FROM x",
    "SELECT * FROM ({inner}) AS {name}",
    "SELECT * FROM {name} UNION ALL {inner}",
    "{inner} UNION SELECT salary FROM {name}",
    "SELECT ({inner})",
    "SELECT * FROM {name} WHERE 1 IN ({inner})",
    "SELECT *, ({inner}) AS salary FROM {name} ORDER BY ({inner})",
    "SELECT group_concat(salary) FROM ({inner}) NATURAL JOIN {name}",
    "SELECT name, CASE WHEN EXISTS ({inner}) THEN salary END FROM vendors, {name}",
)
STATEMENTS = st.recursive(
    PLAIN,
    lambda inner: st.builds(
        lambda shape, name, inner: shape.format(name=name, inner=inner),
        st.sampled_from(WRAPPED),
        st.sampled_from(NAMES),
        inner,
    ),
    max_leaves=4,
)
PRIVATE = ("98765", "56789")


def shows_a_salary(file: Path, sql: str, tables) -> bool:
    try:
        rows = ask(file, sql, tables, seconds=1.0)["rows"]
    except QueryFailed as failed:
        rows = [{"said": failed.message}]
    return any(private in str(row) for row in rows for private in PRIVATE)


def test_the_statements_below_do_read_salaries_where_they_may(file):
    everything = ("hr", "pay", "payroll", "people", *FINANCE)
    for word in ("WITH", "UNION", "(SELECT", "JOIN"):
        found = find(
            STATEMENTS,
            lambda sql, word=word: word in sql and shows_a_salary(file, sql, everything),
            settings=settings(max_examples=3_000),
            random=Random(7),
        )
        assert word in found


@settings(max_examples=scaled(150, 3_000), deadline=None)
@given(STATEMENTS)
def test_no_statement_reads_a_salary_out_of_scope(file, sql):
    """In scope are also views on the table of salaries: one hides them, the other shows their sum."""
    assert not shows_a_salary(file, sql, FINANCE)
    assert not shows_a_salary(file, sql, (*FINANCE, "people", "payroll"))
