"""The sql tool: one statement on one of the project's SQLite databases, held to the tables that the document allows.

With `query` the statement is fixed and arguments are bound to its `:names`; without it `arguments.sql` is the
statement, whoever wrote it.
"""

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import orjson

import registry
from registry import databases
from registry.sqlite.limits import LONGEST_S, LONGEST_STATEMENT
from registry.sqlite.placeholders import names_in, others_in, unclosed_in
from registry.sqlite.places import MOST_AT_ONCE, OF_ONE_PROJECT, Places
from registry.tools.base import CallLimits, Fault, ToolError
from registry.untrusted import MOST_SAID, shorten, storable_text

DEFAULT_ROWS = 100
LARGEST_BYTES = 1_000_000  # of the rows as JSON
GRACE_S = 1.0  # in which a process that was told to stop undoes what it has begun
SCALARS = (str, int, float, bool, type(None))
START = "import sys; sys.path.insert(0, sys.argv[1]); from registry.sqlite.worker import main; main()"
MADE_UP = frozenset({"bytecode", "dbstat", "fts3tokenize", "json_each", "json_tree", "tables_used"})
NO_PLACE = (
    "No place was free for this query within {:g} s: "
    f"{OF_ONE_PROJECT} of a project's queries run at once, and {MOST_AT_ONCE} of all. Try again when others have ended."
)
ROOT = str(Path(registry.__file__).parent.parent)

_places: "WeakKeyDictionary[asyncio.AbstractEventLoop, Places]" = WeakKeyDictionary()


class SqlTool:
    """Output `{columns, rows, truncated}`; of a change one row, `{changed}`."""

    async def call(
        self, tool: dict, arguments: dict[str, Any], secrets: dict[str, str], limits: CallLimits
    ) -> dict[str, Any]:
        config, writes = tool["config"], tool.get("risk", "read") != "read"
        sql, values = statement(config, arguments)
        file = await asyncio.to_thread(_file, limits.project, config["database"])
        request = {
            "file": str(file),
            "sql": sql,
            "values": values,
            "tables": config["tables"],
            "writes": writes,
            "max_rows": config.get("max_rows", DEFAULT_ROWS),
            "max_bytes": LARGEST_BYTES,
        }
        return await _answered(request, limits.project, limits.timeout_s)

    def check(self, config: dict[str, Any]) -> list[Fault]:
        said = ((f"/tables/{index}", _name_fault(name)) for index, name in enumerate(config["tables"]))
        faults = [(at, fault) for at, fault in said if fault]
        if "query" in config and (fault := _query_fault(config["query"])):
            faults.append(("/query", fault))
        return faults


def _name_fault(table: str) -> str:
    """What keeps a name from ever being a tool's table; "": nothing."""
    if table.lower().startswith("sqlite_"):
        return "SQLite's own tables are open to no tool: remove this one."
    if table.lower() in MADE_UP or table.lower().startswith("pragma_"):
        return f"{table} is a function of SQLite that looks like a table, open to no tool: remove it."
    return ""


def _query_fault(query: str) -> str:
    if not query.strip():
        return "Write a statement, or leave this out: then the argument sql is it."
    if unclosed := unclosed_in(query):
        return f"A text or name that {unclosed} opens is never closed: close it, or remove the {unclosed}."
    others = others_in(query)
    return f"Write {others[0]} as a name with a colon, such as :customer." if others else ""


def statement(config: Mapping[str, Any], arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The SQL of a call, and the values of its places; a place without an argument is NULL. Raises ToolError
    `invalid_input`."""
    if "query" not in config:
        sql = arguments.get("sql")
        if not isinstance(sql, str) or not sql.strip():
            raise ToolError("invalid_input", 'This tool takes one argument, "sql", a statement.')
        if len(sql) > LONGEST_STATEMENT:
            message = (
                f"The statement has {len(sql):,} characters; {LONGEST_STATEMENT:,} are the most: shorten it."
            )
            raise ToolError("invalid_input", message)
        return sql, {}
    values = {name: arguments.get(name) for name in names_in(config["query"])}
    for name, value in values.items():
        if not isinstance(value, SCALARS):
            raise ToolError("invalid_input", f"{name} must be a text, a number, true, false or null.")
    return config["query"], values


def seconds_of(left: float) -> float:
    """How long a statement may run, of the seconds that its call has left."""
    return min(max(left, 0.001), LONGEST_S)


def _file(project: str, name: str) -> Path:
    try:
        return databases.found(project, name)
    except databases.NoDatabase as absent:
        raise ToolError("step_failed", str(absent)) from absent


async def _answered(request: dict[str, Any], project: str, timeout_s: float) -> dict[str, Any]:
    """What the process says. A change whose answer is lost may have been made; one that failed was not.

    A statement that is slow or too big, and a line of others, say nothing of the tool's health.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + timeout_s
    started = False
    try:
        async with asyncio.timeout_at(ends) as clock, _places_of(loop).taken(project):
            left = seconds_of(ends - loop.time())
            clock.reschedule(loop.time() + left + GRACE_S)
            started = True
            said = await _said(_encoded({**request, "timeout_s": left}))
    except TimeoutError as late:
        gave_none = f"The database gave no answer within {seconds_of(timeout_s):g} s."
        message = gave_none if started else NO_PLACE.format(timeout_s)
        raise ToolError("timeout", message, retryable=True, sent=started, is_peers_fault=False) from late
    except OSError as error:
        message = f"The query could not be started: {error.strerror}."
        raise ToolError("step_failed", message, retryable=True) from error
    if said is None:
        message = "The query ended without an answer."
        raise ToolError("step_failed", message, retryable=True, sent=True, is_peers_fault=False)
    if "error" in said:
        error = said["error"]
        message = storable_text(shorten(error["message"], MOST_SAID))
        raise ToolError(error["code"], message, retryable=error["retryable"], is_peers_fault=False)
    return _clean(said["answer"])


async def _said(request: bytes) -> dict[str, Any] | None:
    """The answer of one process; None where it ended without one. It is over when this is."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-c", START, ROOT),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        output, _ = await process.communicate(request)
    finally:
        if process.returncode is None:
            await _stopped(process)
    try:
        return orjson.loads(output)
    except orjson.JSONDecodeError:
        return None


async def _stopped(process: asyncio.subprocess.Process) -> None:
    """Told to end, and ended where it does not. Also while this task is cancelled."""
    try:
        process.terminate()
        async with asyncio.timeout(GRACE_S):
            await process.wait()
    except ProcessLookupError:
        return  # it had ended by itself
    except TimeoutError:
        _kill(process)
    except asyncio.CancelledError:
        _kill(process)
        raise


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def _places_of(loop: asyncio.AbstractEventLoop) -> Places:
    if loop not in _places:
        _places[loop] = Places()
    return _places[loop]


def _encoded(request: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(request)
    except TypeError as error:
        raise ToolError(
            "invalid_input", "The arguments hold a number beyond 64 bit or a broken character."
        ) from error


def _clean(answer: dict[str, Any]) -> dict[str, Any]:
    """The texts of a database can hold what no journal can."""
    rows = [
        {name: storable_text(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in answer["rows"]
    ]
    return {**answer, "rows": rows}
