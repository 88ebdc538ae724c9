"""The record of who did what to which thing."""

from django.db import models

from governance.models.fields import JsonText
from governance.models.projects import Project


class AuditEntry(models.Model):
    """One act. Appended only; `data` holds before and after, never a secret."""

    project = models.ForeignKey(Project, models.SET_NULL, null=True, related_name="+")
    at = models.BigIntegerField()
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=64)
    object = models.CharField(max_length=200)
    data = JsonText(default=dict)

    class Meta:
        indexes = [models.Index(fields=["project", "-id"])]
