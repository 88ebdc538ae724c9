"""Structured logs: one JSON object a line on standard error, with secrets and personal data blotted out.

Design note. What an exception says may hold a piece of anybody's text, so a line that may hold personal data is scanned
as runs are. That takes a moment (2 s at the first time), which no thread that logs has: such lines are written by a
thread of their own, and may come after later ones; `at` tells.
"""

import logging
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import orjson

from governance.detection import ENTITIES, find

# Operators need addresses of hosts to mend what is broken.
KEPT = {"IP_ADDRESS", "MAC_ADDRESS"}
MASKED = frozenset(ENTITIES) - KEPT
MAY_HOLD = re.compile(r"@|\d(?:[^\w\n]{0,3}\d){6}|[A-Za-z]{2}\d{2}|\w{25}")
LONGEST = 16_384  # characters of a message or of a traceback
MOST_WAITING = 1_000  # lines that are to be scanned

# What looks like a credential never reaches a log line, whoever wrote it there.
SECRETS = re.compile(
    r"(?i)\b(?:bearer|basic)\s+[\w.~+/=-]{8,}|\b(?:sk|pk|rk|ghp|gho|xox[abp])[-_][\w-]{8,}|\bAKIA[0-9A-Z]{16}\b"
    r"|\bAIza[\w-]{30,}|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)|(?<=/sign-in/)[\w-]{16,}"
    r"|(?P<name>(?:api[_-]?key|access[_-]?key|token|secret|passw(?:or)?d|authorization|session_?id|[?&]key)"
    r"[\"']?\s*[:=]\s*[\"']?)(?:(?:bearer|basic|token|digest)\s+)?[^\s\"',;&]{4,}"
)


def blot(text: str) -> str:
    """The text with everything that looks like a credential replaced."""
    return SECRETS.sub(lambda found: (found["name"] or "") + "[secret]", text)


def masked(text: str) -> str:
    """The text with personal data replaced by what it was, `<EMAIL_ADDRESS>`, and without its middle if it is long."""
    text = blot(shortened(text))
    return "".join(pieces(text)) if MAY_HOLD.search(text) else text


def shortened(text: str) -> str:
    half = LONGEST // 2
    left_out = len(text) - 2 * half
    return text if left_out <= 0 else f"{text[:half]} … {left_out:,} characters … {text[-half:]}"


def pieces(text: str) -> Iterator[str]:
    end = 0
    for one in find(text, MASKED):
        yield f"{text[end : one.start]}<{one.entity}>"
        end = one.end
    yield text[end:]


class JsonLine(logging.Formatter):
    """at, level, logger, message, and the error's traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        if record.exc_info:
            line["error"] = masked(self.formatException(record.exc_info))
        return orjson.dumps(line).decode()


class Stderr(logging.StreamHandler):
    """Writes at once what needs no scan, and the rest as soon as it is scanned: at most MOST_WAITING lines wait, and a
    line says how many more there were.

    A line is scanned without the handler's lock and written with it. Who closes handlers holds that lock, so `close`
    awaits nothing: what waits then is written on, before the interpreter ends at the latest.
    """

    def __init__(self) -> None:
        super().__init__()
        self._begin()
        os.register_at_fork(after_in_child=self._begin)  # threads stay behind in the parent

    def _begin(self) -> None:
        self._scanning = ThreadPoolExecutor(1, thread_name_prefix="log")
        self._waiting = self._dropped = 0  # both with the handler's lock alone

    def emit(self, record: logging.LogRecord) -> None:
        if not self._needs_scan(record):
            super().emit(record)
        elif self._waiting >= MOST_WAITING:
            self._dropped += 1
        else:
            self._scan_later(record)

    def format(self, record: logging.LogRecord) -> str:
        """The line, which `_scan` may have made already."""
        return record.__dict__.get("scanned") or super().format(record)

    def close(self) -> None:
        self._scanning.shutdown(wait=False)
        super().close()

    def _scan_later(self, record: logging.LogRecord) -> None:
        try:
            self._scanning.submit(self._scan, record)
        except RuntimeError:  # closed, or the interpreter is ending
            super().emit(record)
        else:
            self._waiting += 1

    def _scan(self, record: logging.LogRecord) -> None:
        """In the thread. What cannot be formatted is told of by `logging`, which tries again."""
        try:
            record.scanned = super().format(record)
        finally:
            with self.lock:
                super().emit(record)
                self._waiting -= 1
                self._tell_dropped()

    def _tell_dropped(self) -> None:
        if self._dropped and (not self._waiting or self._dropped >= MOST_WAITING):
            told = ("baton.logs", logging.WARNING, __file__, 0, "%d log lines were dropped: too many waited")
            super().emit(logging.LogRecord(*told, (self._dropped,), None))
            self._dropped = 0

    @staticmethod
    def _needs_scan(record: logging.LogRecord) -> bool:
        if record.exc_info:
            return True
        try:
            return MAY_HOLD.search(record.getMessage()) is not None
        except (TypeError, ValueError, KeyError):  # arguments that do not fit: logging says so itself
            return False


def logging_settings() -> dict:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "config.logs.JsonLine"}},
        "handlers": {
            "stderr": {"class": "config.logs.Stderr", "formatter": "json"},
            "nowhere": {"class": "logging.NullHandler"},
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "baton": {"level": "INFO"},
            "django.request": {"level": "ERROR"},
            # Anybody can ask for a host that is not ours; the answer says so, the log need not.
            "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
        },
    }
