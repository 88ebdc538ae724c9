"""What Baton's commands share: a refusal is one line on standard error and an exit code, never a traceback."""

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from governance.chain import sealing
from governance.models import Project, User
from governance.refusals import Conflict, Forbidden, NotFound, Refused

REFUSED, WRONG_ARGUMENTS = 1, 2


class BatonCommand(BaseCommand):
    """Exit 1 for what was refused, 2 for wrong arguments (argparse exits so too)."""

    requires_system_checks = ()
    makes_tables = False  # whether it sets a new installation up, or says what does
    seals = True  # whether what it did is sealed in the audit log at its end

    def execute(self, *args, **options):
        try:
            if self.makes_tables and is_new():
                call_command("migrate", verbosity=0, interactive=False)
            answer = super().execute(*args, **options)
            if self.seals:
                sealing.seal_all()  # no server may be running that would
            return answer
        except Refused as error:
            raise CommandError("\n".join(map(line_of, error.problems)), returncode=REFUSED) from error
        except (Conflict, Forbidden, NotFound) as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        except DatabaseError as error:
            raise CommandError(sentence_of(error), returncode=REFUSED) from error


def is_new() -> bool:
    """Whether nothing was ever set up in this database. Raises DatabaseError where it cannot be reached."""
    return User._meta.db_table not in connection.introspection.table_names()


def sentence_of(error: DatabaseError) -> str:
    first = str(error).strip().splitlines()[0]
    try:
        if is_new():
            where = settings.DATA_DIR if connection.vendor == "sqlite" else "the database of DATABASE_URL"
            return (
                f"Nothing is set up yet in {where}: start manage.py serve, which sets it up and prints a sign-in link "
                "(manage.py migrate makes the tables alone)."
            )
    except DatabaseError:
        pass
    return f"The database cannot be used ({first}). Run manage.py migrate first."


def line_of(problem) -> str:
    """`flows/support.yaml: /nodes/3: There is no agent …`"""
    return ": ".join(part for part in (problem.file, problem.pointer, problem.message) if part)


def user_named(username: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(
            f"There is no user {username!r}: manage.py token {username} makes one.", returncode=REFUSED
        )
    return user


def project_named(slug: str) -> Project:
    project = Project.objects.filter(slug=slug).first()
    if project is None:
        known = ", ".join(Project.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none yet"
        raise CommandError(f"There is no project {slug!r}; there are: {known}.", returncode=REFUSED)
    return project
