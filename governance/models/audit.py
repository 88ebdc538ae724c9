"""The record of who did what to which thing."""

from django.db import models
from django.db.models import Q

from governance.models.fields import JsonText
from governance.models.projects import Project


class AuditEntry(models.Model):
    """One act. Appended only; `data` holds before and after, never a secret.

    Rows commit without a place. governance.sealing gives them their `seq` (1, 2, 3 … in a project; acts that belong
    to none have a chain of their own), the hash of the entry before (`prev`) and their own `hash`. `origin` says from
    where: {via, address?, agent?, token?, session?}.
    """

    # A project that has a record cannot go: the record would lose its place.
    project = models.ForeignKey(Project, models.PROTECT, null=True, related_name="+")
    at = models.BigIntegerField()
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=64)
    object = models.CharField(max_length=200)
    data = JsonText(default=dict)
    origin = JsonText(default=dict)
    seq = models.BigIntegerField(null=True)
    prev = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["project", "-id"]),
            models.Index(fields=["project", "actor", "-id"]),
            models.Index(fields=["project", "object", "-id"]),
            models.Index(fields=["project", "at"]),
            models.Index(fields=["id"], condition=Q(seq=None), name="audit_unsealed"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["project", "seq"], name="one_place_in_a_chain"),
            models.UniqueConstraint(
                fields=["seq"], condition=Q(project=None), name="one_place_outside_projects"
            ),
        ]
