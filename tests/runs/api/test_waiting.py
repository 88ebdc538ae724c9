"""What a run waits for, as the API shows it."""

import pytest

from runs.api.runs import show_waiting


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        (
            {"kind": "budget", "node": "a", "iteration": 1, "item": -1, "id": "run:7"},
            ("run:0000000000007", None),
        ),
        ({"kind": "approval", "node": "a", "iteration": 1, "item": 2, "id": 7}, ("0000000000007", 2)),
        ({"kind": "timer", "node": "a", "iteration": 1, "item": -1, "until": 0}, (None, None)),
    ],
)
def test_internal_numbers_are_not_shown(kept, shown):
    waiting = show_waiting(kept)
    assert (waiting["id"], waiting["item"]) == shown
