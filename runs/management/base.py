"""What Baton's commands share: a refusal is one line on standard error and an exit code, never a traceback."""

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from governance.models import Project, User
from governance.refusals import Conflict, Forbidden, NotFound, Refused

REFUSED, WRONG_ARGUMENTS = 1, 2


class BatonCommand(BaseCommand):
    """Exit 1 for what was refused, 2 for wrong arguments (argparse exits so too)."""

    requires_system_checks = ()

    def execute(self, *args, **options):
        try:
            return super().execute(*args, **options)
        except Refused as error:
            raise CommandError("\n".join(map(line_of, error.problems)), returncode=REFUSED) from error
        except (Conflict, Forbidden, NotFound) as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        except DatabaseError as error:
            sentence = (
                f"The database cannot be used ({str(error).splitlines()[0]}). Run manage.py migrate first."
            )
            raise CommandError(sentence, returncode=REFUSED) from error


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
