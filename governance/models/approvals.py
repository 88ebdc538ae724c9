"""What waits for a person, and what people decided."""

from django.db import models

from governance import ids
from governance.models.fields import JsonText
from governance.models.projects import Project, User

KINDS = ("approval", "question", "escalation", "uncertain")
STATUSES = ("pending", "approved", "rejected", "answered", "timed_out", "cancelled")


class Approval(models.Model):
    """An item of the inbox. It names its run by number: governance knows nothing above it.

    `call` is the operation that asked, `subject` what it is (governance.port.ApprovalRequest). `outcome` is what the
    run is told: {decision, payload, by, reason, at}. `remind_at`: somebody still has to be reminded then.
    Times are microseconds. The verbs are in governance.approvals, governance.inbox and governance.reminders.
    """

    id = models.BigIntegerField(primary_key=True, default=ids.new_id)
    project = models.ForeignKey(Project, models.CASCADE, related_name="approvals")
    kind = models.CharField(max_length=16)
    run_id = models.BigIntegerField()
    node = models.CharField(max_length=64)
    iteration = models.IntegerField(default=1)
    item = models.IntegerField(default=-1)  # -1: the node itself, not an item of its map
    call = models.CharField(max_length=160, blank=True)
    title = models.CharField(max_length=500)
    payload = JsonText(null=True)
    schema = JsonText(null=True)
    editable = models.BooleanField(default=False)
    reviewers = JsonText(default=list)
    quorum = models.IntegerField(default=1)
    four_eyes = models.BooleanField(default=False)
    launched_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    on_timeout = models.CharField(max_length=16, default="reject")
    status = models.CharField(max_length=16, default="pending")
    outcome = JsonText(null=True)
    fingerprint = models.CharField(max_length=300)
    reason = models.TextField(blank=True)
    requested_at = models.BigIntegerField()
    due_at = models.BigIntegerField(null=True)
    decided_at = models.BigIntegerField(null=True)
    flow = models.CharField(max_length=64, blank=True)
    subject = JsonText(default=dict)
    remind_at = models.BigIntegerField(null=True)
    reminded_at = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run_id", "node", "iteration", "item", "call", "kind"],
                name="one_approval",
            )
        ]
        indexes = [
            models.Index(fields=["project", "status", "-id"]),
            models.Index(fields=["run_id"]),
            models.Index(
                fields=["project", "-decided_at", "-id"],
                name="approval_decided",
                condition=models.Q(decided_at__isnull=False),
            ),
            models.Index(
                fields=["remind_at"], name="approval_remind", condition=models.Q(remind_at__isnull=False)
            ),
        ]


class Decision(models.Model):
    """What one person said to one approval. `opened_at`: when that person first opened it (governance.review)."""

    approval = models.ForeignKey(Approval, models.CASCADE, related_name="decisions")
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    decision = models.CharField(max_length=16)
    payload = JsonText(null=True)
    reason = models.TextField(blank=True)
    at = models.BigIntegerField()
    opened_at = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["approval", "by"], name="one_decision_each")]


class Opening(models.Model):
    """A reviewer saw one pending approval for the first time."""

    approval = models.ForeignKey(Approval, models.CASCADE, related_name="openings")
    by = models.ForeignKey(User, models.CASCADE, related_name="+")
    at = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["approval", "by"], name="one_opening_each")]
