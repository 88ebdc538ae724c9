"""Bar charts as geometry: templates draw them with SVG attributes, which the CSP does not govern."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 770, 208
LEFT, TOP, BOTTOM = 26, 6, 184
STEPS = (1, 2, 5)
LINES = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; numbers are text with a point, whatever the language."""

    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A word at a place of an axis: `at` is x below the bars, y beside the lines."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What `shell/_chart.html` draws. `typical` are ghosts behind, `failed` the lower parts of the bars."""

    name: str
    bars: tuple[Bar, ...]
    failed: tuple[Bar, ...]
    typical: tuple[Bar, ...]
    lines: tuple[Mark, ...]
    words: tuple[Mark, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    bottom: int = BOTTOM


def bar_chart(
    name: str,
    counts: Sequence[int],
    failed: Sequence[int],
    typical: Sequence[float],
    words: Sequence[str],
) -> Chart:
    """A bar for each count with its failed part in front. `words` stand below: "" for none."""
    step = step_for(max([*counts, *typical, 1]))
    top = step * LINES
    slot = (WIDTH - LEFT) / len(counts)
    return Chart(
        name=name,
        bars=columns(counts, top, slot, 0.5),
        failed=columns(failed, top, slot, 0.5),
        typical=columns(typical, top, slot, 0.76),
        lines=tuple(Mark(number(level(step * line, top)), str(step * line)) for line in range(LINES + 1)),
        words=tuple(
            Mark(number(LEFT + slot * (place + 0.5)), word) for place, word in enumerate(words) if word
        ),
    )


def columns(counts: Sequence[float], top: float, slot: float, share: float) -> tuple[Bar, ...]:
    width = min(slot * share, 40)
    return tuple(
        Bar(
            number(LEFT + slot * (place + 0.5) - width / 2),
            number(level(count, top)),
            number(width),
            number(BOTTOM - level(count, top)),
        )
        for place, count in enumerate(counts)
        if count
    )


def level(count: float, top: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * min(count / top, 1)


def step_for(highest: float) -> int:
    """The smallest round step of which four reach the highest bar."""
    size = 1
    while True:
        for step in STEPS:
            if step * size * LINES >= highest:
                return step * size
        size *= 10


def number(value: float) -> str:
    return f"{value:.1f}"
