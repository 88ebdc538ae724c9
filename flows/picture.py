"""A small picture of a flow, as geometry for an SVG: columns from left to right as its positions have them. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.members import members
from flows.nodes import TYPES

WIDTH, HEIGHT = 346, 124
MARGIN_X, MARGIN_Y = 18, 14
MOST_WIDE, MOST_HIGH = 58, 24
SAME_COLUMN, SAME_ROW = 60, 20  # positions nearer than this lie in one column, in one row
PILLS = ("start", "end")
STEP = 200
SHOWN_STEPS = 12
LETTER = 6.2


@dataclass(frozen=True, slots=True)
class Box:
    """One node. `look` is a (an agent works), h (a person is asked) or nothing."""

    x: float
    y: float
    width: float
    height: float
    radius: float
    look: str
    name: str

    @property
    def middle(self) -> tuple[float, float]:
        return round(self.x + self.width / 2, 2), round(self.y + self.height / 2, 2)

    @property
    def label(self) -> str:
        """As much of the name as the box holds at 11 pixels; nothing where it holds next to nothing."""
        room = int((self.width - 8) / LETTER)
        if self.height < 16 or room < 4:
            return ""
        return self.name if len(self.name) <= room else f"{self.name[: room - 1]}…"


@dataclass(frozen=True, slots=True)
class Line:
    """One edge as an SVG path; loop edges are dashed."""

    path: str
    is_loop: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """`says` tells in words what the picture shows."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    says: str
    width: int = WIDTH
    height: int = HEIGHT


def picture(document: Mapping[str, Any], width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """The picture of a flow document that fits its schema."""
    nodes = document["nodes"]
    places = positions(document)
    columns, rows = (
        ranks([place[axis] for place in places.values()], near) for axis, near in enumerate(NEAR)
    )
    count_x, count_y = max(columns.values(), default=0) + 1, max(rows.values(), default=0) + 1
    wide = min(MOST_WIDE * width / WIDTH, (width - 2 * MARGIN_X) / count_x * 0.66)
    high = min(MOST_HIGH * height / HEIGHT, (height - 2 * MARGIN_Y) / count_y * 0.74)
    boxes = {}
    for node in nodes:
        x, y = places[node["id"]]
        middle_x = spread(columns[x], count_x, width, MARGIN_X + wide / 2)
        middle_y = spread(rows[y], count_y, height, MARGIN_Y + high / 2)
        boxes[node["id"]] = box(node, middle_x, middle_y, wide, high)
    lines = [line(edge, boxes) for edge in document["edges"] if {edge["from"], edge["to"]} <= boxes.keys()]
    return Picture(tuple(boxes.values()), tuple(lines), in_words(document), width, height)


NEAR = (SAME_COLUMN, SAME_ROW)


def box(node: Mapping, x: float, y: float, wide: float, high: float) -> Box:
    is_pill = node["type"] in PILLS
    width = min(wide, max(wide * 0.72, high * 1.6)) if is_pill else wide
    radius = high / 2 if is_pill else min(6, high / 4)
    values = (x - width / 2, y - high / 2, width, high, radius)
    return Box(*(round(value, 2) for value in values), look_of(node), name_of(node))


def line(edge: Mapping, boxes: Mapping[str, Box]) -> Line:
    start, end = boxes[edge["from"]], boxes[edge["to"]]
    if "loop" in edge:
        return Line(arc(start, end), True)
    x1, y1 = start.x + start.width, start.y + start.height / 2
    x2, y2 = end.x, end.y + end.height / 2
    if x2 <= x1:
        return Line(upright(start, end), False)
    if y1 == y2:
        return Line(f"M{x1:g} {y1:g}H{x2:g}", False)
    bend = max(6.0, (x2 - x1) / 2)
    return Line(f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}", False)


def upright(start: Box, end: Box) -> str:
    """Between nodes of one column: out at the side, so that what lies between them is not crossed."""
    x1, y1 = start.x + start.width, start.y + start.height / 2
    x2, y2 = end.x + end.width, end.y + end.height / 2
    out = round(max(x1, x2) + 10, 2)
    return f"M{x1:g} {y1:g}C{out:g} {y1:g} {out:g} {y2:g} {x2:g} {y2:g}"


def arc(start: Box, end: Box) -> str:
    """From the top of one to the top of the other, above both."""
    x1, x2 = round(start.x + start.width / 2, 2), round(end.x + end.width / 2, 2)
    top = max(2.0, min(start.y, end.y) - 28)
    return f"M{x1:g} {start.y:g}C{x1:g} {top:g} {x2:g} {top:g} {x2:g} {end.y:g}"


def look_of(node: Mapping) -> str:
    found = TYPES.get(node["type"])
    if found is not None and found.group == "people":
        return "h"
    config = node.get("config", {})
    if members(config):
        return "a"
    return "a" if "agent" in config and config.get("by", "agent") == "agent" else ""


def name_of(node: Mapping) -> str:
    found = TYPES.get(node["type"])
    return node.get("name") or (found.label if found and node["type"] in PILLS else node["id"])


def positions(document: Mapping) -> dict[str, tuple[float, float]]:
    """Where the document puts its nodes; where it says nothing, one column a step from the start."""
    nodes = document["nodes"]
    if all("position" in node for node in nodes):
        return {node["id"]: (node["position"]["x"], node["position"]["y"]) for node in nodes}
    columns, below = depths(document), Counter()
    found = {}
    for node in nodes:
        column = columns[node["id"]]
        found[node["id"]] = (column * STEP, below[column] * STEP)
        below[column] += 1
    return found


def depths(document: Mapping) -> dict[str, int]:
    """The most edges that lead to each node. Bounded, so that a circle in a draft ends."""
    found = {node["id"]: 0 for node in document["nodes"]}
    onwards = [(edge["from"], edge["to"]) for edge in document["edges"] if "loop" not in edge]
    for _ in range(len(found)):
        deeper = {b: found[a] + 1 for a, b in onwards if a in found and b in found and found[b] <= found[a]}
        if not deeper or max(deeper.values()) > len(found):
            break
        found.update(deeper)
    return found


def ranks(values: Sequence[float], near: float) -> dict[float, int]:
    """Each value's column: values that lie near each other share one."""
    found: dict[float, int] = {}
    rank, last = -1, None
    for value in sorted(set(values)):
        if last is None or value - last > near:
            rank, last = rank + 1, value
        found[value] = rank
    return found


def spread(rank: int, count: int, length: float, margin: float) -> float:
    """The middle of a column: the first and the last lie at the margins."""
    if count == 1:
        return length / 2
    return margin + (length - 2 * margin) * rank / (count - 1)


def in_words(document: Mapping) -> str:
    names = [name_of(node) for node in document["nodes"]]
    shown = ", ".join(names[:SHOWN_STEPS]) + (", …" if len(names) > SHOWN_STEPS else "")
    loops = sum("loop" in edge for edge in document["edges"])
    back = {0: "", 1: " One of them leads back, as a loop."}.get(
        loops, f" {loops} of them lead back, as loops."
    )
    return f"{len(names)} nodes: {shown}. {len(document['edges'])} edges.{back}"
