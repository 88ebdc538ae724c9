"""The demo project: made on the first start, never touched again; and the sample service behind its tools."""

import logging

from django.conf import settings
from django.db import transaction

from flows import gallery
from governance import accounts, audit, documents, people
from governance.models import Document, Project, User
from registry import sample

log = logging.getLogger(__name__)

PROJECT, NAME, ADMIN = "demo", "Demo", "admin"


class NoServices:
    """In place of services that could not be started."""

    def stop(self) -> None:
        """There is nothing to stop."""


def prepare() -> str | None:
    """The first start makes the admin and the demo project, and gives the token of a one-time sign-in link.

    The installation has started before where it has an admin: then nothing is looked at, and nothing changed.
    """
    if User.objects.filter(is_staff=True).exists():
        return None
    with transaction.atomic():
        user, created = _admin()
        project = _project(user)
        if not Document.objects.filter(project=project).exists():
            _make_office()
            documents.apply(project, {**gallery.texts(gallery.AT_FIRST), **sample.office.tools()}, user)
        return accounts.make_link(user, None) if created else None


def start_services() -> "sample.SampleService | NoServices":
    """The sample service. Baton serves without it, too: then only the demo's tools fail, and the log says why."""
    try:
        return sample.start(settings.DATA_DIR / "sample", PROJECT)
    except (sample.SampleUnusable, OSError) as error:
        log.warning("The demo's sample service does not run, so the demo's tools will fail: %s", error)
        return NoServices()


def _make_office() -> None:
    """The database that two of the demo's tools read. The demo is made without it, too."""
    try:
        sample.office.make(PROJECT)
    except sample.SampleUnusable as error:
        log.warning("The demo's database is not there, so two of its tools will fail: %s", error)


def _admin() -> tuple[User, bool]:
    user = User.objects.filter(username=ADMIN).first()
    created = user is None
    if created:
        user = people.create_user(ADMIN, None, name="Admin")
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    audit.record("user.promote", f"user/{ADMIN}", None, None)
    return user, created


def _project(admin: User) -> Project:
    project = Project.objects.filter(slug=PROJECT).first()
    if project is None:
        return people.create_project(PROJECT, NAME, admin)
    people.add_member(project, admin, ["admin"], None)
    return project
