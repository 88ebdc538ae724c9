"""What is measured beside the clock: CPU of this process and of PostgreSQL, memory, and how busy the machine is."""

import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Reading:
    """Seconds: on the wall, of CPU in this process, of CPU in the database server."""

    wall: float
    cpu: float
    server: float


class Meter:
    """Reads before and after a piece of work; `database_url` names a PostgreSQL whose processes are counted too."""

    def __init__(self, database_url: str = ""):
        self.postmaster = _postmaster(database_url) if database_url else None

    def time(self, work: Callable[[], None]) -> Reading:
        before = self._now()
        work()
        return Reading(*(after - start for after, start in zip(self._now(), before, strict=True)))

    def _now(self) -> tuple[float, float, float]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return time.perf_counter(), used.ru_utime + used.ru_stime, self._server()

    def _server(self) -> float:
        if self.postmaster is None:
            return 0.0
        return sum(_family_cpu(pid, self.postmaster) for pid in _pids()) / TICK


def of_median(readings: list[Reading], name: str) -> float:
    return median(getattr(reading, name) for reading in readings)


def memory_mb(pid: int | str = "self") -> float:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return round(int(status.split("VmRSS:")[1].split()[0]) / 1024, 1)


def calibration_ms() -> float:
    """A fixed loop of Python: 56 ms on the machine of the goals when it was free. Throw away what ran over 80."""
    begin, total = time.perf_counter(), 0
    for number in range(2_000_000):
        total += number
    return round((time.perf_counter() - begin) * 1e3, 1)


def _postmaster(database_url: str) -> int | None:
    """The server's first process, where it runs on this machine."""
    with psycopg.connect(database_url) as connection:
        backend = connection.info.backend_pid
    try:
        return int(_stat(backend)[1])
    except OSError:
        return None


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _family_cpu(pid: int, postmaster: int) -> int:
    """Ticks of the postmaster with its ended children, or of a living child; 0 for everybody else."""
    try:
        stat = _stat(pid)
    except OSError:
        return 0
    if pid == postmaster:
        return sum(map(int, stat[11:15]))
    return sum(map(int, stat[11:13])) if int(stat[1]) == postmaster else 0


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
