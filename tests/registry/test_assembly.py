"""What a provider says of tokens, as it is booked: a peer's numbers are hostile too."""

from types import SimpleNamespace

import pytest

from registry.backends.assembly import Assembly

MOST = 1_000_000_000


@pytest.mark.parametrize(
    ("told", "booked"),
    [
        ((40, 8, 5), (40, 8, 5)),
        ((-40, -8, -5), (0, 0, 0)),
        ((10**30, 10**12, 10**10), (MOST, MOST, MOST)),
        ((None, None, None), (0, 0, 0)),
        ((MOST, 1, 0), (MOST, 1, 0)),
    ],
    ids=["as told", "no money back", "nothing endless", "nothing told", "the most"],
)
def test_counts_of_tokens_are_bounded(told, booked):
    sent, made, cached = told
    details = SimpleNamespace(cached_tokens=cached)
    assembly = Assembly(None)
    assembly.usage = SimpleNamespace(
        prompt_tokens=sent, completion_tokens=made, prompt_tokens_details=details
    )
    assert assembly.tokens(100) == booked


def test_without_a_count_the_bytes_that_went_out_are_the_bound():
    assert Assembly(None).tokens(100) == (100, 0, 0)
