"""The engine of this process, if it hosts one: `serve`, a lone `launch` and workers do, a web process does not."""

from django.conf import settings
from django.db import connection

from runs.engine.broadcast import Send
from runs.engine.host import Engine
from runs.engine.store import PostgresStore, SqliteStore

_engine: Engine | None = None


def start(*, send: Send | None = None, sole: bool = False) -> Engine:
    """Starts this process's engine. `sole`: it alone owns the database's runs (the data folder is locked)."""
    global _engine
    _engine = Engine(make_store, send=send, sole=sole)
    _engine.start()
    return _engine


def stop() -> None:
    """Gives every run back; without an engine nothing happens."""
    global _engine
    engine, _engine = _engine, None
    if engine is not None:
        engine.stop()


def current() -> Engine | None:
    return _engine


def make_store() -> SqliteStore | PostgresStore:
    """The writer's own connection to the database of the settings."""
    if connection.vendor == "sqlite":
        return SqliteStore(str(settings.DATABASES["default"]["NAME"]))
    params = connection.get_connection_params()
    names = {
        "dbname",
        "user",
        "password",
        "host",
        "port",
        "sslmode",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "options",
    }
    from psycopg.conninfo import make_conninfo

    return PostgresStore(
        make_conninfo(**{name: value for name, value in params.items() if name in names and value})
    )
