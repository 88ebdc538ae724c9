"""What every test may ask for: servers, databases, data folders, running Batons.

Servers start when the first test asks and end with the session. The cast of all tests: Ada owns the project,
Ben reads it, Rita reviews, Sam is a stranger.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import programs
from tests.environment import scaled
from tests.prepared import Prepared, prepare
from tests.servers import MISSING, PostgresServer, RedisServer
from tests.serving import BatonServer, BatonWorker, Daphne, Process

settings.register_profile(
    "baton",
    max_examples=scaled(100, 5000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("baton")


@pytest.fixture(autouse=True)
def _nothing_in_force() -> None:
    """What a test before put in force is forgotten: the projects of all tests have the same numbers."""
    from governance import budgets, rulebooks
    from governance.privacy import rulesets

    budgets.forget()
    rulebooks.forget()
    rulesets.forget()


@pytest.fixture(scope="session")
def long_mode(request: pytest.FixtureRequest) -> bool:
    """Whether --long was given. For counts known at import there is `tests.environment.scaled`."""
    return request.config.getoption("--long")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer.find()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer.find()
    yield server
    server.stop()


@pytest.fixture
def fresh_postgres(postgres: PostgresServer) -> Callable[[], str]:
    """`fresh_postgres()` makes an empty database and returns its DATABASE_URL."""
    return postgres.fresh_database


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """The DATABASE_URL of an empty database for this test."""
    return postgres.fresh_database()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The REDIS_URL of an empty database for this test."""
    return redis_server.fresh_database()


@pytest.fixture(params=["sqlite", "postgres"])
def each_database(request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment of real processes on SQLite, then on PostgreSQL: the test is played on both."""
    return {} if request.param == "sqlite" else {"DATABASE_URL": request.getfixturevalue("postgres_url")}


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """An empty data folder (BATON_DATA) for real processes."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def start(data_folder: Path, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """`start(BatonServer, env={…})` starts a real process and returns it ready; all end with the test.

    Takes a class of `tests.serving`, `data` (another folder than `data_folder`), `env`, and its options.
    """
    started: list[Process] = []

    def start_one(kind: type[Process], *, data: Path | None = None, env: dict | None = None, **options):
        log = tmp_path / f"{kind.__name__.lower()}-{len(started) + 1}.log"
        process = kind(data or data_folder, log, env=env, **options)
        started.append(process)
        return process.wait_until_ready()

    yield start_one
    for process in started:
        process.sweep()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A first start to copy, for servers that are not about the first start themselves."""
    return prepare(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def begin(prepared: Prepared, tmp_path: Path) -> Iterator[Callable[..., BatonServer]]:
    """`begin(env={…})` is a Baton of this test's own on a copy of `prepared`, ready; it ends with the test."""
    started: list[BatonServer] = []

    def begin_one(env: dict[str, str] | None = None) -> BatonServer:
        folder = tmp_path / f"begun-{len(started) + 1}"
        folder.mkdir()
        started.append(prepared.serve(folder, env))
        return started[-1]

    yield begin_one
    for process in started:
        process.sweep()


@pytest.fixture
def baton_server(start: Callable[..., Process]) -> BatonServer:
    """One embedded Baton on a fresh data folder."""
    return start(BatonServer)


@pytest.fixture
def scaled_out(start: Callable[..., Process], data_folder: Path, postgres_url: str, redis_url: str):
    """Baton on PostgreSQL and Redis: `(daphne, worker)`, migrated."""
    env = {"DATABASE_URL": postgres_url, "REDIS_URL": redis_url}
    return start(Daphne, env=env), start(BatonWorker, env=env)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The Chromium to drive: `playwright.chromium.launch(executable_path=chromium)`."""
    found = programs.find_chromium()
    if found is None:
        raise RuntimeError(MISSING.format(name="Chromium", setting="the PATH"))
    return found


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """SQLite tests use a file: threads and the journal's own connection have to see the same database."""
    import os

    from django.conf import settings as django_settings

    database = django_settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(Path(os.environ["BATON_DATA"]) / "tests.sqlite3")
