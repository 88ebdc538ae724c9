"""A flow while it is drawn from somebody else's graph: nodes by id, lines between them, and what leads where."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flows.imports import names

WIDE, HIGH = 260, 140
CHOOSING = ("router", "condition")


@dataclass(frozen=True, slots=True)
class Line:
    """From a port to a node; `rounds` is set where the line is a loop."""

    source: str
    port: str
    target: str
    rounds: int | None = None


class Sketch:
    """Nodes as they will stand in the document, without positions; `start` is there from the beginning."""

    def __init__(self) -> None:
        self.nodes: dict[str, dict[str, Any]] = {"start": {"id": "start", "type": "start"}}
        self._lines: dict[Line, None] = {}
        self.chosen_by: dict[tuple[str, str], list[str]] = {}  # who decided that a condition takes this port

    def add(self, wanted: str, kind: str, name: str = "", config: Mapping[str, Any] | None = None) -> str:
        """Adds a node under a free id that reads like `wanted`, and says which."""
        found = names.node_id(wanted, self.nodes)
        self.nodes[found] = {"id": found, "type": kind}
        if name:
            self.nodes[found]["name"] = name
        if config is not None:
            self.nodes[found]["config"] = dict(config)
        return found

    def connect(self, source: str, target: str, port: str = "out", rounds: int | None = None) -> None:
        self._lines[Line(source, port, target, rounds)] = None

    def kind(self, node: str) -> str:
        return self.nodes[node]["type"]

    def chooses(self, node: str) -> bool:
        return self.kind(node) in CHOOSING

    @property
    def lines(self) -> list[Line]:
        return list(self._lines)

    @property
    def onwards(self) -> list[Line]:
        """The lines that are no loops."""
        return [line for line in self._lines if line.rounds is None]

    def redirect(self, lines: Collection[Line], target: str) -> None:
        self._lines = {replace(line, target=target) if line in lines else line: None for line in self._lines}

    def loop(self, looping: Line, rounds: int) -> None:
        self._lines = {
            replace(line, rounds=rounds) if line == looping else line: None for line in self._lines
        }

    def dominators(self) -> dict[str, int]:
        """For each node, as bits, those that every way from the start to it goes through; itself too."""
        bits, order, sources = self.bits(), self.order(), self.sources()
        everything = (1 << len(bits)) - 1
        found = dict.fromkeys(bits, everything)
        found["start"] = bits["start"]
        changed = True
        while changed:
            changed = False
            for node in order:
                if node == "start":
                    continue
                common = everything
                for source in sources[node]:
                    common &= found[source]
                common |= bits[node]
                if common != found[node]:
                    found[node], changed = common, True
        return found

    def bits(self) -> dict[str, int]:
        return {node: 1 << place for place, node in enumerate(self.nodes)}

    def sources(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {node: [] for node in self.nodes}
        for line in self.onwards:
            found[line.target].append(line.source)
        return found

    def targets(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {node: [] for node in self.nodes}
        for line in self.onwards:
            found[line.source].append(line.target)
        return found

    def order(self) -> list[str]:
        """The nodes that can be reached, so that what comes first comes first as far as there are no circles."""
        targets, seen, done = self.targets(), {"start"}, []
        path = [("start", iter(targets["start"]))]
        while path:
            node, rest = path[-1]
            following = next((target for target in rest if target not in seen), None)
            if following is None:
                done.append(node)
                path.pop()
            else:
                seen.add(following)
                path.append((following, iter(targets[following])))
        return done[::-1]

    def placed(self) -> list[dict[str, Any]]:
        """The nodes with positions: one column a step, what runs side by side under each other. All can be reached."""
        order, sources = self.order(), self.sources()
        column: dict[str, int] = {}
        for node in order:
            column[node] = max((column.get(source, -1) for source in sources[node]), default=-1) + 1
        below: dict[int, int] = {}
        found = {}
        for node in order:
            row = below.get(column[node], 0)
            below[column[node]] = row + 1
            found[node] = {"position": {"x": column[node] * WIDE, "y": 120 + row * HIGH}}
        return [{**self.nodes[node], **found[node]} for node in order]

    def edges(self) -> list[dict[str, Any]]:
        return [
            {
                "from": line.source,
                **({} if line.port == "out" else {"port": line.port}),
                "to": line.target,
                **({"loop": {"max": line.rounds}} if line.rounds else {}),
            }
            for line in self._lines
        ]
