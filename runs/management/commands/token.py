"""`manage.py token USERNAME [--project SLUG] [--role ROLE]…`: a new API token, bare on the last line."""

from django.core.management.base import CommandError
from django.db import transaction

from governance import people, tokens
from governance.models import Project, User
from governance.models.projects import ROLES
from runs.management.base import WRONG_ARGUMENTS, BatonCommand


class Command(BatonCommand):
    help = "Makes user, project and membership where missing; prints a new API token as the last line."
    makes_tables = True

    def add_arguments(self, parser) -> None:
        parser.add_argument("username", metavar="USERNAME")
        parser.add_argument("--project", metavar="SLUG", help="the project to be a member of")
        parser.add_argument(
            "--role",
            action="append",
            choices=ROLES,
            help="roles in the project from now on; a new member without one is an admin",
        )

    def handle(self, *, username: str, project: str | None, role: list[str] | None, **options) -> None:
        if role and project is None:
            raise CommandError(
                "--role needs --project: roles are held in a project.", returncode=WRONG_ARGUMENTS
            )
        with transaction.atomic():
            user = self.user(username)
            if project is not None:
                self.membership(self.project(project), user, role)
            _, text = tokens.create(user, "made by manage.py token")
        self.stdout.write(text)

    def user(self, username: str) -> User:
        user = User.objects.filter(username=username).first()
        if user is None:
            user = people.create_user(username, None)
            self.stdout.write(f"Made user {username}.")
        return user

    def project(self, slug: str) -> Project:
        project = Project.objects.filter(slug=slug).first()
        if project is None:
            project = people.create_project(slug, slug, None)
            self.stdout.write(f"Made project {slug}.")
        return project

    def membership(self, project: Project, user: User, roles: list[str] | None) -> None:
        if roles is None and project.roles_of(user):
            return
        membership = people.add_member(project, user, roles or ["admin"], None)
        self.stdout.write(f"{user.username} is {', '.join(membership.roles)} in {project.slug}.")
