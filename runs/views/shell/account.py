"""One's own account: name, password, API tokens, and how pages look in this browser."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.password_validation import password_validators_help_texts
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance import accounts, tokens
from governance.models import ApiToken
from governance.refusals import NotFound
from runs.views import confirmation, frame
from runs.views.shell import new_token
from runs.views.shell.account_forms import AppearanceForm, ProfileForm, TokenForm, password_form


@never_cache
@require_safe
def account_show(request: HttpRequest) -> HttpResponse:
    frame.signed_in(request)
    return shown(request)


@require_POST
def profile_update(request: HttpRequest) -> HttpResponse:
    frame.signed_in(request)
    form = ProfileForm(request.user, request.POST)
    if not form.is_valid():
        return shown(request, status=422, profile=form)
    accounts.change_profile(request.user, form.cleaned_data["name"], form.cleaned_data["email"])
    messages.success(request, _("Name and e-mail saved."))
    return redirect("account")


@sensitive_post_parameters()
@require_POST
def password_update(request: HttpRequest) -> HttpResponse:
    """Ends every other session of this person; this one goes on."""
    frame.signed_in(request)
    form = password_form(request.user, request.POST)
    if not form.is_valid():
        return shown(request, status=422, password=form)
    accounts.change_password(request.user, form.cleaned_data["new_password1"])
    update_session_auth_hash(request, request.user)
    messages.success(request, _("Password saved. You are signed out everywhere else."))
    return redirect("account")


@never_cache
@require_POST
def token_create(request: HttpRequest) -> HttpResponse:
    """The answer alone shows the token: it is not kept, so there is no page to go on to."""
    frame.signed_in(request)
    form = TokenForm(request.user, request.POST)
    made, status = new_token.make(request, form)
    if made is None:
        return shown(request, status=status, token=form)
    return shown(request, status=status, made=made.token, made_text=made.text)


@require_http_methods(["GET", "HEAD", "POST"])
def token_destroy(request: HttpRequest, token: int) -> HttpResponse:
    frame.signed_in(request)
    found = ApiToken.objects.select_related("project").filter(user=request.user, id=token).first()
    if found is None:
        raise NotFound(_("You have no such token."))
    if not confirmation.is_given(request):
        asked, project = new_token.revocation(found, _("your account")), frame.last_project(request)
        return confirmation.asked(request, **asked, back=reverse("account"), project=project)
    tokens.delete(found, request.user)
    messages.success(request, _("Token %(name)s revoked.") % {"name": found.name})
    return redirect("account")


@require_POST
def appearance_update(request: HttpRequest) -> HttpResponse:
    frame.signed_in(request)
    form = AppearanceForm(request.POST)
    if not form.is_valid():
        return shown(request, status=422, appearance=form)
    answer = redirect("account")
    answer.set_cookie("theme", form.cleaned_data["theme"], max_age=frame.YEAR_S, samesite="Lax")
    shortcuts = "on" if form.cleaned_data["shortcuts"] else "off"
    answer.set_cookie("shortcuts", shortcuts, max_age=frame.YEAR_S, samesite="Lax")
    messages.success(request, _("Appearance saved."))
    return answer


def shown(request: HttpRequest, status: int = 200, **given: object) -> HttpResponse:
    """The page with all of its forms; `given` are those that a person has just sent."""
    kept = frame.preferences(request)
    looks = {"theme": kept["theme"] or "system", "shortcuts": kept["shortcuts"] == "on"}
    context = {
        "profile": ProfileForm(request.user),
        "password": password_form(request.user),
        "password_rules": password_validators_help_texts(),
        "token": TokenForm(request.user),
        "tokens": live_tokens(request),
        "appearance": AppearanceForm(initial=looks),
        **given,
    }
    project, crumbs = frame.last_project(request), [frame.Crumb(_("Account"))]
    return frame.shown(
        request,
        "shell/account.html",
        context,
        title=_("Account"),
        project=project,
        crumbs=crumbs,
        status=status,
    )


def live_tokens(request: HttpRequest) -> list[ApiToken]:
    mine = ApiToken.objects.select_related("project").filter(user=request.user)
    return list(mine.filter(Q(expiry=None) | Q(expiry__gt=timezone.now())).order_by("-id"))
