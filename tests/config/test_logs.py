"""What a log line shows, and what it never does."""

import io
import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

import config
from config.logs import MOST_WAITING, JsonLine, Stderr, blot, masked

SECRETS = [
    "Authorization: Bearer 0123456789abcdef0123456789abcdef",
    "key sk-proj-abcdefghij0123456789 refused",
    "AKIAIOSFODNN7EXAMPLE",
    "postgresql://baton:correct-horse@db:5432/baton",
    "GET /sign-in/gQ8YJdIdemm9Bs97gEkt0ctMnEdMH1ovDd8sxBbsPUM/ 302",
    "{'api_key': 'hunter2hunter2'}",
    "password=correcthorse&user=ada",
    "GET https://maps.example/v1?key=AIzaSyA-1234567890abcdefghijklmnopqrstu HTTP/1.1",
    "answered AIzaSyA-1234567890abcdefghijklmnopqrstu to that",
    "saw eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl in it",
    "cookie sessionid=q1w2e3r4t5y6u7i8",
    "Authorization: Token 9f8e7d6c5b4a",
    "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG",
]
PLANTED = [
    "0123456789abcdef",
    "abcdefghij",
    "IOSFODNN7",
    "correct-horse",
    "gQ8YJd",
    "hunter2",
    "correcthorse",
    "AIzaSy",
    "AIzaSy",
    "c2lnbm",
    "q1w2e3",
    "9f8e7d",
    "wJalr",
]


@pytest.mark.parametrize(("line", "planted"), list(zip(SECRETS, PLANTED, strict=True)))
def test_what_looks_like_a_credential_is_blotted_out(line, planted):
    assert planted not in blot(line)
    assert "[secret]" in blot(line)


@pytest.mark.parametrize(
    "line", ["run 38fvdfad19nt4 is let go: fenced", "3 tokens of input", "the key column", "max_tokens: 1000"]
)
def test_ordinary_lines_stay_as_they_are(line):
    assert blot(line) == line


def test_a_line_is_one_json_object_and_its_traceback_is_blotted_too():
    try:
        raise ValueError("refused Bearer 0123456789abcdef0123456789abcdef")
    except ValueError as error:
        record = logging.LogRecord(
            "baton", logging.ERROR, __file__, 1, "a call\nfailed", (), (type(error), error, None)
        )
    line = JsonLine().format(record)
    told = json.loads(line)
    assert "\n" not in line
    assert (told["level"], told["logger"], told["message"]) == ("error", "baton", "a call\nfailed")
    assert "0123456789abcdef" not in line


PERSONAL = [
    ("no answer for maria.lopez@example.com", "no answer for <EMAIL_ADDRESS>"),
    ("card 4111 1111 1111 1111 was refused", "card <CREDIT_CARD> was refused"),
    ("ssn 536-22-8726: not a number", "ssn <US_SSN>: not a number"),
    ("pay to DE89 3704 0044 0532 0130 00 failed", "pay to <IBAN_CODE> failed"),
    ("nothing listens at 10.0.0.17:5432", "nothing listens at 10.0.0.17:5432"),
    ("run 38fvdfad19nt4 was let go after 12.5 s", "run 38fvdfad19nt4 was let go after 12.5 s"),
]


@pytest.mark.parametrize(("line", "shown"), PERSONAL)
def test_personal_data_is_masked_and_what_operators_need_is_kept(line, shown):
    assert masked(line) == shown


def test_a_long_line_loses_its_middle():
    line = masked("a" * 20 + " " + "b " * 500_000 + "z" * 20)
    assert line.startswith("a" * 20) and line.endswith("z" * 20)
    assert "characters" in line and len(line) < 17_000


def is_soon(found: Callable[[], bool], within_s: float = 20) -> bool:
    ends = time.monotonic() + within_s
    while not found() and time.monotonic() < ends:
        time.sleep(0.01)
    return found()


def test_lines_that_are_scanned_are_written_too_with_their_tracebacks():
    written = io.StringIO()
    handler = Stderr()
    handler.setStream(written)
    handler.setFormatter(JsonLine())
    log = logging.Logger("baton.test")
    log.addHandler(handler)
    try:
        raise ValueError("maria.lopez@example.com is not an amount")
    except ValueError:
        log.exception("a step of %s broke off", "maria.lopez@example.com")
    log.warning("nothing to hide")
    handler.close()
    assert is_soon(lambda: written.getvalue().count("\n") == 2)
    told = sorted(
        (json.loads(line) for line in written.getvalue().splitlines()), key=lambda one: one["level"]
    )
    assert [one["message"] for one in told] == ["a step of <EMAIL_ADDRESS> broke off", "nothing to hide"]
    assert "<EMAIL_ADDRESS> is not an amount" in told[0]["error"]
    assert "maria" not in written.getvalue()


class Slow(logging.Formatter):
    """Formats nothing until it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = Event()

    def format(self, record: logging.LogRecord) -> str:
        self.may.wait(20)
        return super().format(record)


def test_lines_beyond_those_that_may_wait_are_counted_and_dropped():
    written, slow, handler = io.StringIO(), Slow(), Stderr()
    handler.setStream(written)
    handler.setFormatter(slow)
    log = logging.Logger("baton.test")
    log.addHandler(handler)
    for number in range(MOST_WAITING + 3):
        log.warning("line %d for maria.lopez@example.com", number)
    slow.may.set()
    assert is_soon(lambda: "dropped" in written.getvalue())
    handler.close()
    lines = written.getvalue().splitlines()
    assert lines[-2:] == [
        "line 999 for maria.lopez@example.com",
        "3 log lines were dropped: too many waited",
    ]
    assert len(lines) == 1_001


ENDS = """
import logging, logging.config
from config.logs import logging_settings
for end in ("configured again", "shut down", "ended"):
    logging.config.dictConfig(logging_settings())  # closes the handler before
    for number in (1, 2):
        logging.getLogger("x").error("%s: no answer %d for maria.lopez@example.com", end, number)
    if end == "shut down":
        logging.shutdown()
"""


def test_whatever_closes_the_log_holds_up_nothing_and_loses_no_line():
    ended = subprocess.run(
        [sys.executable, "-c", ENDS],
        cwd=Path(config.__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    assert sorted(json.loads(line)["message"] for line in ended.stderr.splitlines()) == [
        "configured again: no answer 1 for <EMAIL_ADDRESS>",
        "configured again: no answer 2 for <EMAIL_ADDRESS>",
        "ended: no answer 1 for <EMAIL_ADDRESS>",
        "ended: no answer 2 for <EMAIL_ADDRESS>",
        "shut down: no answer 1 for <EMAIL_ADDRESS>",
        "shut down: no answer 2 for <EMAIL_ADDRESS>",
    ]
