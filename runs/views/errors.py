"""What is answered where no view could: problems for programs, plain pages for people."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from runs.api import problems
from runs.api.problems import Refusal

PAGES = {
    400: ("This request cannot be read", "The address or its host name is not one of this Baton's."),
    403: ("This was refused", "The page was open for too long, or sent from elsewhere: load it again."),
    404: ("Nothing is here", "The address is wrong, or what stood here is gone."),
    500: ("Something went wrong on our side", "The fault is in the server's log. Try again."),
}


def refused(request: HttpRequest, exception: Exception | None = None, reason: str = "") -> HttpResponse:
    """403, also where a form came without its CSRF token."""
    return answer(request, 403)


def unreadable(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 400)


def missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 404)


def broken(request: HttpRequest) -> HttpResponse:
    return problems.internal(request) if problems.is_api(request) else answer(request, 500)


def answer(request: HttpRequest, status: int) -> HttpResponse:
    """Drawn without the request: where it is broken, so may be its session."""
    title, message = PAGES[status]
    if problems.is_api(request):
        return problems.response(Refusal(status, message))
    return render(None, "runs/message.html", {"title": title, "message": message}, status=status)
