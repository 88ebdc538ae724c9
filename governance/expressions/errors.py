"""Owns what can go wrong in an expression, and the words for it."""

from dataclasses import dataclass

SHOWN = 200  # characters of an expression that a message quotes


class ExpressionError(Exception):
    """What a person reads: the expression, and what is wrong in it.

    `expression` is the whole source, `reason` one sentence, `position` the 0-based offset of a syntax
    error in `expression` (None for what only shows when it runs: then the reason holds the name).
    """

    code = "expression_error"

    def __init__(self, expression: str, reason: str, position: int | None = None):
        self.expression = expression
        self.reason = reason
        self.position = position
        quoted = expression if len(expression) <= SHOWN else expression[:SHOWN] + "…"
        place = "" if position is None else f" (at character {position + 1})"
        super().__init__(f"`{quoted}`: {reason}{place}")


@dataclass(frozen=True, slots=True)
class Flaw:
    """A problem found without running: `position` in the source, `path` a JSON pointer inside a value."""

    reason: str
    position: int | None = None
    path: str = ""


class Invalid(Exception):
    """The source cannot be understood, or is over a limit that shows without running it."""

    def __init__(self, reason: str, position: int | None = None):
        self.reason = reason
        self.position = position
        super().__init__(reason)


class Failed(Exception):
    """Evaluation met a missing name or a wrong type. `||` and `&&` may absorb it, as CEL says."""


class Refused(Exception):
    """Evaluation went over a limit. Nothing absorbs it."""
