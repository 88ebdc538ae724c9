"""API tokens: made, shown once, deleted. What one opens is asked in governance.access."""

from datetime import datetime

from django.db import transaction

from governance import audit, ids
from governance.models import ApiToken, Project, User
from governance.refusals import Conflict

MAX_TOKENS = 100


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


def delete(token: ApiToken, by: User) -> None:
    with transaction.atomic():
        audit.record("token.delete", f"token/{ids.encode(token.id)}", by, token.project, {"name": token.name})
        token.delete()
