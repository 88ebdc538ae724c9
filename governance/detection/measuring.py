"""How well the detectors do: precision, recall and F1 by entity on the labelled items that come with Baton.

A label counts as found only where entity, start and end are exactly right; everything else that is said is wrong.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from governance.detection.entities import SECRETS
from governance.detection.findings import Finding
from governance.detection.scanning import find

ITEMS = Path(__file__).with_name("labelled_items.txt")
OPEN, BAR, CLOSE = "⟦", "|", "⟧"
JOINER = "·"  # breaks made-up keys up in the file, so that scanners of repositories leave them alone
ALL_SECRETS = "secrets"
OVERALL = "all"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One item: its text without marks, and where what stands."""

    text: str
    labels: frozenset[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class Score:
    """`labels` there are, `right` ones found, `said` in all; precision, recall and f1 from 0 to 1."""

    labels: int
    right: int
    said: int

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.labels if self.labels else 1.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.labels + self.said) if self.labels + self.said else 1.0


@dataclass(frozen=True, slots=True)
class Miss:
    """An item that was not read right: what was not found, and what was said wrongly, as (entity, text)."""

    text: str
    missed: list[tuple[str, str]]
    wrong: list[tuple[str, str]]


def items(path: Path = ITEMS) -> Iterator[Labelled]:
    """The items of a file: one a line, `\\n` for a line break; what starts with `# ` is a comment."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("# "):
            yield parse(
                line.replace("\\\\n", "\0").replace("\\n", "\n").replace("\0", "\\n").replace(JOINER, "")
            )


def parse(marked: str) -> Labelled:
    """The item behind `Write to ⟦EMAIL_ADDRESS|bob@example.com⟧`."""
    first, *rest = marked.split(OPEN)
    text, labels = first, set()
    for part in rest:
        inside, _, outside = part.partition(CLOSE)
        entity, _, value = inside.partition(BAR)
        labels.add((entity, len(text), len(text) + len(value)))
        text += value + outside
    return Labelled(text, frozenset(labels))


def measure(labelled: Iterable[Labelled]) -> tuple[dict[str, Score], list[Miss]]:
    """Scores by entity, of all secrets as one (`secrets`) and of everything (`all`), and what went wrong."""
    labels: Counter[str] = Counter()
    right: Counter[str] = Counter()
    said: Counter[str] = Counter()
    misses = []
    for item in labelled:
        found = frozenset(map(placed, find(item.text)))
        labels.update(entity for entity, _, _ in item.labels)
        said.update(entity for entity, _, _ in found)
        right.update(entity for entity, _, _ in found & item.labels)
        if found != item.labels:
            misses.append(
                Miss(item.text, quoted(item, item.labels - found), quoted(item, found - item.labels))
            )
    scores = {entity: Score(labels[entity], right[entity], said[entity]) for entity in sorted(labels | said)}
    together = {ALL_SECRETS: SECRETS & scores.keys(), OVERALL: frozenset(scores)}
    return scores | {
        name: added_up(scores[entity] for entity in among) for name, among in together.items()
    }, misses


def added_up(scores: Iterable[Score]) -> Score:
    found = list(scores)
    return Score(
        sum(one.labels for one in found), sum(one.right for one in found), sum(one.said for one in found)
    )


def placed(found: Finding) -> tuple[str, int, int]:
    return found.entity, found.start, found.end


def quoted(item: Labelled, places: Iterable[tuple[str, int, int]]) -> list[tuple[str, str]]:
    return [(entity, item.text[start:end]) for entity, start, end in sorted(places)]
