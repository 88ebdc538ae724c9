"""One's own account: the name, the address, the password, coming in and going out. Who one is, the session says."""

from django.db import transaction

from governance import audit, origin
from governance.models import SignInLink, User


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


def make_link(user: User, by: User | None) -> str:
    """A link that signs `user` in once, within a day: its secret part, which is not kept."""
    with transaction.atomic():
        secret = SignInLink.create_for(user)
        audit.record("link.create", f"user/{user.username}", by, None)
    return secret


def signed_in(user: User, by: str, session: str) -> None:
    """Says that a session began: `by` password or link, `session` its mark."""
    origin.add(session=session)
    audit.record("user.sign_in", f"user/{user.username}", user, None, {"by": by})


def signed_out(user: User) -> None:
    audit.record("user.sign_out", f"user/{user.username}", user, None)


def sign_in_failed(username: str) -> None:
    """Says that a password was wrong. People type it into the wrong field: a name that nobody has is not kept."""
    _failed("user.sign_in_failed", username)


def locked_out(username: str, seconds: int) -> None:
    """Says that no password of this name is looked at from that address for so many seconds."""
    _failed("user.lock_out", username, seconds=seconds)


def _failed(action: str, username: str, **data: int) -> None:
    # As the form finds people: a NUL finds nobody, and PostgreSQL could not even be asked.
    user = None if "\0" in username else User.objects.filter(username=username).first()
    audit.record(action, f"user/{user.username}" if user else "user/unknown", None, None, data)
