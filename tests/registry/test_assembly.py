"""What a provider says of tokens, as it is booked: a peer's numbers are hostile too."""

from types import SimpleNamespace

import pytest

from registry.backends.assembly import Assembly

MOST = 1_000_000_000


@pytest.mark.parametrize(
    ("told", "booked"),
    [
        ((40, 8, 5), (40, 8, 5)),
        ((40, 8, -5), (40, 8, 0)),
        ((10**30, 10**12, 10**10), (MOST, MOST, MOST)),
        ((40, 0, 0), (40, 0, 0)),
        ((MOST, 1, 0), (MOST, 1, 0)),
    ],
    ids=["as told", "no money back", "nothing endless", "nothing said", "the most"],
)
def test_counts_of_tokens_are_bounded(told, booked):
    sent, made, cached = told
    details = SimpleNamespace(cached_tokens=cached)
    assembly = Assembly(None)
    assembly.usage = SimpleNamespace(
        prompt_tokens=sent, completion_tokens=made, prompt_tokens_details=details
    )
    assert assembly.tokens(100) == booked


@pytest.mark.parametrize(
    "told",
    [(-40, -8), (40, -8), (-40, 8), (0, 0), (40, 0), (0, 8), (None, None)],
    ids=["negative", "negative output", "negative input", "nothing", "no output", "no input", "not told"],
)
def test_a_count_that_cannot_be_is_as_good_as_none(told):
    assembly = Assembly(None)
    assembly.add(said("four"))
    assembly.usage = SimpleNamespace(prompt_tokens=told[0], completion_tokens=told[1])
    assert not assembly.is_counted
    assert assembly.tokens(100) == (100, 4, 0)


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_a_key_is_neither_shown_nor_kept_however_it_is_cut(size):
    text = "My key is sk-12345/678, sk-12345%2F678 in a URL; sk-1 is not it, nor sk-12"
    shown = []
    assembly = Assembly(shown.append, ["sk-12345/678"])
    for at in range(0, len(text), size):
        assembly.add(said(text[at : at + size]))
    assembly.finish_reason = "stop"
    assembly.require_whole()
    assert assembly.text() == "My key is [secret], [secret] in a URL; sk-1 is not it, nor sk-12"
    assert "".join(shown) == assembly.text()


def test_a_word_that_stands_for_no_key_is_a_word():
    assembly = Assembly(None, ["ollama"])
    assembly.add(said("I run on ollama."))
    assert assembly.text() == "I run on ollama."


def said(text: str) -> SimpleNamespace:
    return SimpleNamespace(choices=[SimpleNamespace(delta=SimpleNamespace(content=text))])


def test_without_a_count_the_bytes_that_went_out_are_the_bound():
    assert Assembly(None).tokens(100) == (100, 0, 0)
