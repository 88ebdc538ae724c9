"""The record of who did what: one line an act, written in the transaction of the act.

Where the act came from is beside it (governance.origin); its place and its hashes it gets a moment later
(governance.chain).
"""

from typing import Any

from governance import clock, origin
from governance.models import AuditEntry, Project, User

SYSTEM = "system"


def record(
    action: str,
    object: str,
    actor: User | str | None,
    project: Project | None,
    data: dict[str, Any] | None = None,
) -> AuditEntry:
    """Appends a line: `action` as noun.verb, `object` as kind/slug, `data` before and after, never a secret.

    Call it inside the transaction of the act, so that neither is there without the other.
    """
    return AuditEntry.objects.create(
        project=project,
        at=clock.now(),
        actor=name_of(actor),
        action=action,
        object=object[:200],
        data=data or {},
        origin=origin.current(),
    )


def name_of(actor: User | str | None) -> str:
    """The username that the record shows; `system` where no person asked."""
    if actor is None:
        return SYSTEM
    return actor if isinstance(actor, str) else actor.username
