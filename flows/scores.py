"""Weighing scored routes: which is good enough, and whether it is far enough before the next. Pure.

Scores are compared as they were written: 0.3 leads 0.2 by 0.1, which is less than 0.1 for floats.
"""

from collections.abc import Sequence

from flows.choice import Candidate
from flows.tally import exact

Scored = Sequence[tuple[str, float | None]]  # (route, score); None: nobody named it, so it is never taken
NO_OWNER = "no single owner"


def averaged(first: Scored, second: Scored) -> Scored:
    """Both opinions of the same routes; what one did not name counts 0 there."""
    return [
        (port, None if one is None and other is None else float((exact(one or 0) + exact(other or 0)) / 2))
        for (port, one), (_, other) in zip(first, second, strict=True)
    ]


def weighed(scored: Scored, least: float, lead: float, multiple: bool) -> tuple[list[Candidate], str]:
    """The routes, with why each lost; and which two are too close, where that is why none was taken."""
    fit = [port for port, score in scored if score is not None and score >= least]
    if multiple:
        return [candidate(each, least, fit, "") for each in scored], ""
    ranked = sorted(
        scored, key=lambda each: (-(each[1] or 0), each[1] is None)
    )  # a tie goes to the earlier one
    first = next((port for port, _ in ranked if port in fit), "")
    apart = too_close(ranked, lead) if first else ""
    if apart:
        return [candidate(each, least, [], apart) for each in scored], apart
    return [candidate(each, least, [first], f"{first} fits as well or better") for each in scored], ""


def too_close(ranked: Scored, lead: float) -> str:
    """Which two are closer than `lead`, in words; "" where the best is far enough before the next."""
    if len(ranked) < 2 or exact(ranked[0][1] or 0) - exact(ranked[1][1] or 0) >= exact(lead):
        return ""
    (best, most), (following, less) = ranked[:2]
    return f"{best} {most:g} and {following} {less or 0:g} are less than {lead:g} apart"


def candidate(each: tuple[str, float | None], least: float, taken: Sequence[str], why: str) -> Candidate:
    port, score = each
    if port in taken:
        return Candidate(port, score or 0)
    if score is None:
        return Candidate(port, 0, "the agent did not name it")
    return Candidate(port, score, f"{score:g} is below the threshold {least:g}" if score < least else why)
