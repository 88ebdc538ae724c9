"""What an import brings: documents to make, and notes on what became of everything else. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.letters import clean, in_one_line

LANGGRAPH, CREWAI = "LangGraph", "CrewAI"
MOST_NOTES = 200


class CannotImport(ValueError):
    """The text is no graph or crew that could become a flow: `place` is a JSON pointer into it, `sentence` says why.

    Both may be printed on a terminal as they are.
    """

    def __init__(self, place: str, sentence: str):
        self.place, self.sentence = in_one_line(place), clean(sentence)
        super().__init__(f"{self.place}: {self.sentence}" if self.place else self.sentence)


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was mapped, or (`is_left`) that is left to do: where it stood, and a sentence on it."""

    where: str
    sentence: str
    is_left: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """An active tool of the project; `risk` is read, write or irreversible."""

    slug: str
    name: str
    risk: str

    @property
    def only_reads(self) -> bool:
        return self.risk == "read"


@dataclass(frozen=True, slots=True)
class Stock:
    """What the project has that an import may use: `models` are "provider/model", the one to take first at the front.

    `providers` is {slug: type}.
    """

    models: tuple[str, ...] = ()
    providers: Mapping[str, str] = field(default_factory=dict)
    tools: tuple[Tool, ...] = ()

    @property
    def model(self) -> str:
        return self.models[0] if self.models else "simulated/small"

    def tool(self, wanted: str) -> Tool | None:
        """The tool of exactly that slug, or else the only one of exactly that name. Python's names hold no hyphens:
        read_page is read-page."""
        by_slug = [tool for tool in self.tools if tool.slug in (wanted, wanted.replace("_", "-"))]
        found = by_slug or [tool for tool in self.tools if tool.name and tool.name == wanted]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Found:
    """What would be made: the flow, its agents, and how a simulated model would play those that have to choose.

    `played` are entries of a scripted provider's script, one for each routing agent: the way that goes on; `tools` are
    those that the agents get, by slug.
    """

    source: str
    flow: Mapping[str, Any]
    agents: tuple[Mapping[str, Any], ...]
    notes: tuple[Note, ...]
    played: tuple[Mapping[str, Any], ...] = ()
    tools: Mapping[str, Tool] = field(default_factory=dict)

    def risky(self, agent: Mapping[str, Any]) -> list[Tool]:
        """The tools of an agent that do more than read: who publishes it has to know of them."""
        return [self.tools[slug] for slug in agent.get("tools", ()) if not self.tools[slug].only_reads]

    @property
    def mapped(self) -> list[Note]:
        return [note for note in self.notes if not note.is_left]

    @property
    def left(self) -> list[Note]:
        return [note for note in self.notes if note.is_left]


class Notebook:
    """The notes in order, each once, and not without end."""

    def __init__(self) -> None:
        self.notes: dict[Note, None] = {}

    def mapped(self, where: str, sentence: str) -> None:
        self.add(Note(where, sentence))

    def left(self, where: str, sentence: str) -> None:
        self.add(Note(where, sentence, is_left=True))

    def add(self, note: Note) -> None:
        if len(self.notes) < MOST_NOTES:
            self.notes[note] = None
        else:
            self.notes[Note("", "There is more like this that is not listed here.", is_left=True)] = None

    def all(self) -> tuple[Note, ...]:
        return tuple(self.notes)
