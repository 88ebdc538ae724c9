"""Signing in by password or by a one-time link, and signing out."""

from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from governance import access, accounts, lockout
from governance.models import SignInLink, User
from runs import origins
from runs.api.throttles import SignIn
from runs.views import frame

BACKEND = "django.contrib.auth.backends.ModelBackend"
MINUTE = 60


class SignInForm(AuthenticationForm):
    """Name and password. INVARIANT: one sentence for an unknown name, a wrong password and a closed account."""

    error_messages = {
        "invalid_login": gettext_lazy("This username and this password do not belong together."),
        "inactive": gettext_lazy("This username and this password do not belong together."),
    }


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_create(request: HttpRequest) -> HttpResponse:
    """Signs in by password and goes on to where one wanted to."""
    wanted = inside(request, request.POST.get("next") or request.GET.get("next") or "/")
    if request.method == "POST":
        return password_checked(request, wanted)
    if request.user.is_authenticated:
        return HttpResponseRedirect(wanted)
    return form_shown(request, SignInForm(request), wanted)


def password_checked(request: HttpRequest, wanted: str) -> HttpResponse:
    form = SignInForm(request, data=request.POST)
    username, address = request.POST.get("username", ""), origins.address(request)
    if username and request.POST.get("password"):
        seconds = knocked_too_often(request) or lockout.seconds_locked(username, address)
        if seconds:
            accounts.locked_out(username, seconds)
            return locked(request, SignInForm(request, initial={"username": username}), wanted, seconds)
    if not form.is_valid():
        if username and request.POST.get("password"):
            accounts.sign_in_failed(username)
        return form_shown(request, form, wanted, status=422)
    lockout.forget(username, address)
    return entered(request, form.get_user(), wanted, "password")


def locked(request: HttpRequest, form: SignInForm, wanted: str, seconds: int) -> HttpResponse:
    """Said of names that nobody has in the same words."""
    minutes = -(-seconds // MINUTE)
    sentence = ngettext(
        "Too many wrong tries from your address: try again in %(minutes)d minute, or ask for a one-time link.",
        "Too many wrong tries from your address: try again in %(minutes)d minutes, or ask for a one-time link.",
        minutes,
    )
    answer = form_shown(request, form, wanted, status=429, refusal=sentence % {"minutes": minutes})
    answer["Retry-After"] = str(seconds)
    return answer


def form_shown(
    request: HttpRequest, form: SignInForm, wanted: str, status: int = 200, refusal: str = ""
) -> HttpResponse:
    context = {"form": form, "next": wanted, "refusal": refusal, **frame.preferences(request)}
    return render(request, "shell/sign_in.html", context, status=status)


def inside(request: HttpRequest, address: str) -> str:
    """`address` where it lies on this host, else the start."""
    allowed = url_has_allowed_host_and_scheme(address, {request.get_host()}, request.is_secure())
    return address if allowed else "/"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link_redeem(request: HttpRequest, token: str) -> HttpResponse:
    """Signs in and goes on to the start; who comes for the first time is shown around.

    A HEAD, as previews of messages send it, does not use up the link. Who is signed in already is asked first:
    else a link from a stranger would put them into the stranger's account unseen.
    """
    if request.method == "HEAD":
        return HttpResponse()
    seconds = knocked_too_often(request)
    if seconds:
        words = _("Try again in %(seconds)d seconds.") % {"seconds": seconds}
        answer = message(request, 429, _("Too many tries"), words)
        answer["Retry-After"] = str(seconds)
        return answer
    open_link = "\0" not in token and SignInLink.is_open(token)
    if open_link and request.method == "GET" and request.user.is_authenticated:
        context = {"title": _("Sign in anew?"), **frame.preferences(request)}
        return render(request, "shell/link_confirm.html", context)
    user = SignInLink.redeem(token) if open_link else None
    if user is None:
        return message(request, 404, _("This link is used up or not valid"), str(SPENT))
    return entered(request, user, "/", "link")


SPENT = gettext_lazy(
    "Each link signs in once, within a day. Whoever runs this Baton gets a new one for you with "
    "manage.py link USERNAME; with a password you can sign in without."
)


def entered(request: HttpRequest, user: User, wanted: str, by: str) -> HttpResponse:
    first = user.last_login is None
    login(request, user, backend=BACKEND)
    accounts.signed_in(user, by, origins.session_mark(request))
    projects = access.projects_of(user) if first and wanted == "/" else []
    return HttpResponseRedirect(resolve_url("welcome", projects[0][0].slug) if projects else wanted)


def knocked_too_often(request: HttpRequest) -> int:
    """Seconds to wait before the next try from this address; 0 where one may try."""
    throttle = SignIn()
    if throttle.allow_request(request, None):
        return 0
    return max(1, round(throttle.wait() or 1))


@require_POST
def sign_in_destroy(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        accounts.signed_out(request.user)
    logout(request)
    return HttpResponseRedirect(resolve_url("sign-in"))


def message(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    context = {"title": title, "message": text, "way": "sign-in", **frame.preferences(request)}
    return render(request, "shell/message.html", context, status=status)
