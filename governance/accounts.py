"""One's own account: the name, the address, the password. Who one is, the session says."""

from django.db import transaction

from governance import audit
from governance.models import User


def change_profile(user: User, name: str, email: str) -> None:
    """Gives the person another name or e-mail address; both were checked by the form."""
    before = {"name": user.name, "email": user.email}
    after = {"name": name, "email": email}
    if after == before:
        return
    with transaction.atomic():
        user.name, user.email = name, email
        user.save(update_fields=["name", "email"])
        audit.record("user.change", f"user/{user.username}", user, None, {"before": before, "after": after})


def change_password(user: User, password: str) -> None:
    """Sets the password. Every session of the person ends by that, and links that were not used yet are void."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        user.links.filter(used_at=None).delete()
        audit.record("user.password", f"user/{user.username}", user, None)
