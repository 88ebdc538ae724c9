"""One person, one seat: who answers for a participant of a team does not answer for another one in the same step.

Its item says by its `subject` whose seat it is (`seat`) and who takes part (`seats`); the same person may answer for
the same seat again, round after round.
"""

import json

from django.db.models import Exists, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, StrIndex
from django.db.models.lookups import Exact, GreaterThan

from governance.models import Approval, Decision, User

SEAT = '{"seat": '  # how the subject of such an item begins in its column


def taken(approval: Approval, user: User) -> str:
    """Why `user` cannot answer for this seat, as a sentence; "" where they can. At most one query."""
    seat = approval.subject.get("seat")
    if not seat:
        return ""
    own = f"user:{user.username}"
    if own != seat and own in approval.subject.get("seats", ()):
        return f"You take part in this team as {own}: answer for that only, and leave {seat} to another."
    said = Decision.objects.filter(
        by=user,
        approval__run_id=approval.run_id,
        approval__node=approval.node,
        approval__iteration=approval.iteration,
    )
    for subject in said.exclude(approval=approval).values_list("approval__subject", flat=True):
        other = subject.get("seat", seat)
        if other != seat:
            return f"You have answered for {other} in this team already: leave {seat} to another."
    return ""


def free(items: QuerySet[Approval], user: User) -> QuerySet[Approval]:
    """Those of `items` that `taken` would not refuse to `user`: asked of the database, for lists and their counts.

    The items of a step differ in their subjects by the seat alone: the texts are compared as they are stored.
    """
    said = Decision.objects.filter(
        by=user,
        approval__run_id=OuterRef("run_id"),
        approval__node=OuterRef("node"),
        approval__iteration=OuterRef("iteration"),
    )
    for_another = said.filter(_seated("approval__subject")).exclude(approval__subject=OuterRef("subject"))
    own = json.dumps(f"user:{user.username}")
    takes_part = Q(GreaterThan(_place("subject", own), 0)) & ~Q(Exact(_place("subject", SEAT + own), 1))
    return items.exclude(Q(_seated("subject")) & (Exists(for_another) | takes_part))


def _seated(subject: str) -> Exact:
    return Exact(_place(subject, SEAT), 1)


def _place(subject: str, text: str) -> StrIndex:
    return StrIndex(Cast(subject, TextField()), Value(text))
