"""Making another version the live one: back or forward, after a look at what that changes."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance import documents
from governance.models import Version
from governance.refusals import NotFound, Problem, Refused
from runs.views import frame
from runs.views.versions import users
from runs.views.versions.comparison import is_number
from runs.views.versions.costs import costs_of
from runs.views.versions.drawn import drawn
from runs.views.versions.places import placed
from runs.views.versions.shown import Subject, crumbs, heading, subject


@require_http_methods(["GET", "HEAD", "POST"])
def activation_create(request: HttpRequest, project: str, kinds: str, slug: str) -> HttpResponse:
    """GET asks (`?version=3`), POST does it."""
    found = subject(request, project, kinds, slug, edits=True)
    asked = request.POST if request.method == "POST" else request.GET
    version = version_of(found, asked.get("version", ""))
    if request.method != "POST":
        return page(request, found, version)
    active = found.document.active
    if request.POST.get("live") != str(active.number if active else ""):
        return page(request, found, version, status=409, moved=True)
    try:
        documents.activate(found.document, version.number, request.user)
    except Refused as refused:
        return page(request, found, version, status=422, problems=refused.problems)
    messages.success(request, _("Version %(number)s is live.") % {"number": version.number})
    return redirect(found.address("versions"))


def version_of(found: Subject, number: str) -> Version:
    version = (
        found.document.versions.select_related("created_by").filter(number=int(number)).first()
        if is_number(number)
        else None
    )
    if version is None:
        said = _("“%(name)s” has no version %(number)s.")
        raise NotFound(said % {"name": found.name, "number": number[:20] or "?"})
    return version


def page(
    request: HttpRequest,
    found: Subject,
    version: Version,
    *,
    status: int = 200,
    moved: bool = False,
    problems: tuple[Problem, ...] = (),
) -> HttpResponse:
    body, active = documents.content(version), found.document.active
    using = users.users_of(found)
    is_back = active is not None and version.number < active.number
    title = _("Roll back to version %(number)s") if is_back else _("Make version %(number)s live")
    context = {
        **heading(found, request.path),
        "to": version,
        "is_live": active is not None and active.pk == version.pk,
        "is_back": is_back,
        "moved": moved,
        "errors": [placed(found, body, problem) for problem in problems],
        "difference": drawn(found.live, body) if found.live is not None else None,
        "costs": costs_of(found, body),
        "users": using,
        "users_sentence": users.sentence(using, found.document.kind),
        "action": title % {"number": version.number},
    }
    return frame.shown(
        request,
        "versions/activation.html",
        context,
        title=context["action"],
        project=found.project,
        section=found.kinds,
        crumbs=crumbs(found, context["action"]),
        status=status,
    )
