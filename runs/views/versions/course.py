"""When which version was live: the activations of a document, read as a story."""

from dataclasses import dataclass
from datetime import datetime

from governance.models import Activation, Document, User

MOST = 200


@dataclass(frozen=True, slots=True)
class Turn:
    """One activation. `was` is the number that was live before, None for none; `number` is None for an archival."""

    number: int | None
    was: int | None
    at: datetime
    by: User | None

    @property
    def is_back(self) -> bool:
        return self.number is not None and self.was is not None and self.number < self.was


@dataclass(frozen=True, slots=True)
class Course:
    """The newest activations, the last one first."""

    turns: list[Turn]

    @property
    def since(self) -> Turn | None:
        """The turn that made the live version live."""
        return self.turns[0] if self.turns and self.turns[0].number is not None else None

    @property
    def rolled_back(self) -> set[int]:
        """The versions that an older one took the place of, and that did not come back since."""
        last: dict[int, bool] = {}
        for turn in reversed(self.turns):
            if turn.was is not None:
                last[turn.was] = turn.is_back
            if turn.number is not None:
                last[turn.number] = False
        return {number for number, is_back in last.items() if is_back}

    def last_live(self, number: int) -> datetime | None:
        """When a version that is not live any more stopped being so."""
        return next((turn.at for turn in self.turns if turn.was == number), None)


def course_of(document: Document) -> Course:
    """One query, however often the document changed; of very many changes the newest."""
    made = list(document.activations.select_related("version", "by").order_by("-id")[: MOST + 1])
    numbers = [number_of(activation) for activation in made]
    before = [*numbers[1:], None][: len(numbers)]
    turns = [
        Turn(number, was, activation.at, activation.by)
        for activation, number, was in zip(made, numbers, before, strict=True)
    ]
    return Course(turns[:MOST])


def number_of(activation: Activation) -> int | None:
    return activation.version.number if activation.version else None
