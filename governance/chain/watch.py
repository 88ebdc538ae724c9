"""The keeper's look at every log: once a day, and where a person asked for one that takes long.

It is done in a thread of its own, entry by entry with breaks, so that neither leases nor runs wait for it.
"""

import logging
import random
import threading
import time
from collections.abc import Iterable

from django.db import DatabaseError, connection

from governance import clock
from governance.chain import looks
from governance.models import AuditEntry, Project

DAY_US = 86_400_000_000
ASKED_EVERY_US = 2_000_000
DAILY_EVERY_US = 600_000_000
BREAK_S = 0.005  # every few hundred entries

log = logging.getLogger("baton.audit")


class _Stopped(Exception):
    """The process ends: the look is made after the next start."""


class Watch:
    """Asked by the keeper at every tick; `stop` ends what is under way."""

    def __init__(self, first_after_us: int | None = None):
        # Not at once: who starts is busy, and of several workers not all should look.
        wait = random.randrange(DAILY_EVERY_US) if first_after_us is None else first_after_us
        self._daily_at = clock.now() + wait
        self._asked_at = 0
        self._seen: int | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_at_it(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def tick(self, now: int) -> None:
        """A query every two seconds, and every ten minutes two a project."""
        if self.is_at_it:
            return
        due: list[Project | None] = []
        if now >= self._asked_at:
            self._asked_at = now + ASKED_EVERY_US
            due += self._asked()
        if now >= self._daily_at:
            self._daily_at = now + DAILY_EVERY_US
            due += [one for one in (None, *Project.objects.order_by("pk")) if is_due(one, now)]
        if due:
            self._thread = threading.Thread(target=self._look, args=(due,), name="baton-audit", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _asked(self) -> list[Project | None]:
        """The logs that were asked for since the last tick."""
        newest = AuditEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0
        seen, self._seen = self._seen, newest
        if seen is None or newest == seen:
            return []
        rows = AuditEntry.objects.filter(id__gt=seen, id__lte=newest, action=looks.ASKED)
        return list({entry.project_id: entry.project for entry in rows.select_related("project")}.values())

    def _look(self, due: Iterable[Project | None]) -> None:
        try:
            for project in due:
                looks.look(project, None, self._rest)
        except _Stopped:
            log.info("the audit log is verified after the next start")
        except DatabaseError as error:
            log.warning("the audit log is verified later, the database is away or busy: %s", error)
        finally:
            connection.close()

    def _rest(self) -> None:
        if self._stop.is_set():
            raise _Stopped
        time.sleep(BREAK_S)


def is_due(project: Project | None, now: int) -> bool:
    """Whether nobody looked for a day, or somebody asks and was not answered."""
    found = looks.last(project)
    return found.since > 0 or found.at <= now - DAY_US
