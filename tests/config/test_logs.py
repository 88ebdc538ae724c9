"""What a log line shows, and what it never does."""

import io
import json
import logging

import pytest

from config.logs import JsonLine, Stderr, blot, masked

SECRETS = [
    "Authorization: Bearer 0123456789abcdef0123456789abcdef",
    "key sk-proj-abcdefghij0123456789 refused",
    "AKIAIOSFODNN7EXAMPLE",
    "postgresql://baton:correct-horse@db:5432/baton",
    "GET /sign-in/gQ8YJdIdemm9Bs97gEkt0ctMnEdMH1ovDd8sxBbsPUM/ 302",
    "{'api_key': 'hunter2hunter2'}",
    "password=correcthorse&user=ada",
]
PLANTED = [
    "0123456789abcdef",
    "abcdefghij",
    "IOSFODNN7",
    "correct-horse",
    "gQ8YJd",
    "hunter2",
    "correcthorse",
]


@pytest.mark.parametrize(("line", "planted"), list(zip(SECRETS, PLANTED, strict=True)))
def test_what_looks_like_a_credential_is_blotted_out(line, planted):
    assert planted not in blot(line)
    assert "[secret]" in blot(line)


@pytest.mark.parametrize(
    "line", ["run 38fvdfad19nt4 is let go: fenced", "3 tokens of input", "the key column"]
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
    told = sorted(
        (json.loads(line) for line in written.getvalue().splitlines()), key=lambda one: one["level"]
    )
    assert [one["message"] for one in told] == ["a step of <EMAIL_ADDRESS> broke off", "nothing to hide"]
    assert "<EMAIL_ADDRESS> is not an amount" in told[0]["error"]
    assert "maria" not in written.getvalue()
