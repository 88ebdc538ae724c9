"""Openings of breakers on record: one row an opening and process, read by members, closed by a probe or an admin."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q, QuerySet

from governance import audit, clock, ids
from governance.models import Project, User
from governance.refusals import Conflict, NotFound
from registry.models import BreakerOpening

if TYPE_CHECKING:
    from registry.book import Entry

LOST_US = 60_000_000  # a process that lives is heard of every ten seconds
VOID_US = 3_600_000_000
QUIET_US = 600_000_000  # a peer that may be called this long, and that nobody calls, alarms nobody
KEPT_US = 30 * 86_400_000_000
MOST_CLOSED = 5_000
STATES = ("open", "half_open", "lost", "closed")


def standing(project: Project) -> QuerySet[BreakerOpening]:
    """What is open in the project, the newest first."""
    return BreakerOpening.objects.filter(project=project, closed_at=None).order_by("-id")


def alarming(project: Project) -> list[BreakerOpening]:
    """What is open in a process that lives, unless nobody calls it any more. One query."""
    now = clock.now()
    rows = standing(project).filter(heard_at__gte=now - LOST_US, probe_at__gt=now - QUIET_US)
    return list(rows[:MOST_CLOSED])


def open_by_kind() -> dict[str, int]:
    """How many peers of the installation are left alone, by kind. One query."""
    rows = BreakerOpening.objects.filter(closed_at=None, heard_at__gte=clock.now() - LOST_US)
    peers = set(rows.values_list("kind", "project", "slug", "model")[:MOST_CLOSED])
    return {kind: sum(peer[0] == kind for peer in peers) for kind in BreakerOpening.KINDS}


def state_of(opening: BreakerOpening, now: int) -> str:
    """One of STATES. `half_open`: the next call is let through as a probe. `lost`: its process is not heard of."""
    if opening.closed_at is not None:
        return "closed"
    if now - opening.heard_at > LOST_US:
        return "lost"
    return "half_open" if opening.probe_at <= now else "open"


@transaction.atomic
def close(project: Project, number: int, by: User) -> BreakerOpening:
    """Closes the breaker of that peer in every process, which heed it within a second. Gives the row that was named.

    Raises NotFound, and Conflict where it is closed already.
    """
    opening = BreakerOpening.objects.filter(project=project, pk=number).first()
    if opening is None:
        raise NotFound(f"There is no breaker {ids.encode(number)!r} in this project.")
    _lock(project.pk)
    rows = _of_peer(opening)
    if not rows.update(closed_at=clock.now(), closing="person", closed_by=by.username):
        raise Conflict("This breaker is closed already: calls go out again.")
    audit.record("breaker.closed", _thing(opening), by, project, {**_peer(opening), "by": "person"})
    opening.refresh_from_db()
    return opening


@transaction.atomic
def store(entry: "Entry", process: str, closing: str) -> None:
    """Writes an opening of this process as it is now; `closing` says why where it is closed.

    The audit log has a line when the first process leaves a peer alone, and when the last one calls it again.
    """
    kind, project_id, slug, *model = entry.key
    changing = {
        "probe_at": entry.probe_at,
        "heard_at": clock.now(),
        "failures": entry.failures,
        "refused": entry.refused,
        "code": entry.code,
        "message": entry.message,
        "runs": entry.runs,
        "closed_at": entry.closed_at,
        "closing": closing if entry.closed_at is not None else "",
    }
    if not entry.stored or entry.closed_at is not None:
        _lock(project_id)
    name = {"project_id": project_id, "kind": kind, "slug": slug, "model": "".join(model)[:200]}
    if entry.stored:
        if not BreakerOpening.objects.filter(pk=entry.id, closed_at=None).update(**changing):
            return  # a person closed it meanwhile, and is on record
        opening = BreakerOpening(pk=entry.id, **name, **changing)
    else:
        opening = BreakerOpening.objects.create(
            pk=entry.id, process=process, opened_at=entry.opened_at, **name, **changing
        )
        _tell(opening, "opened", {"failures": entry.failures, "error": entry.code, "run": entry.runs[:1]})
    if entry.closed_at is not None:
        _tell(opening, "closed", {"by": closing})


def closed_among(numbers: Collection[int]) -> list[int]:
    """Those of these rows that are not open any more, or gone."""
    if not numbers:
        return []
    rows = BreakerOpening.objects.filter(pk__in=list(numbers), closed_at=None)
    return list(set(numbers) - set(rows.values_list("pk", flat=True)))


def hear(refused: Mapping[int, int], now: int) -> None:
    """The process of these rows lives; {number: calls turned away so far}."""
    for number, count in refused.items():
        BreakerOpening.objects.filter(pk=number, closed_at=None).update(heard_at=now, refused=count)


def void() -> None:
    """Before the only process of this installation starts: what others left open is closed."""
    BreakerOpening.objects.filter(closed_at=None).update(closed_at=clock.now(), closing="ended")


def sweep() -> None:
    """Closes what a dead process left open, and drops what is over for 30 days, or is not among the newest 5,000."""
    now = clock.now()
    dead = BreakerOpening.objects.filter(closed_at=None, heard_at__lt=now - VOID_US)
    dead.update(closed_at=now, closing="ended")
    closed = BreakerOpening.objects.filter(closed_at__isnull=False)
    closed.filter(closed_at__lt=now - KEPT_US).delete()
    oldest = closed.order_by("-id").values_list("pk", flat=True)[MOST_CLOSED : MOST_CLOSED + 1].first()
    if oldest is not None:
        closed.filter(pk__lte=oldest).delete()


def _lock(project_id: int) -> None:
    """Until the transaction ends: of processes that open or close one peer at a moment each sees the others' rows."""
    Project.objects.select_for_update(no_key=True).only("pk").filter(pk=project_id).first()


def _tell(opening: BreakerOpening, act: str, data: Mapping) -> None:
    alive = Q(heard_at__gte=clock.now() - LOST_US)
    if not _of_peer(opening).filter(alive).exclude(pk=opening.pk).exists():
        project = Project(pk=opening.project_id)
        audit.record(f"breaker.{act}", _thing(opening), None, project, {**_peer(opening), **data})


def _of_peer(opening: BreakerOpening) -> QuerySet[BreakerOpening]:
    peer = {name: getattr(opening, name) for name in ("project_id", "kind", "slug", "model")}
    return BreakerOpening.objects.filter(**peer, closed_at=None)


def _thing(opening: BreakerOpening) -> str:
    return f"{opening.kind}/{opening.slug}"


def _peer(opening: BreakerOpening) -> dict[str, str]:
    return {"model": opening.model} if opening.model else {}
