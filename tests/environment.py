"""The environment of a test run: its options, its data folder, its database.

A plugin that pytest loads before anything reads the settings (`addopts` in pyproject.toml): the settings
are read from the environment once, so the environment has to be right before pytest-django asks for them.
Nothing of the caller's Baton is touched: BATON_* and OTEL_* settings are dropped, the data folder is a
temporary one. DATABASE_URL and REDIS_URL name servers that tests may use; they are kept as
TEST_DATABASE_URL and TEST_REDIS_URL, and DATABASE_URL also is the database of the Django tests.
"""

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from tests.programs import offered_server
from tests.servers import PostgresServer

_owned_folders: list[Path] = []
_owned_servers: list[PostgresServer] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("baton")
    group.addoption("--long", action="store_true", help="play every count in full, not the bounded one")
    group.addoption(
        "--other-database",
        action="store_true",
        help="only the tests marked both_databases, on the database the plain run does not use",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config):
    options = early_config.known_args_namespace
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        os.environ["BATON_DATA"] = str(Path(os.environ["BATON_DATA"]) / worker)
    elif not (options.help or options.version):
        _prepare(other_database=options.other_database, long=options.long)
    return (yield)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--other-database"):
        return
    marked = [item for item in items if item.get_closest_marker("both_databases")]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(marked)])
    items[:] = marked


def pytest_report_header() -> str:
    return f"database of the Django tests: {'PostgreSQL' if os.environ.get('DATABASE_URL') else 'SQLite'}"


@atexit.register
def _leave_nothing() -> None:
    """Also where pytest ended before its hooks did: settings that do not load, a wrong option."""
    while _owned_servers:
        _owned_servers.pop().stop()
    while _owned_folders:
        shutil.rmtree(_owned_folders.pop(), ignore_errors=True)


def scaled(bounded: int, long: int) -> int:
    """How often to play something: `bounded` as a rule, `long` where --long was given."""
    return long if os.environ.get("TEST_LONG") else bounded


def _prepare(*, other_database: bool, long: bool) -> None:
    postgres, redis = offered_server("DATABASE_URL"), offered_server("REDIS_URL")
    for name in list(os.environ):
        if name.startswith(("BATON_", "OTEL_", "DATABASE_URL", "REDIS_URL", "TEST_LONG")):
            del os.environ[name]
    folder = Path(tempfile.mkdtemp(prefix="baton-tests-"))
    _owned_folders.append(folder)
    os.environ["BATON_DATA"] = str(folder)
    if long:
        os.environ["TEST_LONG"] = "1"
    if redis:
        os.environ["TEST_REDIS_URL"] = redis
    if postgres:
        os.environ["TEST_DATABASE_URL"] = postgres
    if bool(postgres) != other_database:
        os.environ["DATABASE_URL"] = postgres or _private_postgres()
    # Workers of pytest-xdist do not read addopts, but they inherit this.
    os.environ["PYTEST_PLUGINS"] = "tests.environment"
    # A run started in the background of a shell ignores Ctrl-C, and so would every server it starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _terminated)


def _terminated(*_: object) -> None:
    # A time limit of CI ends the session as Ctrl-C would, so that fixtures take their servers along.
    pytest.exit("terminated", returncode=143)


def _private_postgres() -> str:
    server = PostgresServer.private()
    _owned_servers.append(server)
    os.environ["TEST_DATABASE_URL"] = server.url
    return server.url
