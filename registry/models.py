"""The registry's memory: answers that may be used again, and peers that are left alone."""

from django.db import models
from django.db.models import Q

from governance import ids
from governance.models import Project
from governance.models.fields import JsonText


class CachedReply(models.Model):
    """A model's or tool's answer under the keyed hash of project, version and content.

    Void after `expires_at` (microseconds).
    """

    key = models.CharField(max_length=64, primary_key=True)
    reply = models.TextField()
    expires_at = models.BigIntegerField(db_index=True)


class BreakerOpening(models.Model):
    """One breaker of one process that opened, until it closed. Times are microseconds.

    `model` is set for agents alone, whose breakers are kept by model. `code` and `message` are of the last failure,
    without secrets; `runs` are the first that saw it. `heard_at`: when its process last wrote here. `closing`: probe
    (one call did well), person (`closed_by`), ended (its process did). The verbs are in registry.openings.
    """

    KINDS = ("provider", "agent", "tool")

    id = models.BigIntegerField(primary_key=True)
    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8)
    slug = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=200, blank=True)
    process = models.CharField(max_length=80)
    opened_at = models.BigIntegerField()
    probe_at = models.BigIntegerField()
    heard_at = models.BigIntegerField()
    failures = models.IntegerField()
    refused = models.IntegerField(default=0)
    code = models.CharField(max_length=32)
    message = models.CharField(max_length=300)
    runs = JsonText(default=list)
    closed_at = models.BigIntegerField(null=True, db_index=True)
    closing = models.CharField(max_length=8, blank=True)
    closed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["project", "-id"]),
            models.Index(fields=["project"], condition=Q(closed_at=None), name="breaker_open"),
        ]

    @property
    def public_id(self) -> str:
        return ids.encode(self.id)
