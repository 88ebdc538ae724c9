"""Which characters of somebody else's text are kept: none that steer a terminal, or turn the order of what is read."""

import re

# The first are those that no text of a document holds; the others change the direction of what follows.
UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """Plain text: line ends as newlines, without such characters."""
    return UNFIT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def in_one_line(text: str) -> str:
    return " ".join(clean(text).split())


def says_something(text: str) -> bool:
    """Whether there is anything to read in it: not only blanks, or characters without a shape."""
    return any(letter.isprintable() and not letter.isspace() for letter in text)
