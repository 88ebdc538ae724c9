"""Whose log a page shows: a project's, or the installation's (what belongs to no project)."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from governance import access
from governance.models import Project
from governance.refusals import Forbidden, NotFound
from runs.views import frame


def log_named(request: HttpRequest, slug: str | None, right: str = "read") -> Project | None:
    """The project, or None for the installation's log, which is there for its admins alone.

    Raises SignInNeeded, NotFound for strangers, Forbidden without `right`.
    """
    if slug is not None:
        return frame.project(request, slug, right)
    frame.signed_in(request)
    try:
        access.require_staff(request.user)
    except Forbidden as error:
        raise NotFound(_("The address is wrong, or what stood here is gone.")) from error
    return None


def address(project: Project | None, page: str = "") -> str:
    """Of the log, or of its `export` or `verification`."""
    name = "-".join(part for part in ("audit", page) if part)
    return reverse(name, args=[project.slug]) if project else reverse(f"installation-{name}")
