"""How often a password may be tried: five times in a row for one account from one address, then 15 minutes of nothing.

Design note. django-axes was looked at: it keeps what was typed as plain text, and people type passwords into the field
of the name. Here a row is found by a keyed digest. A try is counted before the password is looked at, so that a hundred
at the same moment are still five; a right password takes the count back. Names that nobody has are counted like
others: the answer tells no account from none. A one-time link opens a locked account.
"""

import unicodedata
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from governance.models import SignInTries

MOST = 5
LOCKED_FOR = timedelta(minutes=15)


def seconds_locked(username: str, address: str) -> int:
    """Counts one more try. 0: look at the password; else how many seconds the lock still holds."""
    key, now = _key(username, address), timezone.now()
    with transaction.atomic():
        SignInTries.objects.filter(last_at__lte=now - LOCKED_FOR).delete()
        SignInTries.objects.bulk_create([SignInTries(key=key, last_at=now)], ignore_conflicts=True)
        tries = SignInTries.objects.select_for_update().get(key=key)
        if tries.count >= MOST:
            return max(1, round((tries.last_at + LOCKED_FOR - now).total_seconds()))
        tries.count, tries.last_at = tries.count + 1, now
        tries.save(update_fields=["count", "last_at"])
    return 0


def forget(username: str, address: str) -> None:
    """The password was right: the tries before it do not count."""
    SignInTries.objects.filter(key=_key(username, address)).delete()


def _key(username: str, address: str) -> str:
    # As the form reads names, and more: every spelling that could mean one account is counted together.
    same = unicodedata.normalize("NFKC", username).strip().casefold()
    return salted_hmac("governance.lockout", f"{same}\n{address}", algorithm="sha256").hexdigest()
