"""Identifiers as people see them."""

import pytest

from governance import ids


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("run:7", "run:0000000000007"),
        ("run:4611686018427387904", "run:4000000000000"),
        ("agent:demo/writer:day:2026-01-31", "agent:demo/writer:day:2026-01-31"),
        ("price", "price"),
        ("run:", "run:"),
        ("", ""),
    ],
)
def test_an_account_of_a_run_is_named_by_the_runs_identifier(key, name):
    assert ids.account_name(key) == name
    assert key != "run:4611686018427387904" or ids.decode(name.partition(":")[2]) == 4611686018427387904
