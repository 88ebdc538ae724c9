"""Wrong passwords, counted so that they can be stopped."""

from django.db import models


class SignInTries(models.Model):
    """Passwords tried in a row for one account from one address, the last at `last_at`.

    `key` is a keyed digest of both: what people type into the wrong field is not kept. The verbs are in
    governance.lockout.
    """

    key = models.CharField(max_length=64, unique=True)
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(db_index=True)
