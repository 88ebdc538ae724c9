"""Signing in by a one-time link, and signing out."""

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from governance.models import SignInLink
from runs.api.throttles import SignIn

SPENT = "Each link signs in once, within a day. `manage.py link USERNAME` prints a new one."


@never_cache
@require_GET
def sign_in_create(request: HttpRequest, token: str) -> HttpResponse:
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
    return render(request, "runs/message.html", {"title": title, "message": text}, status=status)
