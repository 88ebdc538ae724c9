"""Choosing between named ports by conditions: what the condition and the router by rules share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """One port with its score from 0 to 1, and why it was not chosen ("" where it was)."""

    port: str
    score: float
    excluded_because: str = ""

    def recorded(self) -> dict:
        return {"name": self.port, "score": self.score, "excluded_because": self.excluded_because or None}


def first_true(ctx, cases: Sequence[Mapping]) -> list[Candidate]:
    """The cases in order; those after the first true one are not evaluated."""
    found, candidates = "", []
    for case in cases:
        if found:
            candidates.append(Candidate(case["port"], 0, f"{found} came first"))
        elif ctx.condition(case["when"]):
            found = case["port"]
            candidates.append(Candidate(case["port"], 1))
        else:
            candidates.append(Candidate(case["port"], 0, "its condition is false"))
    return candidates


def all_true(ctx, cases: Sequence[Mapping]) -> list[Candidate]:
    return [
        Candidate(case["port"], 1)
        if ctx.condition(case["when"])
        else Candidate(case["port"], 0, "its condition is false")
        for case in cases
    ]


def port_schema(ports: Sequence[str]) -> dict:
    """What a person answers who chooses in the place of a step: one of its ports."""
    return {"type": "object", "required": ["port"], "properties": {"port": {"enum": list(ports)}}}


def chosen(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    return tuple(candidate.port for candidate in candidates if not candidate.excluded_because)
