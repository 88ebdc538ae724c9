"""What governance says no with: problems of a body, and the exceptions that the layers above turn into answers."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a document or a body.

    `pointer` is a JSON pointer into it ("" for the whole), `severity` error or warning (warnings stop nothing),
    `message` a sentence that says what to do, `nodes` the ids of the nodes it is about. `file` is set by apply.
    """

    pointer: str
    message: str
    code: str = "invalid"
    severity: str = "error"
    nodes: tuple[str, ...] = ()
    file: str = ""

    def as_dict(self) -> dict:
        """The shape of contract 5: {pointer, severity, code, message, nodes}, and `file` where there is one."""
        shown = {
            "pointer": self.pointer,
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "nodes": list(self.nodes),
        }
        return {**shown, "file": self.file} if self.file else shown


class Refused(Exception):
    """The body was refused: `problems` says why, each with its pointer (answered with 422)."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.message for problem in self.problems))


class Conflict(Exception):
    """What was asked does not fit what is there now: read again, then decide again (answered with 409)."""


class InUse(Conflict):
    """Something still refers to it: change what is named here first (answered with 409)."""


class NotFound(LookupError):
    """There is no such thing, or it is not for this person's eyes (answered with 404)."""


class Forbidden(Exception):
    """A member without the right for this (answered with 403)."""


def refuse_errors(problems: Iterable[Problem]) -> list[Problem]:
    """The warnings among `problems`; raises Refused with everything where one of them is an error."""
    problems = list(problems)
    if any(problem.severity == "error" for problem in problems):
        raise Refused(problems)
    return problems


def pointer(*parts: str | int) -> str:
    """A JSON pointer (RFC 6901) of keys and positions."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
