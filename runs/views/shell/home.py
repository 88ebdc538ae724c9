"""The start, and a project's home."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import access
from runs.views import frame


@require_safe
def home_show(request: HttpRequest) -> HttpResponse:
    """On to the first project of whoever is signed in."""
    frame.signed_in(request)
    projects = access.projects_of(request.user)
    if projects:
        return redirect("project-home", projects[0][0].slug)
    return frame.shown(request, "shell/no_project.html", {}, title=_("No project yet"))


@require_safe
def project_show(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project)
    return frame.shown(
        request, "shell/project_home.html", {}, title=found.name, project=found, section="home"
    )
