"""Tokens: nobody can write one, and every text comes back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.privacy import StreamRestorer, tokens

VALUES = {"<EMAIL_ADDRESS_1>": "ann@shop.example", "<US_SSN_12>": "<EMAIL_ADDRESS_1>"}
awkward = st.lists(st.sampled_from([*"<\\>_19 ", "EMAIL_ADDRESS", "US_SSN", "X"]), max_size=40).map("".join)


def test_a_look_alike_gets_a_backslash_and_loses_it_again():
    assert tokens.escape("see <EMAIL_ADDRESS_1>") == "see <\\EMAIL_ADDRESS_1>"
    assert tokens.escape("see <\\EMAIL_ADDRESS_1>") == "see <\\\\EMAIL_ADDRESS_1>"
    assert tokens.unescape("see <\\EMAIL_ADDRESS_1>") == "see <EMAIL_ADDRESS_1>"


@pytest.mark.parametrize(
    "text", ["<b>", "<EMAIL_ADDRESS>", "<EMAIL_ADDRESS_0>", "<OTHER_1>", "EMAIL_ADDRESS_1"]
)
def test_what_is_no_token_is_left_alone(text):
    assert tokens.escape(text) == text


def test_a_restored_value_is_not_looked_at_again():
    assert tokens.restore("<US_SSN_12> <EMAIL_ADDRESS_1> <US_SSN_1>", VALUES.get) == (
        "<EMAIL_ADDRESS_1> ann@shop.example <US_SSN_1>"
    )


def test_of_a_model_only_known_tokens_stay_tokens():
    said = tokens.escape_unknown("<EMAIL_ADDRESS_1> <EMAIL_ADDRESS_9> <\\US_SSN_1>", VALUES.__contains__)
    assert said == "<EMAIL_ADDRESS_1> <\\EMAIL_ADDRESS_9> <\\US_SSN_1>"


@given(awkward)
def test_escaping_is_undone_exactly_and_leaves_no_token(text):
    escaped = tokens.escape(text)
    assert tokens.found_in(escaped) == set()
    assert tokens.unescape(escaped) == text
    assert tokens.restore(escaped, VALUES.get) == text


@given(awkward, st.lists(st.integers(1, 7), max_size=40))
def test_a_stream_in_any_pieces_is_restored_like_the_whole(text, sizes):
    restorer, shown, at = StreamRestorer(VALUES.get), "", 0
    for size in sizes:
        shown += restorer.push(text[at : at + size])
        at += size
    shown += restorer.push(text[at:]) + restorer.end()
    assert shown == tokens.restore(text, VALUES.get)


def test_a_stream_holds_back_only_what_can_become_a_token():
    restorer = StreamRestorer(VALUES.get)
    assert [restorer.push(piece) for piece in ("Hi <EMA", "IL_ADDRESS_1", "> a <b", "> c")] == [
        "Hi ", "", "ann@shop.example a <b", "> c",
    ]  # fmt: skip
