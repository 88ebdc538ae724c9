"""Configured things: drafts, immutable versions, activations, and secrets."""

from django.db import models

from governance.models.projects import Project, User


class Document(models.Model):
    """One slug of one kind in one project. `draft` is canonical JSON text; the verbs are in governance.documents.

    `revision` counts the saves of the draft, by anybody; `drafted_by` and `drafted_at` say whose the last one was.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=16)
    slug = models.CharField(max_length=64)
    name = models.CharField(max_length=200, blank=True)
    draft = models.TextField(null=True)
    revision = models.PositiveIntegerField(default=0)
    drafted_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    drafted_at = models.DateTimeField(null=True)
    active = models.ForeignKey("Version", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "kind", "slug"], name="one_document")]


class Version(models.Model):
    """A published document. INVARIANT: never updated. `content` is canonical JSON, `hash` its SHA-256 in hex."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.TextField()
    hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "number"], name="one_version")]


class Activation(models.Model):
    """Who made which version the active one, and when: the answer to `as-of`. No version: it was archived."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="activations")
    version = models.ForeignKey(Version, models.CASCADE, null=True, related_name="activations")
    at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")


class Secret(models.Model):
    """An encrypted value, written and used but never shown."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="secrets")
    name = models.CharField(max_length=100)
    ciphertext = models.BinaryField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="one_secret")]
