"""Private PostgreSQL and Redis servers, and fresh databases on them.

A server lives in a temporary folder on a free port of 127.0.0.1 and ends with the test session, by its own
process. Durability is stock (fsync on), because crashes and benchmarks are played on it. Where the caller
offers a server (`tests/environment.py`), databases are made on that one, and removed from it.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

from tests import programs

START_S = 60
MISSING = "{name} was not found on this machine. `python manage.py test` installs it; or set {setting}."


class PostgresServer:
    """A PostgreSQL to make databases on. `url` names its maintenance database."""

    def __init__(self, url: str, process: "ServerProcess | None" = None):
        self.url = url
        self._process = process
        self._made: list[str] = []

    @classmethod
    def find(cls) -> "PostgresServer":
        """The offered server, else a private one."""
        offered = programs.offered_server("DATABASE_URL")
        return cls(offered) if offered else cls.private()

    @classmethod
    def private(cls) -> "PostgresServer":
        binaries = programs.find_postgres()
        if binaries is None:
            raise RuntimeError(MISSING.format(name="PostgreSQL", setting="DATABASE_URL"))
        process = _start_postgres(binaries)
        server = cls(f"postgresql://postgres@127.0.0.1:{process.port}/postgres", process)
        process.wait_until(server._answers)
        return server

    def fresh_database(self) -> str:
        """The DATABASE_URL of a new, empty database."""
        name = f"baton_{uuid.uuid4().hex[:16]}"
        self._execute("CREATE DATABASE {}", name)
        self._made.append(name)
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def stop(self) -> None:
        if self._process:
            self._process.stop()
            return
        for name in self._made:
            self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _execute(self, statement: str, name: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


class RedisServer:
    """A Redis to take numbered databases from. `url` has no database number."""

    def __init__(self, url: str, process: "ServerProcess | None" = None):
        self.url = url.rstrip("/")
        self._process = process
        self._taken: list[int] = []

    @classmethod
    def find(cls) -> "RedisServer":
        """The offered server, else a private one."""
        offered = programs.offered_server("REDIS_URL")
        return cls(urlunsplit(urlsplit(offered)._replace(path=""))) if offered else cls.private()

    @classmethod
    def private(cls) -> "RedisServer":
        binary = programs.find_redis()
        if binary is None:
            raise RuntimeError(MISSING.format(name="Redis", setting="REDIS_URL"))
        port, folder = free_port(), Path(tempfile.mkdtemp(prefix="baton-redis-"))
        settings = {"bind": "127.0.0.1", "port": str(port), "dir": str(folder), "databases": "1000"}
        flags = [word for name, value in settings.items() for word in (f"--{name}", value)]
        process = ServerProcess([binary, *flags, "--save", "", "--appendonly", "no"], folder, port)
        server = cls(f"redis://127.0.0.1:{port}", process)
        process.wait_until(server._answers)
        return server

    def fresh_database(self) -> str:
        """The REDIS_URL of a database that was empty and is now ours (others may take theirs meanwhile)."""
        for number in range(self._count()):
            with redis.Redis.from_url(self.url, db=number) as client:
                if client.dbsize() == 0 and client.set("taken-by-a-test", os.getpid(), nx=True):
                    self._taken.append(number)
                    return f"{self.url}/{number}"
        raise RuntimeError(f"No empty database is left on the Redis at {self.url}.")

    def stop(self) -> None:
        if self._process:
            self._process.stop()
            return
        for number in self._taken:
            with redis.Redis.from_url(self.url, db=number) as client:
                client.flushdb()

    def _count(self) -> int:
        with redis.Redis.from_url(self.url) as client:
            return int(client.config_get("databases")["databases"])

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


class ServerProcess:
    """A server of ours: one process, one folder that goes with it, its output in a file."""

    def __init__(self, command: list, folder: Path, port: int, account: str | None = None):
        self.port = port
        self._folder = folder
        self._output = folder / "output.log"
        with self._output.open("wb") as output:
            # A session of its own: Ctrl-C on the tests must not end the server before they are done.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
                **programs.run_as(account),
            )

    def wait_until(self, answers) -> None:
        deadline = time.monotonic() + START_S
        while not answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = self._output.read_text(errors="replace")[-2000:]
                self.stop()
                raise RuntimeError(f"{self._process.args[0]} did not start. It said:\n{said}")
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _start_postgres(binaries: Path) -> ServerProcess:
    account = programs.server_account()
    folder = Path(tempfile.mkdtemp(prefix="baton-postgres-"))
    binaries = _readable(binaries, folder, account)
    if account:
        shutil.chown(folder, account)
    data, port = folder / "data", free_port()
    made = subprocess.run(
        [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-locale",
            "--no-sync",
        ],
        capture_output=True,
        text=True,
        cwd="/",
        **programs.run_as(account),
    )
    if made.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise RuntimeError(f"{binaries / 'initdb'} failed:\n{made.stderr[-2000:]}")
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 200,
    }
    flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return ServerProcess([binaries / "postgres", "-D", data, *flags], folder, port, account)


def _readable(binaries: Path, folder: Path, account: str | None) -> Path:
    """The binaries where `account` can run them: a wheel may sit in a home folder closed to others."""
    try:
        subprocess.run([binaries / "postgres", "--version"], capture_output=True, **programs.run_as(account))
    except PermissionError:
        tree, copy = binaries.parents[1], folder / "program"
        folder.chmod(0o755)
        shutil.copytree(tree, copy / tree.name, symlinks=True)
        libraries = tree.with_name(f"{tree.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        return copy / binaries.relative_to(tree.parent)
    return binaries
