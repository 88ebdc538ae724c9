"""Owns the limits of expressions and texts, and the meter that every evaluation runs on.

Why a meter: the library for CEL converts the whole scope on each call (266 ms for 1 MB of input) and holds
the GIL without any bound, and twenty-odd `x ~ x` in a template allocate until the process is killed. So the
evaluator is our own, and whatever grows with the data pays here before it happens: the bound is a count,
the same on every machine, not a clock.
"""

from typing import Any

from .errors import Failed, Refused

MAX_SOURCE = 4_000  # characters of a CEL expression
MAX_TEXT_SOURCE = 200_000  # characters of a text
MAX_TEXT_TOKENS = 3_000  # tokens inside the tags of a text
MAX_DEPTH = 60  # how deep an expression or a text nests
MAX_ITEMS = 1_000  # elements of a list in a comprehension
MAX_LOOPS = 10_000  # turns of all the `for` of a text together
MAX_OUTPUT = 1_000_000  # characters of a text, and of any string built on the way
MAX_LIST = 10_000  # elements of a list built on the way
MAX_WORK = 60_000  # units; one is about one operation
MAX_RESULT = 120_000  # scalars, or 16 characters each, in a built result
MAX_JSON = 80_000  # the same, in JSON that a text writes
MAX_INDENTED = 12_000  # the same, with indentation
MAX_JSON_DEPTH = 64
FREE_PARTS = 16  # parts of the scope that one value may hold without being weighed
INT_MIN, INT_MAX = -(2**63), 2**63 - 1


class Meter:
    """The work one evaluation may still do."""

    __slots__ = ("left", "loops", "room")

    def __init__(self, work: int = MAX_WORK):
        self.left = work
        self.loops = MAX_LOOPS
        self.room = MAX_OUTPUT

    def spend(self, units: int) -> None:
        self.left -= units
        if self.left < 0:
            raise Refused("does more work than an expression may; make the lists or texts smaller")

    def spend_text(self, characters: int) -> None:
        if characters > MAX_OUTPUT:
            raise Refused(f"builds a text longer than {MAX_OUTPUT:,} characters")
        self.spend(characters >> 8)

    def spend_list(self, elements: int) -> None:
        if elements > MAX_LIST:
            raise Refused(f"builds a list of more than {MAX_LIST:,} elements")
        self.spend(elements >> 3)

    def turn(self, price: int) -> None:
        self.loops -= 1
        if self.loops < 0:
            raise Refused(f"loops more than {MAX_LOOPS:,} times")
        self.spend(price)

    def emit(self, characters: int) -> None:
        self.room -= characters
        if self.room < 0:
            raise Refused(f"renders more than {MAX_OUTPUT:,} characters")


class Weight:
    """Counts a JSON value's size, shared parts each time they appear, and stops at the limit."""

    __slots__ = ("left", "parts")

    def __init__(self, limit: int = MAX_RESULT):
        self.left = limit
        self.parts = FREE_PARTS

    def add_part(self, value: Any) -> None:
        """A part of the scope as it is: the first few multiply nothing worth counting."""
        self.parts -= 1
        if self.parts < 0:
            self.add(value)

    def add(self, value: Any, depth: int = 0) -> None:
        kind = type(value)
        if kind is str:
            self.take(1 + (len(value) >> 4))
        elif kind is dict:
            self.nest(depth, len(value))
            for item in value.values():
                self.add(item, depth + 1)
        elif kind is list:
            self.nest(depth, len(value))
            for item in value:
                self.add(item, depth + 1)
        else:
            self.take(1)

    def nest(self, depth: int, members: int) -> None:
        if depth > MAX_JSON_DEPTH:
            raise Refused(f"builds JSON nested deeper than {MAX_JSON_DEPTH}")
        self.take(1 + members)

    def take(self, units: int) -> None:
        self.left -= units
        if self.left < 0:
            raise Refused("builds a result that is too big")


def integer(value: int) -> int:
    """A result of integer arithmetic, refused outside 64 bit as CEL does."""
    if INT_MIN <= value <= INT_MAX:
        return value
    raise Failed("integer overflow: the result needs more than 64 bit; use double(x)")


def from_data(value: int) -> int | float:
    """An integer of JSON data: beyond 64 bit it is a double."""
    if INT_MIN <= value <= INT_MAX:
        return value
    try:
        return float(value)
    except OverflowError:
        raise Failed("a number of the data is too large for a double") from None
