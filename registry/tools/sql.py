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
from registry.sqlite.placeholders import names_in, others_in
from registry.tools.base import CallLimits, Fault, ToolError
from registry.untrusted import shorten, storable_text

DEFAULT_ROWS = 100
LARGEST_BYTES = 1_000_000  # of the rows as JSON
GRACE_S = 1.0  # in which a process that was told to stop undoes what it has begun
MOST_AT_ONCE = 8  # processes a loop
SCALARS = (str, int, float, bool, type(None))
START = "import sys; sys.path.insert(0, sys.argv[1]); from registry.sqlite.worker import main; main()"
ROOT = str(Path(registry.__file__).parent.parent)

_places: "WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]" = WeakKeyDictionary()


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
        return await _answered(request, limits.timeout_s)

    def check(self, config: dict[str, Any]) -> list[Fault]:
        faults = [
            (f"/tables/{index}", "SQLite's own tables are open to no tool: remove this one.")
            for index, name in enumerate(config["tables"])
            if name.lower().startswith("sqlite_")
        ]
        query = config.get("query")
        if query is not None and not query.strip():
            faults.append(("/query", "Write a statement, or leave this out: then the argument sql is it."))
        for other in others_in(query or "")[:1]:
            faults.append(("/query", f"Write {other} as a name with a colon, such as :customer."))
        return faults


def statement(config: Mapping[str, Any], arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The SQL of a call, and the values of its places; a place without an argument is NULL. Raises ToolError
    `invalid_input`."""
    if "query" not in config:
        sql = arguments.get("sql")
        if not isinstance(sql, str) or not sql.strip():
            raise ToolError("invalid_input", 'This tool takes one argument, "sql", a statement.')
        return sql, {}
    values = {name: arguments.get(name) for name in names_in(config["query"])}
    for name, value in values.items():
        if not isinstance(value, SCALARS):
            raise ToolError("invalid_input", f"{name} must be a text, a number, true, false or null.")
    return config["query"], values


def _file(project: str, name: str) -> Path:
    try:
        return databases.found(project, name)
    except databases.NoDatabase as absent:
        raise ToolError("step_failed", str(absent)) from absent


async def _answered(request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
    """What the process says. A change whose answer is lost may have been made; one that failed was not."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + timeout_s
    started = False
    try:
        async with asyncio.timeout_at(ends + GRACE_S), _place(loop):
            left = max(ends - loop.time(), 0.001)
            started = True
            said = await _said(_encoded({**request, "timeout_s": left}))
    except TimeoutError as late:
        message = f"The database gave no answer within {timeout_s:g} s."
        raise ToolError("timeout", message, retryable=True, sent=started) from late
    except OSError as error:
        message = f"The query could not be started: {error.strerror}."
        raise ToolError("step_failed", message, retryable=True) from error
    if said is None:
        raise ToolError("step_failed", "The query ended without an answer.", retryable=True, sent=True)
    if "error" in said:
        error = said["error"]
        message = storable_text(shorten(error["message"], 600))
        raise ToolError(error["code"], message, retryable=error["retryable"])
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


def _place(loop: asyncio.AbstractEventLoop) -> asyncio.Semaphore:
    if loop not in _places:
        _places[loop] = asyncio.Semaphore(MOST_AT_ONCE)
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
