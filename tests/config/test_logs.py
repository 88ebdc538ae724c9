"""What a log line shows, and what it never does."""

import json
import logging

import pytest

from config.logs import JsonLine, blot

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
