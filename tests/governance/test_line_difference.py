"""What two texts differ in: changed lines, the words in them, and nothing that takes long."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.documents.line_difference import CONTEXT, Line, Part, lines_between


def shown(old: str, new: str) -> list[str]:
    """Each line with its sign, what is marked in brackets."""
    signs = {"same": " ", "less": "-", "more": "+", "gap": "@"}
    return [
        signs[line.what] + "".join(f"[{part.text}]" if part.marked else part.text for part in line.parts)
        for line in lines_between(old, new)
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a", "a", []),
        ("", "a", ["+a"]),
        ("a", "", ["-a"]),
        ("one two three", "one 2 three", ["-one [two] three", "+one [2] three"]),
        ("one two", "one two three", ["-one two", "+one two[ three]"]),
        ("completely", "different", ["-completely", "+different"]),
        ("a\nb\nc", "a\nx\nb\nc", [" a", "+x", " b", " c"]),
        ("a\nb\nc", "a\nc", [" a", "-b", " c"]),
    ],
)
def test_changed_lines_come_with_their_sign_and_the_words_that_differ(old, new, expected):
    assert shown(old, new) == expected


def test_lines_far_from_a_change_are_left_out_and_the_numbers_are_true():
    old = "\n".join(f"line {number}" for number in range(1, 31))
    new = old.replace("line 15", "line fifteen") + "\nlast"
    found = lines_between(old, new)
    assert found[0] == Line("gap", old=12, new=12)
    assert [(line.what, line.old, line.new) for line in found[1:9]] == [
        ("same", 12, 12), ("same", 13, 13), ("same", 14, 14), ("less", 15, None), ("more", None, 15),
        ("same", 16, 16), ("same", 17, 17), ("same", 18, 18),
    ]  # fmt: skip
    assert found[9] == Line("gap", old=28, new=28)
    assert found[-1] == Line("more", (Part("last"),), new=31)


LINES = st.lists(st.sampled_from(["", "a", "b", "a b", "a c", "  a"]), max_size=12).map("\n".join)


@given(LINES, LINES)
def test_the_lines_tell_the_whole_truth(old, new):
    """What stands with a sign is what is in one text and not in the other, in order and with its own number."""
    before, after = old.splitlines(), new.splitlines()
    for line in lines_between(old, new):
        text = "".join(part.text for part in line.parts)
        assert line.what == "gap" or line.old is None or before[line.old - 1] == text
        assert line.what == "gap" or line.new is None or after[line.new - 1] == text
    gone = {line.old for line in lines_between(old, new) if line.what == "less"}
    come = {line.new for line in lines_between(old, new) if line.what == "more"}
    kept = [text for number, text in enumerate(before, 1) if number not in gone]
    assert kept == [text for number, text in enumerate(after, 1) if number not in come]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("word " * 40_000, "word " * 39_999 + "other"),
        ("same\n" * 40_000, "same\n" * 20_000 + "other\n" + "same\n" * 20_000),
        ("\n".join(map(str, range(30_000))), "\n".join(map(str, range(30_000, 0, -1)))),
        ("\n".join(f"a {n} b" for n in range(3_000)), "\n".join(f"a {n} c" for n in range(3_000))),
    ],
)
def test_long_texts_do_not_take_long(old, new):
    started = time.process_time()
    assert lines_between(old, new)
    assert time.process_time() - started < 5
    assert CONTEXT == 3
