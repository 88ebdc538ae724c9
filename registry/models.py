"""The registry's memory: answers that may be used again."""

from django.db import models


class CachedReply(models.Model):
    """A model's or tool's answer under the keyed hash of project, version and content.

    Void after `expires_at` (microseconds).
    """

    key = models.CharField(max_length=64, primary_key=True)
    reply = models.TextField()
    expires_at = models.BigIntegerField(db_index=True)
