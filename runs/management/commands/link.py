"""`manage.py link USERNAME`: a new one-time sign-in link."""

from django.conf import settings

from governance import accounts
from runs.engine.folder import FolderLock
from runs.management.base import BatonCommand, user_named

HERE = "http://127.0.0.1:8000"


class Command(BatonCommand):
    help = "Prints a link that signs in once, within a day. BATON_PUBLIC_URL says where Baton is reached."

    def add_arguments(self, parser) -> None:
        parser.add_argument("username", metavar="USERNAME")

    def handle(self, *, username: str, **options) -> None:
        secret = accounts.make_link(user_named(username), None)
        self.stdout.write(f"{settings.PUBLIC_URL or served_at()}/sign-in/{secret}/")


def served_at() -> str:
    """Where the server of this data folder listens, or listened last."""
    address = FolderLock(settings.DATA_DIR).holder().rpartition(" ")[2]
    return address.rstrip("/") if address.startswith("http") else HERE
