"""The process behind a query: reads a request, answers, and ends. It bounds itself first, and stops when told to."""

import json
import os
import signal
import sys
import time
from typing import Any

from registry.sqlite.limits import confine
from registry.sqlite.query import answer
from registry.sqlite.refusal import QueryFailed, failure


def main() -> None:
    """{…, timeout_s} on standard input; {answer} or {error: {code, message, retryable}} on standard output."""
    ends = []
    signal.signal(signal.SIGTERM, lambda *_: ends.append("told to"))
    request = json.load(sys.stdin)
    deadline = time.monotonic() + request["timeout_s"]
    sys.stdout.write(json.dumps(_answered(request, lambda: bool(ends) or time.monotonic() > deadline)))


def _answered(request: dict[str, Any], is_over: Any) -> dict[str, Any]:
    try:
        confine(request["timeout_s"], os.path.getsize(request["file"]))
        return {"answer": answer(request, is_over)}
    except QueryFailed as error:
        found = error
    except (OSError, MemoryError) as error:
        found = failure(error) if isinstance(error, MemoryError) else _unusable(error)
    return {"error": {"code": found.code, "message": found.message, "retryable": found.retryable}}


def _unusable(error: OSError) -> QueryFailed:
    return QueryFailed("step_failed", f"The database cannot be used: {error.strerror}.")
