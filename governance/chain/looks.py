"""Looking whether a chain holds, and what the last look found: each look is an entry of the log itself.

Design note. A log of millions takes minutes to follow, which nobody waits for in a request: a look that takes longer
than a moment is broken off there and left to the keeper, which notices the entry that asks for it (`audit.ask`). It
also looks at every log once a day by itself. What a page shows is read from the newest of these entries, so that all
processes and people see the same.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from governance import audit
from governance.chain import head as heads
from governance.chain import sealing, verification
from governance.chain.head import Head, HeadForged, HeadMissing
from governance.models import AuditEntry, Project, User

LOOKED, ASKED = "audit.verify", "audit.ask"
MOMENT_S = 3.0  # a look in a request


class OutOfTime(Exception):
    """The log is too long to be followed now."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found: `at` in microseconds, how many entries, the first fault (empty: it holds), and who looked.

    `since`: another one was asked for then and has not ended (0: none). Where nobody looked yet, `at` is 0.
    """

    at: int = 0
    entries: int = 0
    broken: str = ""
    by: str = ""
    since: int = 0


def look(project: Project | None, by: User | None, pause: Callable[[], None] = lambda: None) -> Look:
    """Follows the chain from its first entry and records what it found; `pause` is called every few hundred entries,
    and may raise to break it off."""
    sealing.seal_all()
    head, fault = head_now()
    found = verification.verify_one(head, project, pause)
    broken = fault or (found.broken[0].where if found.broken else "")
    data = {"entries": found.entries, "head": found.mark, "broken": broken}
    entry = audit.record(LOOKED, object_of(project), by, project, data)
    return Look(entry.at, found.entries, broken, entry.actor)


def look_for_a_moment(project: Project | None, by: User, most_s: float = MOMENT_S) -> Look | None:
    """`look`, within `most_s`; None: that was too short, the keeper has been asked to."""
    ends = time.monotonic() + most_s

    def pause() -> None:
        if time.monotonic() > ends:
            raise OutOfTime(OutOfTime.__doc__)

    try:
        return look(project, by, pause)
    except OutOfTime:
        audit.record(ASKED, object_of(project), by, project)
        return None


def last(project: Project | None) -> Look:
    """What the last look found, and whether one is under way. One query."""
    entries = AuditEntry.objects.filter(
        project=project, object=object_of(project), action__in=(LOOKED, ASKED)
    )
    newest = list(entries.order_by("-id")[:2])
    since = newest[0].at if newest and newest[0].action == ASKED else 0
    looked = next((entry for entry in newest if entry.action == LOOKED), None)
    if looked is None or not isinstance(looked.data, dict):
        return Look(since=since)
    data = looked.data
    return Look(looked.at, data.get("entries", 0), data.get("broken", ""), looked.actor, since)


def head_now() -> tuple[Head, str]:
    """The head, and what is wrong with it. Scaled out, a folder that never sealed has none, and that is no fault."""
    try:
        return heads.read(), ""
    except HeadMissing as error:
        return Head(), str(error) if settings.EMBEDDED else ""
    except (HeadForged, OSError) as error:
        return Head(), str(error)


def object_of(project: Project | None) -> str:
    return f"audit/{project.slug if project else 'installation'}"
