"""What is answered where no view could: problems for programs, pages for people."""

import sys
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.refusals import Conflict, Forbidden, NotFound, Refused
from runs.api import problems
from runs.api.problems import Refusal
from runs.views.frame import SignInNeeded, preferences

PAGES = {
    400: (
        gettext_lazy("This request cannot be read"),
        gettext_lazy("The address or its host name is not one of this Baton's."),
    ),
    403: (
        gettext_lazy("This was refused"),
        gettext_lazy("The page was open for too long, or sent from elsewhere: load it again."),
    ),
    413: (
        gettext_lazy("This is too large"),
        gettext_lazy("A form may hold 2 MB and 5,000 fields: send less, or in several parts."),
    ),
    404: (
        gettext_lazy("Nothing is here"),
        gettext_lazy("The address is wrong, or what stood here is gone."),
    ),
    500: (
        gettext_lazy("Something went wrong on our side"),
        gettext_lazy("The fault is in the server's log. Try again."),
    ),
    503: (
        gettext_lazy("Baton is busy"),
        gettext_lazy("Its database is taken up by what others write. Try again in a few seconds."),
    ),
}


class PageErrors:
    """Turns what governance says no with, raised by a page's view, into an answer that a person can read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """What one person may see stays in no cache, the browser's own included: after signing out it is gone."""
        answer = self.get_response(request)
        answer.headers.setdefault("Cache-Control", "private, no-store")
        return answer

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        match exception:
            case SignInNeeded():
                return sign_in_first(request)
            case NotFound():
                return page(request, 404, _("Nothing is here"), str(exception))
            case Forbidden():
                return page(request, 403, _("You may not do this"), str(exception))
            case Conflict():
                return page(request, 409, _("This changed meanwhile"), str(exception))
            case Refused():
                return page(request, 422, _("This cannot be done"), "", exception.problems)
        return busy(request) if problems.is_locked(exception) else None


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back. A part of a page cannot go anywhere: htmx is told to leave the page."""
    fragment = request.headers.get("HX-Request") == "true"
    back = page_of(request) if fragment else request.get_full_path()
    target = f"{reverse('sign-in')}?{urlencode({'next': back})}"
    if fragment:
        return HttpResponse(status=401, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)


def page_of(request: HttpRequest) -> str:
    """The page on which htmx asked; the sign-in page sees to it that it lies on this host."""
    parts = urlsplit(request.headers.get("HX-Current-URL", ""))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path or "/"


def page(request: HttpRequest, status: int, title: str, message: str, wrong: tuple = ()) -> HttpResponse:
    """A refusal as a page, or as a note where htmx swaps only a part."""
    fragment = request.headers.get("HX-Request") == "true"
    template = "shell/_message.html" if fragment else "shell/message.html"
    context = {"title": title, "message": message, "problems": wrong, **preferences(request)}
    return render(request, template, context, status=status)


def refused(request: HttpRequest, exception: Exception | None = None, reason: str = "") -> HttpResponse:
    """403, also where a form came without its CSRF token."""
    return answer(request, 403)


def unreadable(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    too_large = isinstance(exception, RequestDataTooBig | TooManyFieldsSent)
    return answer(request, 413 if too_large else 400)


def missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 404)


def busy(request: HttpRequest) -> HttpResponse:
    """503 with when to try again, drawn without the database."""
    found = problems.response(problems.busy()) if problems.is_api(request) else answer(request, 503)
    found["Retry-After"] = str(problems.BUSY_S)
    return found


def broken(request: HttpRequest) -> HttpResponse:
    """Also where not a view but what stands before it, the session or the address of who asks, could not be kept."""
    if problems.is_locked(sys.exception()):
        return busy(request)
    return problems.internal(request) if problems.is_api(request) else answer(request, 500)


def answer(request: HttpRequest, status: int) -> HttpResponse:
    """Drawn without the request: where it is broken, so may be its session."""
    title, message = PAGES[status]
    if problems.is_api(request):
        return problems.response(Refusal(status, str(message)))
    context = {"title": title, "message": message, **preferences(request)}
    fragment = status == 503 and request.headers.get("HX-Request") == "true"
    return render(None, "shell/_message.html" if fragment else "shell/message.html", context, status=status)
