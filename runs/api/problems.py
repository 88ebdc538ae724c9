"""Refusals: every error under /api/ as application/problem+json (RFC 9457)."""

from collections.abc import Iterable, Mapping, Sequence

import orjson
from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions

from governance import refusals
from governance.documents import Stale

NOT_FOUND = "There is no such thing here, or you are not a member of its project."
MOST_NAMED = 3
BUSY_S = 5  # after which it is worth trying again
BUSY = f"The database is busy with what others write: try again in {BUSY_S} s."
CONTENT_TYPE = "application/problem+json"
TITLES = {
    400: ("invalid_request", "The request cannot be read"),
    401: ("unauthenticated", "Sign in first"),
    403: ("forbidden", "Your role does not allow this"),
    404: ("not_found", "Nothing is here"),
    405: ("method_not_allowed", "This address does not take that method"),
    406: ("not_acceptable", "Only JSON is served here"),
    409: ("conflict", "This clashes with what is there"),
    413: ("too_large", "The body is too large"),
    415: ("unsupported_media_type", "Only JSON is taken here"),
    422: ("invalid", "The request is not valid"),
    429: ("throttled", "Too many requests"),
    500: ("internal_error", "Something went wrong on our side"),
    503: ("busy", "The database is busy"),
}
SENTENCES = {
    401: "Send a valid token as `Authorization: Bearer TOKEN`, or sign in.",
    406: "Answers are application/json: accept that, or */*.",
    415: "Send the body with `Content-Type: application/json`.",
}


class Refusal(Exception):
    """An answer that is not a success; `detail` is a sentence that says what to do next.

    `errors` are {pointer, detail} into the body, or {parameter, detail} of the query. `more` joins the answer.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str = "",
        errors: Sequence[Mapping] = (),
        more: Mapping | None = None,
        headers: Mapping[str, str] | None = None,
    ):
        super().__init__(detail)
        self.status, self.detail, self.code = status, detail, code
        self.errors, self.more, self.headers = errors, more or {}, headers or {}


def response(refusal: Refusal) -> HttpResponse:
    code, title = TITLES.get(refusal.status, ("error", "The request failed"))
    body = {
        "title": title,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code or code,
        "errors": list(refusal.errors),
        **refusal.more,
    }
    answer = HttpResponse(orjson.dumps(body), status=refusal.status, content_type=CONTENT_TYPE)
    for name, value in refusal.headers.items():
        answer[name] = value
    return answer


def handle(error: Exception, context: Mapping) -> HttpResponse | None:
    """Django REST framework's exception handler; None lets what nobody foresaw become a 500."""
    refusal = of(error)
    return None if refusal is None else response(refusal)


def of(error: Exception) -> Refusal | None:
    """The refusal that an exception stands for; None where it stands for a fault of ours."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, exceptions.APIException):
        return of_framework(error)
    if isinstance(error, refusals.NotFound):
        return Refusal(404, str(error) or NOT_FOUND)
    if isinstance(error, Http404):
        return Refusal(404, NOT_FOUND)
    if isinstance(error, refusals.Forbidden | PermissionDenied):
        return Refusal(403, str(error) or "You may not do this.")
    if isinstance(error, refusals.Refused):
        return refused(error.problems)
    if isinstance(error, Stale):
        return Refusal(409, str(error), code="stale", more={"revision": error.document.revision})
    if isinstance(error, refusals.Conflict):
        return Refusal(409, str(error), code="in_use" if isinstance(error, refusals.InUse) else "")
    if isinstance(error, RequestDataTooBig | TooManyFieldsSent):
        return Refusal(413, "A body may have 2 MB.")
    return busy() if is_locked(error) else None


def is_locked(error: BaseException | None) -> bool:
    """Whether SQLite waited for a lock in vain: it lets one write at a time."""
    return isinstance(error, OperationalError) and "is locked" in str(error)


def busy() -> Refusal:
    return Refusal(503, BUSY, headers={"Retry-After": str(BUSY_S)})


def of_framework(error: exceptions.APIException) -> Refusal:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header
    wait = getattr(error, "wait", None)
    if isinstance(error, exceptions.Throttled):
        seconds = max(1, round(wait or 1))
        headers["Retry-After"] = str(seconds)
        return Refusal(429, f"Try again in {seconds} s.", headers=headers)
    detail = SENTENCES.get(error.status_code) or str(error.detail)
    return Refusal(error.status_code, detail, headers=headers)


def refused(problems: Iterable[refusals.Problem]) -> Refusal:
    """A refused body: its errors stop it, its warnings are told too."""
    problems = list(problems)
    first = next((problem for problem in problems if problem.severity == "error"), problems[0])
    where = " ".join(part for part in (first.pointer, named(first.nodes)) if part)
    detail = f"{where}: {first.message}" if where else first.message
    return Refusal(422, detail, errors=[as_error(problem) for problem in problems])


def named(nodes: Sequence[str]) -> str:
    """`(node classify)`; of many the first three."""
    if not nodes:
        return ""
    more = ", …" if len(nodes) > MOST_NAMED else ""
    return f"({'node' if len(nodes) == 1 else 'nodes'} {', '.join(nodes[:MOST_NAMED])}{more})"


def as_error(problem: refusals.Problem) -> dict:
    shown = problem.as_dict()
    return {"pointer": shown.pop("pointer"), "detail": shown.pop("message"), **shown}


def is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def internal(request: HttpRequest) -> HttpResponse:
    """The answer to a fault of ours: the log has the traceback, the client has none of it."""
    return response(Refusal(500, "The fault is in the server's log. Try again, or tell whoever runs Baton."))
