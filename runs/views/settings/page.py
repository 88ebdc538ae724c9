"""The frame of the settings pages: the list of them beside each, and what a verb refused shown in the form."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from governance.models import Project
from governance.refusals import Conflict, Refused
from runs.views import frame
from runs.views.frame import Crumb

PEOPLE = ("members", "groups")  # these have an entry of their own in the navigation


def shown(
    request: HttpRequest,
    project: Project,
    here: str,
    context: Mapping[str, Any],
    *,
    template: str,
    title: str,
    above: Crumb | None = None,
    status: int = 200,
) -> HttpResponse:
    """A settings page; `here` names the entry of the list that is marked."""
    start = Crumb(_("Settings"), reverse("project-settings", args=[project.slug]))
    crumbs = [start, *([above] if above else []), Crumb(title)]
    section = "members" if here in PEOPLE else "settings"
    own = {"settings_here": here, **context}
    return frame.shown(
        request, template, own, title=title, project=project, section=section, crumbs=crumbs, status=status
    )


def attempt(form: forms.Form, verb: Callable[[], Any], fields: Mapping[str, str] | None = None) -> int:
    """Calls the verb for a valid form: 200, or the status of its refusal with what was wrong in the form.

    `fields` says at which field a problem is shown, by the first part of its pointer; else it stands above them.
    """
    try:
        verb()
    except Refused as refused:
        for problem in refused.problems:
            field = (fields or {}).get(problem.pointer.strip("/").partition("/")[0])
            form.add_error(field if field in form.fields else None, problem.message)
        return 422
    except Conflict as conflict:
        form.add_error(None, str(conflict))
        return 409
    return 200
