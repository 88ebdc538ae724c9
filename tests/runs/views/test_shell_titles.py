"""What a run is called: the first text of its input, also where only the beginning of the line is read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.views.shell.run_titles import title

HEAD = '{"flow":"f","version":1,"pins":{},"input":'


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"message": "Where is my order?"}, "Where is my order?"),
        ({"order": 7, "ticket": {"lines": ["", "  First\n line "]}}, "First line"),
        ("just text", "just text"),
        ({"amount": 12.5, "ok": True}, ""),
        (None, ""),
        ({"a": "\udc00x"}, "?x"),
        ({"a": "x" * 500}, "x" * 139 + "…"),
        ({"a": 10**40, "b": "beside a great number"}, "beside a great number"),
    ],
)
def test_the_first_text_of_the_input_is_the_title(given, expected):
    assert title(json.dumps({"flow": "f", "input": given})) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (HEAD + '{"message":"Where is my or', "Where is my or"),
        (HEAD + '{"number":12,"text":"say \\"hi\\" to', 'say "hi" to'),
        (HEAD + '{"text":"cut in an escape \\u00', "cut in an escape"),
        (HEAD + '{"text":"whole \\\\","more":"x', "whole \\"),
        (HEAD + '"the input is text and goes on', "the input is text and goes on"),
        (HEAD + '{"number":12,"numb', "numb"),
        (HEAD + '{"numbers":[1,2,3,4', ""),
        ('{"flow":"f","version":1,"pins":{"a', ""),
    ],
)
def test_a_line_that_ends_in_the_middle_has_a_title_too(line, expected):
    assert title(line, is_whole=False) == expected


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text())), st.integers(0, 200))
def test_no_cut_of_any_line_breaks_it(value, length):
    line = HEAD + json.dumps(value, ensure_ascii=False)
    found = title(line[: len(HEAD) + length], is_whole=False)
    assert len(found) <= 140
    found.encode()
