"""Secrets are taken out of what comes back, however the peer writes them."""

import json

import pytest

from registry.tools.http import _parsed
from registry.untrusted import scrub

KEY = 'ab/c+"d"\\é=='


@pytest.mark.parametrize(
    "said",
    [
        KEY,
        "ab%2Fc%2B%22d%22%5C%C3%A9%3D%3D",
        "ab/c%2B%22d%22%5C%C3%A9%3D%3D",
        json.dumps(KEY),
        json.dumps(KEY, ensure_ascii=False),
        json.dumps(KEY).replace("/", "\\/"),
    ],
)
def test_a_secret_is_found_in_every_usual_spelling(said):
    assert scrub(f"key {said} end", [KEY]).replace('"', "") == "key [secret] end"


@pytest.mark.parametrize(
    "answer",
    [
        {"got": json.dumps({"key": KEY})},  # as an echo service shows a JSON body
        {"got": [json.dumps({"key": KEY}, ensure_ascii=False)]},
        {json.dumps({"key": KEY}): 1},
    ],
)
def test_a_secret_inside_quoted_json_does_not_come_back(answer):
    shown = json.dumps(_parsed(json.dumps(answer), {"key": KEY}))
    assert "[secret]" in shown
    assert "c+" not in shown


def test_an_answer_without_a_secret_stays_as_it_is():
    assert _parsed('{"a": ["b/c", 1, null]}', {"key": KEY}) == {"a": ["b/c", 1, None]}
    assert scrub("abc abc", ["abc", ""]) == "abc abc"  # too short to be told from ordinary text
