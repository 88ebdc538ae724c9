"""The test house itself: servers are real and private, databases are fresh, processes end when told."""

import os
import signal
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from tests import programs
from tests.provision import Need, Unavailable
from tests.servers import RedisServer, ServerProcess, free_port
from tests.serving import Process, clean_environment


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended but was not collected yet does not."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in "ZX"


def test_postgres_keeps_its_stock_durability(postgres_url):
    with psycopg.connect(postgres_url) as connection:
        shown = [connection.execute(f"SHOW {name}").fetchone()[0] for name in ("fsync", "synchronous_commit")]

    assert shown == ["on", "on"]


def test_every_postgres_database_is_fresh(fresh_postgres):
    first, second = fresh_postgres(), fresh_postgres()
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE run (id int)")

    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT to_regclass('run')").fetchone() == (None,)


def test_a_redis_database_in_use_is_not_given_out():
    server = RedisServer.private()
    try:
        with redis.Redis.from_url(server.url, db=0) as client:
            client.set("someone", "else")

        assert [server.fresh_database(), server.fresh_database()] == [f"{server.url}/1", f"{server.url}/2"]
    finally:
        server.stop()


def test_a_server_that_does_not_start_says_why(tmp_path):
    folder = tmp_path / "server"
    folder.mkdir()
    server = ServerProcess(
        [sys.executable, "-c", "raise SystemExit('no room on the disk')"], folder, free_port()
    )

    with pytest.raises(RuntimeError, match="no room on the disk"):
        server.wait_until(lambda: False)

    assert not folder.exists()


def test_a_program_that_only_knows_its_version_is_not_taken(tmp_path, monkeypatch):
    decoy = tmp_path / "redis-server"
    decoy.write_text("#!/bin/sh\nexit 0\n")
    decoy.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert programs.find_redis() != decoy


@pytest.mark.parametrize(
    ("setting", "address", "offered"),
    [
        ("DATABASE_URL", "postgresql://ada@db:5432/baton", True),
        ("DATABASE_URL", "postgres://ada@db/baton", True),
        ("DATABASE_URL", "sqlite:///baton.sqlite3", False),
        ("REDIS_URL", "redis://cache:6379/0", True),
        ("REDIS_URL", "memory://", False),
    ],
)
def test_a_server_is_offered_by_its_setting(monkeypatch, setting, address, offered):
    monkeypatch.setenv(f"TEST_{setting}", address)

    assert programs.offered_server(setting) == (address if offered else None)


def test_an_address_is_read_from_a_file(tmp_path, monkeypatch):
    (tmp_path / "address").write_text("redis://cache:6379/0\n")
    monkeypatch.delenv("TEST_REDIS_URL", raising=False)
    monkeypatch.setenv("REDIS_URL_FILE", str(tmp_path / "address"))

    assert programs.offered_server("REDIS_URL") == "redis://cache:6379/0"


def test_what_cannot_be_had_stops_with_the_line_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []

    with pytest.raises(Unavailable, match="apt-get install -y no-such-browser"):
        Need("Browser", lambda: None, package="no-such-browser").provide(said.append)


def test_a_real_process_gets_no_setting_of_the_caller(tmp_path, monkeypatch):
    monkeypatch.setenv("BATON_SECRET_KEY", "of the caller")
    monkeypatch.setenv("REDIS_URL", "redis://of-the-caller")

    given = clean_environment(tmp_path, {"BATON_PUBLIC_URL": "https://baton.example.com"})

    assert {name: value for name, value in given.items() if name.startswith(("BATON_", "REDIS_"))} == {
        "BATON_DATA": str(tmp_path),
        "BATON_PUBLIC_URL": "https://baton.example.com",
    }


class Stubborn(Process):
    """A process with a child, which ends at Ctrl-C only if BATON_ENDS is set."""

    def command(self) -> list[str]:
        program = (
            "import os, signal, subprocess, sys, time\n"
            "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
            "ends = 'BATON_ENDS' in os.environ\n"
            "signal.signal(signal.SIGINT, lambda *_: sys.exit(3) if ends else None)\n"
            "print('ready', child.pid, flush=True)\n"
            "while True: time.sleep(0.1)\n"
        )
        return [sys.executable, "-c", program]

    def is_ready(self) -> bool:
        return self.log().startswith("ready") and self.log().endswith("\n")

    def child(self) -> int:
        return int(self.log().split()[1])


def test_a_process_ends_at_ctrl_c_and_starts_again(start):
    process = start(Stubborn, env={"BATON_ENDS": "1"})
    first = process.process.pid

    assert process.stop() == 3
    assert process.restarted().process.pid != first
    assert process.stop(by=signal.SIGINT) == 3


def test_a_process_that_ignores_ctrl_c_fails_the_test(start):
    with pytest.raises(AssertionError, match=r"Still running 0\.3 s after SIGINT"):
        start(Stubborn).stop(within_s=0.3)


def test_what_a_killed_process_leaves_behind_is_swept(start):
    process = start(Stubborn)
    child = process.child()

    process.kill9()
    assert alive(child)
    process.sweep()

    deadline = time.monotonic() + 5
    while alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)
