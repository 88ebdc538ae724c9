"""One person, one seat: who answers for a participant of a team does not answer for another one in the same step.

Its item says by its `subject` whose seat it is (`seat`) and who else takes part (`seats`); the same seat may be answered
by the same person again, round after round.
"""

from django.utils.translation import gettext as _

from governance.models import Approval, Decision, User


def taken(approval: Approval, user: User) -> str:
    """Why `user` cannot answer this one, as a sentence; "" where they can, or where it is no seat. At most one query."""
    seat = approval.subject.get("seat")
    if not seat:
        return ""
    own = f"user:{user.username}"
    if own != seat and own in approval.subject.get("seats", ()):
        return _(
            "You take part in this team as %(own)s: answer for that only, and leave %(seat)s to another."
        ) % {"own": own, "seat": seat}
    said = Decision.objects.filter(
        by=user,
        approval__run_id=approval.run_id,
        approval__node=approval.node,
        approval__iteration=approval.iteration,
    )
    for subject in said.exclude(approval=approval).values_list("approval__subject", flat=True):
        if subject.get("seat", seat) != seat:
            return _("You have answered for %(other)s in this team already: leave %(seat)s to another.") % {
                "other": subject["seat"],
                "seat": seat,
            }
    return ""
