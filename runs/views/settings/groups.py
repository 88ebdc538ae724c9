"""Groups of a project: named members who are asked together."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from governance import access, people
from governance.models import Group, Project
from governance.refusals import Conflict, NotFound
from runs.views import frame
from runs.views.frame import Crumb
from runs.views.settings import page, paging
from runs.views.settings.member_forms import GroupForm

FIELDS = {"slug": "slug", "members": "members"}


@require_http_methods(["GET", "HEAD", "POST"])
def group_list(request: HttpRequest, project: str) -> HttpResponse:
    """The groups, and the form for another one."""
    found = frame.project(request, project, "administer" if request.method == "POST" else "read")
    form = GroupForm(usernames(found), request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = page.attempt(form, lambda: make(request, found, form), FIELDS) if form.is_valid() else 422
        if status == 200:
            said = _("The group %(slug)s is there. Approvals can name it now.")
            messages.success(request, said % {"slug": form.cleaned_data["slug"]})
            return redirect("groups", project)
    rows = Group.objects.filter(project=found).prefetch_related("members")
    context = {"page": paging.cut(request, rows, paging.Column("slug")), "form": form}
    return page.shown(
        request,
        found,
        "groups",
        context,
        template="settings/groups.html",
        title=_("Groups"),
        status=status,
    )


def make(request: HttpRequest, project: Project, form: GroupForm) -> None:
    slug = form.cleaned_data["slug"]
    if Group.objects.filter(project=project, slug=slug).exists():
        raise Conflict(
            _("There is a group “%(slug)s” already: open it to change its members.") % {"slug": slug}
        )
    people.put_group(project, slug, form.cleaned_data["members"], request.user)


@require_http_methods(["GET", "HEAD", "POST"])
def group_show(request: HttpRequest, project: str, group: str) -> HttpResponse:
    """One group's members; posted, others from now on."""
    found = frame.project(request, project, "administer" if request.method == "POST" else "read")
    members = members_of(found, group)
    form = GroupForm(usernames(found), request.POST if request.method == "POST" else None, chosen=members)
    del form.fields["slug"]
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            chosen = form.cleaned_data["members"]
            status = page.attempt(form, lambda: people.put_group(found, group, chosen, request.user), FIELDS)
        if status == 200:
            messages.success(request, _("The members of %(slug)s are saved.") % {"slug": group})
            return redirect("groups", project)
    context = {
        "slug": group,
        "form": form,
        "members": members,
        "may_edit": access.may(request.user, found, "administer"),
    }
    above = Crumb(_("Groups"), reverse("groups", args=[project]))
    return page.shown(
        request,
        found,
        "groups",
        context,
        template="settings/group.html",
        title=group,
        above=above,
        status=status,
    )


@require_POST
def group_delete(request: HttpRequest, project: str, group: str) -> HttpResponse:
    found = frame.project(request, project, "administer")
    people.delete_group(found, group, request.user)
    messages.success(request, _("The group %(slug)s is gone.") % {"slug": group})
    return redirect("groups", project)


def usernames(project: Project) -> list[str]:
    """Everybody in the project."""
    return list(project.memberships.order_by("user__username").values_list("user__username", flat=True))


def members_of(project: Project, slug: str) -> list[str]:
    group = Group.objects.filter(project=project, slug=slug).first()
    if group is None:
        raise NotFound(_("There is no group “%(slug)s” in this project.") % {"slug": slug})
    return list(group.members.order_by("username").values_list("username", flat=True))
