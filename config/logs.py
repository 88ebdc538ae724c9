"""Structured logs: one JSON object a line on standard error, with secrets blotted out."""

import logging
import re
from datetime import UTC, datetime

import orjson

# What looks like a credential never reaches a log line, whoever wrote it there.
SECRETS = re.compile(
    r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}|\b(sk|pk|rk|ghp|gho|xox[abp])[-_][\w-]{8,}|\bAKIA[0-9A-Z]{16}\b"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)|(?<=/sign-in/)[\w-]{16,}"
    r"|((?:api[_-]?key|token|secret|password|authorization)[\"']?\s*[:=]\s*[\"']?)"
    r"(?:(?:bearer|basic)\s+)?[^\s\"',;&]{4,}"
)


def blot(text: str) -> str:
    """The text with everything that looks like a credential replaced."""
    return SECRETS.sub(lambda found: (found.group(3) or "") + "[secret]", text)


class JsonLine(logging.Formatter):
    """at, level, logger, message, and the error's traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": blot(record.getMessage()),
        }
        if record.exc_info:
            line["error"] = blot(self.formatException(record.exc_info))
        return orjson.dumps(line).decode()


def logging_settings() -> dict:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "config.logs.JsonLine"}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "json"},
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
