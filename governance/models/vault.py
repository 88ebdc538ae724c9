"""The vault's rows: which token stands for which value, sealed."""

from django.db import models


class VaultEntry(models.Model):
    """The value behind `<ENTITY_number>` in the runs of one root run; the verbs are in governance.privacy.vault.

    `digest` is a keyed hash of the value, in hex; `ciphertext` is the value sealed for this root, entity and number,
    empty once it expired: then the row only keeps its number from being given out again. `expires_at` in microseconds.
    """

    root_id = models.BigIntegerField()
    entity = models.CharField(max_length=64)
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    ciphertext = models.BinaryField()
    expires_at = models.BigIntegerField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["root_id", "entity", "number"], name="one_token"),
            models.UniqueConstraint(fields=["root_id", "entity", "digest"], name="one_vault_value"),
        ]
