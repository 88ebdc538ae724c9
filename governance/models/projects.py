"""People, projects and who may do what in which."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from knox.models import AbstractAuthToken

from governance import ids

ROLES = ("viewer", "author", "operator", "reviewer", "admin")
LINK_LIFETIME = timedelta(hours=24)


class User(AbstractUser):
    """A person or a program that signs in. `is_staff` makes an admin of the instance."""

    name = models.CharField(max_length=200, blank=True)


class Project(models.Model):
    """The wall between teams: everything else belongs to one.

    `max_running_runs`: so many of its runs work at once, the others stand in line (null: no limit).
    """

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    max_running_runs = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.slug

    def roles_of(self, user: User) -> frozenset[str]:
        """The roles of `user` here; empty for a stranger."""
        membership = self.memberships.filter(user=user).only("roles").first()
        return frozenset(membership.roles) if membership else frozenset()


class Membership(models.Model):
    """One person in one project, with one or more roles."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    roles = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="one_membership")]


class Group(models.Model):
    """Named people of a project, to be asked together."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="groups")
    slug = models.SlugField(max_length=64)
    members = models.ManyToManyField(User, related_name="baton_groups")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "slug"], name="one_group")]


class ApiToken(AbstractAuthToken):
    """A program's key, stored hashed; with a project it opens nothing else. `last_used_at` is right to the minute."""

    id = models.BigIntegerField(default=ids.new_id, unique=True, editable=False)
    name = models.CharField(max_length=200, blank=True)
    project = models.ForeignKey(Project, models.CASCADE, null=True, related_name="tokens")
    last_used_at = models.DateTimeField(null=True)


class SignInLink(models.Model):
    """A link that signs in once, within a day; only its digest is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="links")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    @classmethod
    def create_for(cls, user: User) -> str:
        """Makes a link and returns its secret part, which is not kept."""
        token = secrets.token_urlsafe(32)
        cls.objects.create(
            user=user,
            digest=cls.digest_of(token),
            expires_at=timezone.now() + LINK_LIFETIME,
        )
        return token

    @classmethod
    def redeem(cls, token: str) -> User | None:
        """The user, once; None for a used, expired or unknown link. The update decides between two clicks."""
        fresh = cls._fresh(token)
        link = fresh.select_related("user").first()
        if link is None or not link.user.is_active or not fresh.update(used_at=timezone.now()):
            return None
        return link.user

    @classmethod
    def is_open(cls, token: str) -> bool:
        """Whether the link would sign its user in now; asking does not use it up."""
        return cls._fresh(token).filter(user__is_active=True).exists()

    @classmethod
    def _fresh(cls, token: str) -> models.QuerySet:
        return cls.objects.filter(digest=cls.digest_of(token), used_at=None, expires_at__gt=timezone.now())

    @staticmethod
    def digest_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()
