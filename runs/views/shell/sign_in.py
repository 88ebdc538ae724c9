"""Signing in by password or by a one-time link, and signing out."""

from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance.models import SignInLink
from runs.api.throttles import SignIn
from runs.views import frame

SPENT = "Each link signs in once, within a day. manage.py link USERNAME prints a new one."


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_create(request: HttpRequest) -> HttpResponse:
    """Signs in by password and goes on to where one wanted to."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    form = AuthenticationForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        login(request, form.get_user())
        return HttpResponseRedirect(inside(request, wanted))
    return render(request, "shell/sign_in.html", {"form": form, "next": wanted, **frame.preferences(request)})


def inside(request: HttpRequest, address: str) -> str:
    """`address` where it lies on this host, else the start."""
    allowed = url_has_allowed_host_and_scheme(address, {request.get_host()}, request.is_secure())
    return address if allowed else "/"


@never_cache
@require_GET
def link_redeem(request: HttpRequest, token: str) -> HttpResponse:
    """Signs in and goes on to the start. A HEAD, as previews send it, does not use up the link."""
    throttle = SignIn()
    if not throttle.allow_request(request, None):
        seconds = max(1, round(throttle.wait() or 1))
        answer = message(request, 429, "Too many tries", f"Try again in {seconds} seconds.")
        answer["Retry-After"] = str(seconds)
        return answer
    user = None if "\0" in token else SignInLink.redeem(token)
    if user is None:
        return message(request, 404, "This link is used up or not valid", SPENT)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponseRedirect("/")


@require_POST
def sign_in_destroy(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponseRedirect("/")


def message(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    context = {"title": title, "message": text, **frame.preferences(request)}
    return render(request, "shell/message.html", context, status=status)
