"""API tokens: made, shown once, deleted. What one opens is asked in governance.access."""

from datetime import datetime, timedelta

from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from governance import audit, ids
from governance.models import ApiToken, Project, User
from governance.refusals import Conflict

MAX_TOKENS = 100
USED_EVERY = timedelta(minutes=1)


def create(
    user: User, name: str, project: Project | None = None, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """(token, its text: kept hashed, never shown again). Raises Conflict where the user has too many."""
    with transaction.atomic():
        if user.auth_token_set.count() >= MAX_TOKENS:
            raise Conflict(f"There are {MAX_TOKENS} tokens of yours: delete one that is not used any more.")
        token, text = ApiToken.objects.create(user, expiry=None, name=name, project=project)
        if expires_at is not None:
            token.expiry = expires_at
            token.save(update_fields=["expiry"])
        data = {"name": name, "expires_at": expires_at.isoformat() if expires_at else None}
        audit.record("token.create", f"token/{ids.encode(token.id)}", user, project, data)
    return token, text


def used(token: ApiToken) -> None:
    """Notes that it opened something, at most once a minute: a program that asks all day writes little."""
    now = timezone.now()
    before = now - USED_EVERY
    if token.last_used_at is not None and token.last_used_at > before:
        return
    stale = ApiToken.objects.filter(digest=token.digest).filter(
        Q(last_used_at=None) | Q(last_used_at__lte=before)
    )
    try:
        stale.update(last_used_at=now)
    except OperationalError:
        return  # a database that takes no writes just now still answers questions
    token.last_used_at = now


def delete(token: ApiToken, by: User) -> None:
    with transaction.atomic():
        audit.record("token.delete", f"token/{ids.encode(token.id)}", by, token.project, {"name": token.name})
        token.delete()
