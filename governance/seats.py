"""One person, one seat: who answers for a participant of a team does not answer for another one in the same step.

Its item says by its `subject` whose seat it is (`seat`) and who takes part (`seats`); the same person may answer for
the same seat again, round after round.
"""

from governance.models import Approval, Decision, User


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
