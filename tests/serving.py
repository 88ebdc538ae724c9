"""Real processes of Baton for tests: the embedded server, and Daphne and the worker of a scaled-out one.

Each runs on a data folder with a clean environment plus what the test adds, writes its log to a file, and is
the leader of its own process group, so that whatever it leaves behind ends with the test.
"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import httpx

from tests.api import Api
from tests.servers import free_port

ROOT = Path(__file__).resolve().parent.parent
START_S = 60
_FOREIGN = ("BATON_", "OTEL_", "DATABASE_URL", "REDIS_URL", "TEST_", "PYTEST_", "DJANGO_")


def clean_environment(data: Path, env: dict | None = None) -> dict[str, str]:
    """The caller's environment without any setting of Baton or pytest, then BATON_DATA and `env`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {**kept, "PYTHONUNBUFFERED": "1", "BATON_DATA": str(data), **(env or {})}


def manage(
    data: Path, *arguments: str, env: dict | None = None, check: bool = True
) -> subprocess.CompletedProcess:
    """Runs `manage.py ARGUMENTS` on a data folder and returns its output; `check` expects exit 0."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        cwd=ROOT,
        env=clean_environment(data, env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if check:
        assert done.returncode == 0, f"manage.py {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}"
    return done


class Process:
    """One process of Baton. Subclasses say how it is started and what shows that it is ready."""

    def __init__(self, data: Path, log: Path, *, env: dict | None = None):
        self.data = data
        self.env = env or {}
        self.tokens: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {}
        self._log = log
        self._start(self.command())

    def command(self) -> list[str]:
        raise NotImplementedError

    def is_ready(self) -> bool:
        raise NotImplementedError

    def wait_until_ready(self) -> Self:
        deadline = time.monotonic() + START_S
        while not self.is_ready():
            assert self.process.poll() is None, f"It ended with {self.process.returncode}:\n{self.log()}"
            assert time.monotonic() < deadline, f"Not ready after {START_S} s:\n{self.log()}"
            time.sleep(0.05)
        return self

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def kill9(self) -> None:
        """The process is gone in the middle of whatever it did."""
        self.process.kill()
        self.process.wait()

    def stop(self, by: signal.Signals = signal.SIGINT, within_s: float = 5) -> int:
        """Asks the process to end and returns its exit code; it has `within_s` to do so."""
        self.process.send_signal(by)
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"Still running {within_s} s after {by.name}:\n{self.log()}") from None

    def restarted(self) -> Self:
        """The next start with the same folder, environment and port, ready; the log starts anew."""
        self.sweep()
        self._log = self._log.with_name(f"{self._log.stem}-again.log")
        self._start(self.command())
        return self.wait_until_ready()

    def sweep(self) -> None:
        """Ends the process and everything it started, whatever state they are in."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def token(self, username: str = "ada", project: str = "demo", *roles: str) -> str:
        """A new API token, by `manage.py token`; without `roles` the user is an admin."""
        roles = roles or ("admin",)
        chosen = [word for role in roles for word in ("--role", role)]
        done = manage(self.data, "token", username, "--project", project, *chosen, env=self.env)
        made = done.stdout.strip().splitlines()[-1]
        self.tokens[username, project] = (roles, made)
        return made

    def api(self, username: str = "ada", project: str = "demo", *roles: str) -> Api:
        """A client of that user with the roles (admin by default), whose token is made once: that takes 2 s."""
        held, token = self.tokens.get((username, project), ((), ""))
        if held != (roles or ("admin",)):
            token = self.token(username, project, *roles)
        return Api(self.url, token)

    def _start(self, command: list[str]) -> None:
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=clean_environment(self.data, self.env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


class BatonServer(Process):
    """`manage.py serve` on a free port: everything in one process."""

    def __init__(self, data: Path, log: Path, *, env: dict | None = None, port: int | None = None):
        self.port = port or free_port()
        self.first_link = ""
        super().__init__(data, log, env=env)

    def command(self) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(self.port)]

    def is_ready(self) -> bool:
        return bool(self._said(r"^Baton (http://\S+/)\s*$"))

    @property
    def url(self) -> str:
        """Where it says it is, with a slash at the end."""
        return self._said(r"^Baton (http://\S+/)\s*$")

    @property
    def sign_in_link(self) -> str:
        """The one-time link of the first start, also on a copy of its folder; empty on later ones."""
        said = self._said(r"^Sign in once: (http://\S+/)\s*$")
        return said or (self.first_link and self.url + self.first_link)

    def _said(self, pattern: str) -> str:
        found = re.search(pattern, self.log(), re.MULTILINE)
        return found[1] if found else ""


class Daphne(Process):
    """`daphne config.asgi:application` on a free port, after `manage.py migrate`. Needs DATABASE_URL, REDIS_URL."""

    def __init__(self, data: Path, log: Path, *, env: dict | None = None):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        manage(data, "migrate", env=env)
        super().__init__(data, log, env=env)

    def command(self) -> list[str]:
        return [sys.executable, "-m", "daphne", "-p", str(self.port), "config.asgi:application"]

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}healthz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


class BatonWorker(Process):
    """`celery -A config worker` on threads. Needs DATABASE_URL and REDIS_URL in `env`, and a migrated database."""

    def __init__(self, data: Path, log: Path, *, env: dict | None = None, concurrency: int = 16):
        self._concurrency = concurrency
        super().__init__(data, log, env=env)

    def command(self) -> list[str]:
        # Several workers share a machine in tests: the process makes their names differ.
        name = f"worker-{free_port()}@%h"
        celery = [sys.executable, "-m", "celery", "-A", "config", "worker", "--loglevel", "info"]
        return [*celery, "--hostname", name, "--pool", "threads", "--concurrency", str(self._concurrency)]

    def is_ready(self) -> bool:
        return bool(re.search(r"worker-\d+@\S+ ready", self.log()))
