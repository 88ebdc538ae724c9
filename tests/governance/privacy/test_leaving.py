"""What a reviewer left as it was shown goes on as it was; what they changed goes on as they changed it."""

import pytest

from governance.privacy.leaving import left_masked, pointers, put_back

MAIL = "[EMAIL_ADDRESS]"


def merged(shown, edited, original):
    return put_back(edited, original, left_masked(shown, edited))


@pytest.mark.parametrize(
    ("shown", "edited", "original", "goes_on"),
    [
        ({"to": MAIL, "n": 5}, {"to": MAIL, "n": 3}, {"to": "a@b.de", "n": 5}, {"to": "a@b.de", "n": 3}),
        ({"to": MAIL}, {"to": "c@d.de"}, {"to": "a@b.de"}, {"to": "c@d.de"}),
        ({"to": f"To {MAIL}."}, {"to": f"To {MAIL}!"}, {"to": "To a@b.de."}, {"to": f"To {MAIL}!"}),
        ({"a": {"to": [MAIL]}}, {"a": {"to": [MAIL], "x": 1}}, {"a": {"to": ["a"]}}, {"a": {"to": ["a"], "x": 1}}),
        ({"to": MAIL}, {"cc": MAIL}, {"to": "a@b.de"}, {"cc": MAIL}),
        ({"text": "plain"}, {"text": "plain", "n": 1}, {"text": "other"}, {"text": "plain", "n": 1}),
        ([MAIL, MAIL], [MAIL, "x"], ["a", "b"], ["a", "x"]),
        ([MAIL, MAIL], [MAIL], ["a", "b"], [MAIL]),
        (
            [{"n": 1, "to": MAIL}, {"n": 2, "to": MAIL}], [{"n": 2, "to": MAIL}],
            [{"to": "a"}, {"to": "b"}], [{"n": 2, "to": "b"}],
        ),
        (MAIL, MAIL, "a@b.de", "a@b.de"),
        ({"a/b": MAIL}, {"a/b": MAIL}, {"a/b": 7}, {"a/b": MAIL}),
    ],
)  # fmt: skip
def test_masks_that_were_left_are_values_again(shown, edited, original, goes_on):
    assert merged(shown, edited, original) == goes_on


def test_the_places_are_told_as_pointers_into_what_was_edited():
    left = left_masked({"rows": [{"n": 1}, {"to": MAIL}]}, {"rows": [{"to": MAIL}]})
    assert left == [(["rows", 0, "to"], ["rows", 1, "to"])]
    assert pointers(left) == {"/rows/0/to"}
