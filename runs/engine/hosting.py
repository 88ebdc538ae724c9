"""The engine of this process, if it hosts one: `serve`, a lone `launch` and workers do, a web process does not."""

import gc

from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from runs.engine.broadcast import Send
from runs.engine.host import Engine
from runs.engine.store import PostgresStore, SqliteStore

_engine: Engine | None = None


def start(*, send: Send | None = None, sole: bool = False) -> Engine:
    """Starts this process's engine. `sole`: it alone owns the database's runs (the data folder is locked)."""
    global _engine
    spare_the_collector()
    _engine = Engine(make_store, send=send, sole=sole)
    _engine.start()
    return _engine


def spare_the_collector() -> None:
    """Python's default thresholds scan all hosted runs many times a second: a third of the engine's CPU. A run's
    objects live long and hold few cycles, so the collector may come seldom, and never for what was imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


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
    return PostgresStore(address())


def address() -> str:
    """How to reach the PostgreSQL of the settings, past Django and its pool."""
    names = (
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
    )
    params = connection.get_connection_params()
    return make_conninfo(**{name: params[name] for name in names if params.get(name)})
