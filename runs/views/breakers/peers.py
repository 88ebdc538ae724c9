"""A peer that is left alone, as people see it: one, however many processes leave it alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from governance import ids
from governance.models import Project
from registry import openings
from registry.models import BreakerOpening
from runs.views.registry.kinds import FACES
from runs.views.shell.addresses import address

STATES = {  # as runs have them: (status, word)
    "open": ("failed", later("Left alone")),
    "half_open": ("waiting", later("Next call is tried")),
    "lost": ("skipped", later("Not heard of")),
    "closed": ("succeeded", later("Closed")),
}
MOST_RUNS = 5


@dataclass(frozen=True, slots=True)
class Peer:
    """`opening` is the one that says most of it: its newest in a process that lives. Times are microseconds."""

    opening: BreakerOpening
    state: str
    url: str
    since: int
    probe_at: int
    processes: int
    refused: int
    runs: tuple[tuple[int, str], ...]

    @property
    def face(self):
        return FACES[self.opening.kind]

    @property
    def name(self) -> str:
        """As a person would say it: the provider sim, the agent writer."""
        if not self.opening.slug:
            return self.opening.model
        return f"{self.face.word} {self.opening.slug}"

    @property
    def status(self) -> str:
        return STATES[self.state][0]

    @property
    def word(self) -> str:
        return str(STATES[self.state][1])

    @property
    def how_closed(self) -> str:
        row = self.opening
        if row.closing == "person":
            return _("by %(who)s") % {"who": row.closed_by}
        return _("a call did well") if row.closing == "probe" else _("its process ended")


def peers_of(project: Project, rows: Iterable[BreakerOpening], now: int) -> list[Peer]:
    """By what is left alone, in the order of the rows."""
    found: dict[tuple, list[BreakerOpening]] = {}
    for row in rows:
        found.setdefault((row.kind, row.slug, row.model), []).append(row)
    return [peer_of(project, of_one, now) for of_one in found.values()]


def peer_of(project: Project, rows: list[BreakerOpening], now: int) -> Peer:
    states = [openings.state_of(row, now) for row in rows]
    state = min(states, key=openings.STATES.index)
    opening = rows[states.index(state)]
    alive = [row for row, its in zip(rows, states, strict=True) if its == state]
    runs = list(dict.fromkeys(run for row in rows for run in row.runs))[:MOST_RUNS]
    numbers = [(ids.decode(run), run) for run in runs]
    return Peer(
        opening=opening,
        state=state,
        url=address(FACES[opening.kind].page, project.slug, opening.slug) if opening.slug else "",
        since=min(row.opened_at for row in rows),
        probe_at=min(row.probe_at for row in alive),
        processes=len({row.process for row in alive}),
        refused=sum(row.refused for row in rows),
        runs=tuple((number, run) for number, run in numbers if number is not None),
    )
