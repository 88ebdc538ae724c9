"""A finding: where in a text personal data or a secret stands. And which of several that overlap stays."""

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass

LEAST_SCORE = 0.4


@dataclass(frozen=True, slots=True)
class Finding:
    """`text[start:end]` is an `entity`. Offsets are in code points; `score` runs from 0 to 1, 1 = checksum fits."""

    entity: str
    start: int
    end: int
    score: float

    def moved(self, by: int) -> "Finding":
        return Finding(self.entity, self.start + by, self.end + by, self.score)


def resolved(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings without overlap, in the order of the text: the surer one stays, then the longer, then the earlier."""
    taken: list[tuple[int, int]] = []  # (start, end), in order
    kept: list[Finding] = []
    ranked = sorted(set(findings), key=lambda one: (-one.score, one.start - one.end, one.start, one.entity))
    for one in ranked:
        place = bisect_left(taken, (one.start, one.end))
        free_before = place == 0 or taken[place - 1][1] <= one.start
        free_behind = place == len(taken) or one.end <= taken[place][0]
        if one.score >= LEAST_SCORE and free_before and free_behind:
            insort(taken, (one.start, one.end))
            kept.append(one)
    return tuple(sorted(kept, key=lambda one: one.start))
