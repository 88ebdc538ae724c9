"""Reminders: an item of the inbox is due soon once half of its time has passed. Marked and recorded once.

The engine's keeper asks about once a second, in every process; the row says that nobody else has done it.
"""

from django.db import transaction

from governance import audit, clock, ids
from governance.models import Approval

MOST_AT_ONCE = 100


def remind_due(now: int) -> int:
    """Marks what has become due soon by `now` (microseconds); returns how many items that were."""
    found = Approval.objects.filter(remind_at__lte=now).order_by("remind_at")[:MOST_AT_ONCE]
    return sum(
        _remind(approval, now) for approval in found.select_related("project").defer("payload", "schema")
    )


def _remind(approval: Approval, now: int) -> bool:
    with transaction.atomic():
        asked = Approval.objects.filter(pk=approval.pk, remind_at__isnull=False)
        is_ours = asked.filter(status="pending").update(remind_at=None, reminded_at=now) == 1
        if is_ours:
            data = {
                "due_at": clock.show(approval.due_at),
                "reviewers": approval.reviewers,
                "run": ids.encode(approval.run_id),
            }
            audit.record(
                "approval.remind", f"approval/{ids.encode(approval.pk)}", None, approval.project, data
            )
        else:
            asked.update(remind_at=None)  # decided before anybody had to be reminded
    return is_ours
