"""Members of a project: who is in it with which roles, new ones, other roles, the end of a membership."""

from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from governance import access, accounts, people
from governance.models import Membership, Project, User
from governance.models.projects import ROLES
from governance.refusals import Conflict, NotFound
from runs.api.people import link_address
from runs.views import frame
from runs.views.frame import Crumb
from runs.views.settings import page, paging
from runs.views.settings.member_forms import NewMemberForm, RolesForm, rights

LONGEST = 150
FIELDS = {"user": "username", "roles": "roles"}
BY_NAME = paging.Column("user__username")


@dataclass(frozen=True, slots=True)
class Added:
    """A new member; `link` signs a user in once who was made with it, else it is empty."""

    user: User
    link: str = ""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def member_list(request: HttpRequest, project: str) -> HttpResponse:
    """The members, and the form for another. Posted, the answer alone shows a new user's sign-in link."""
    found = frame.project(request, project, "administer" if request.method == "POST" else "read")
    blank = NewMemberForm(makes_users=request.user.is_staff)
    if request.method != "POST":
        return shown(request, found, blank)
    form, added = NewMemberForm(request.POST, makes_users=request.user.is_staff), []
    status = 422
    if form.is_valid():
        status = page.attempt(form, lambda: added.append(add(request, found, form)), FIELDS)
    if not added:
        return shown(request, found, form, None, status)
    if added[0].link:
        return shown(request, found, blank, added[0], 201)
    messages.success(request, _("%(user)s is a member now.") % {"user": added[0].user.username})
    return redirect("members", project)


def add(request: HttpRequest, project: Project, form: NewMemberForm) -> Added:
    """Makes the user a member, and the user where there is none and one may. Raises Conflict, Refused."""
    asked = form.cleaned_data
    with transaction.atomic():
        user = User.objects.filter(username=asked["username"]).first()
        if user is not None and project.memberships.filter(user=user).exists():
            raise Conflict(
                _("%(user)s is a member already: change the roles in the list.") % {"user": user.username}
            )
        link = ""
        if user is None:
            user, link = new_user(request, asked)
        people.add_member(project, user, asked["roles"], request.user)
    return Added(user, link)


def new_user(request: HttpRequest, asked: dict) -> tuple[User, str]:
    """The user, and the address that signs in once. Raises Conflict for who may make none."""
    if not request.user.is_staff:
        sentence = _("There is no user “%(user)s”. An admin of this installation can make one.")
        raise Conflict(sentence % {"user": asked["username"]})
    user = people.create_user(asked["username"], request.user, name=asked["name"], email=asked["email"])
    return user, link_address(request, accounts.make_link(user, request.user))


def shown(
    request: HttpRequest,
    project: Project,
    form: NewMemberForm,
    added: Added | None = None,
    status: int = 200,
) -> HttpResponse:
    asked = request.GET.get("q", "").replace("\0", "")[:LONGEST]
    context = {
        "page": paging.cut(request, matching(project, asked), BY_NAME, {"q": asked}),
        "total": project.memberships.count(),
        "asked": asked,
        "form": form,
        "added": added,
        "roles_of_a_project": ROLES,
        "rights_of_roles": rights(),
    }
    return page.shown(
        request,
        project,
        "members",
        context,
        template="settings/members.html",
        title=_("Members and roles"),
        status=status,
    )


def matching(project: Project, asked: str) -> QuerySet[Membership]:
    rows = project.memberships.select_related("user")
    if not asked:
        return rows
    return rows.filter(Q(user__username__icontains=asked) | Q(user__name__icontains=asked))


@require_http_methods(["GET", "HEAD", "POST"])
def member_show(request: HttpRequest, project: str, member: int) -> HttpResponse:
    """One member's roles; posted, others from now on."""
    found = frame.project(request, project, "administer" if request.method == "POST" else "read")
    membership = member_of(found, member)
    if request.method != "POST":
        return member_page(request, membership, RolesForm(initial={"roles": membership.roles}))
    form, user = RolesForm(request.POST), membership.user
    if not form.is_valid():
        return member_page(request, membership, form, 422)
    status = page.attempt(
        form, lambda: people.add_member(found, user, form.cleaned_data["roles"], request.user)
    )
    if status != 200:
        return member_page(request, membership, form, status)
    messages.success(request, _("The roles of %(user)s are saved.") % {"user": user.username})
    return redirect("members", project)


@require_POST
def member_remove(request: HttpRequest, project: str, member: int) -> HttpResponse:
    """Ends the membership. Who leaves a project themselves goes on to their other projects."""
    found = frame.project(request, project, "administer")
    membership = member_of(found, member)
    form, user = RolesForm(initial={"roles": membership.roles}), membership.user
    try:
        people.remove_member(found, user, request.user)
    except Conflict as last_admin:
        return member_page(request, membership, form, 409, str(last_admin))
    messages.success(request, _("%(user)s is no member any more.") % {"user": user.username})
    return redirect("home") if user == request.user else redirect("members", project)


def member_of(project: Project, member: int) -> Membership:
    membership = project.memberships.select_related("user", "project").filter(id=member).first()
    if membership is None:
        raise NotFound(_("There is no such member in this project."))
    return membership


def member_page(
    request: HttpRequest, membership: Membership, form: RolesForm, status: int = 200, refusal: str = ""
) -> HttpResponse:
    project, user = membership.project, membership.user
    context = {
        "member": membership,
        "form": form,
        "refusal": refusal,
        "groups": list(project.groups.filter(members=user).order_by("slug").values_list("slug", flat=True)),
        "may_edit": access.may(request.user, project, "administer"),
    }
    above = Crumb(_("Members and roles"), reverse("members", args=[project.slug]))
    return page.shown(
        request,
        project,
        "members",
        context,
        template="settings/member.html",
        title=user.name or user.username,
        above=above,
        status=status,
    )
