"""API tokens that open a project: one's own, and for admins everybody's."""

from django.conf import settings
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from governance import access, ids, tokens
from governance.models import ApiToken, Project, User
from governance.refusals import NotFound
from runs.views import confirmation, frame
from runs.views.settings import page, paging
from runs.views.shell import new_token
from runs.views.shell.account_forms import TokenForm
from runs.views.shell.new_token import NewToken

NEWEST = paging.Column("id", ids.decode, ids.encode, newest=True)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def token_list(request: HttpRequest, project: str) -> HttpResponse:
    """The tokens; posted, the answer alone shows the new one."""
    found = frame.project(request, project)
    if request.method != "POST":
        return shown(request, found, form_for(request.user, found))
    form = form_for(request.user, found, request.POST)
    made, status = new_token.make(request, form)
    return shown(request, found, form_for(request.user, found) if made else form, made, status)


def form_for(user: User, project: Project, data: QueryDict | None = None) -> TokenForm:
    """Opens this project, or all of one's own: others are named on the account's page."""
    form = TokenForm(user, data)
    opens = form.fields["project"]
    opens.choices = [choice for choice in opens.choices if choice[0] in ("", project.slug)]
    opens.initial = project.slug
    return form


def shown(
    request: HttpRequest, project: Project, form: TokenForm, made: NewToken | None = None, status: int = 200
) -> HttpResponse:
    sees_all = access.may(request.user, project, "administer")
    rows = opening(project)
    context = {
        "page": paging.cut(request, rows if sees_all else rows.filter(user=request.user), NEWEST),
        "sees_all": sees_all,
        "token": form,
        "made": made,
        "launch_address": launch_address(request, project),
    }
    return page.shown(
        request,
        project,
        "project-tokens",
        context,
        template="settings/tokens.html",
        title=_("API tokens"),
        status=status,
    )


def launch_address(request: HttpRequest, project: Project) -> str:
    """Where programs launch runs of the project. Behind a proxy only BATON_PUBLIC_URL knows it."""
    path = f"/api/v1/projects/{project.slug}/runs/"
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)


def opening(project: Project) -> QuerySet[ApiToken]:
    """Tokens that work and open the project: those bound to it, and the unbound ones of its members."""
    live = ApiToken.objects.filter(Q(expiry=None) | Q(expiry__gt=timezone.now()))
    unbound = Q(project=None, user__memberships__project=project)
    bound = Q(project=project, user__memberships__project=project)
    return live.filter(bound | unbound).distinct().select_related("user", "project")


@require_http_methods(["GET", "HEAD", "POST"])
def token_destroy(request: HttpRequest, project: str, token: int) -> HttpResponse:
    """One's own, or for admins anybody's that opens this project alone."""
    found = frame.project(request, project)
    rows = ApiToken.objects.select_related("project", "user").filter(id=token)
    mine = Q(user=request.user)
    admin = access.may(request.user, found, "administer")
    revoked = rows.filter(mine | Q(project=found) if admin else mine).first()
    if revoked is None:
        raise NotFound(_("There is no such token that you can revoke here."))
    if not confirmation.is_given(request):
        return confirmation.asked(
            request,
            **new_token.revocation(revoked, found.name),
            back=reverse("project-tokens", args=[project]),
            project=found,
            section="settings",
        )
    tokens.delete(revoked, request.user)
    messages.success(request, _("Token %(name)s revoked.") % {"name": revoked.name or revoked.token_key})
    return redirect("project-tokens", project)
