"""The project's own values: its name, and how many of its runs work at once."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from governance import access, people
from governance.models import Project
from governance.people import MAX_NAME
from runs import insights_today, launch
from runs.views import frame
from runs.views.settings import page

MOST_RUNS = 1_000_000


class ProjectForm(forms.Form):
    """What admins of a project may change of it."""

    name = forms.CharField(max_length=MAX_NAME, label=gettext_lazy("Name"))
    max_running_runs = forms.IntegerField(
        min_value=1,
        max_value=MOST_RUNS,
        required=False,
        label=gettext_lazy("Runs at once"),
        help_text=gettext_lazy("So many work at the same time, the others stand in line. Empty: no limit."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def settings_show(request: HttpRequest, project: str) -> HttpResponse:
    """The values; posted by an admin, they are saved."""
    found = frame.project(request, project, "administer" if request.method == "POST" else "read")
    form, status = ProjectForm(initial=values_of(found)), 200
    if request.method == "POST":
        form = ProjectForm(request.POST)
        status = 422
        if form.is_valid():
            status = page.attempt(form, lambda: change(request, found, form), {"name": "name"})
        if status == 200:
            messages.success(request, _("Settings saved."))
            return redirect("project-settings", project)
    context = {
        "form": form,
        "standing": insights_today.standing(found),
        "may_edit": access.may(request.user, found, "administer"),
    }
    return page.shown(
        request,
        found,
        "project-settings",
        context,
        template="settings/project.html",
        title=_("Project settings"),
        status=status,
    )


def values_of(project: Project) -> dict[str, object]:
    return {"name": project.name, "max_running_runs": project.max_running_runs}


def change(request: HttpRequest, project: Project, form: ProjectForm) -> None:
    """Only what is another value than before is a change, and stands in the audit log."""
    asked = form.cleaned_data
    if asked["name"] != project.name:
        people.rename_project(project, asked["name"], request.user)
    if asked["max_running_runs"] != project.max_running_runs:
        launch.limit_runs(project, asked["max_running_runs"], request.user)
