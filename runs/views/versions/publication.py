"""Publishing a draft: what it changes, what stops it, what it will cost, who gets it; and then the act.

Nothing is published unseen: the form carries the revision of the draft and the live version it was shown against.
Where either moved on meanwhile, what is shown anew is what would be published now.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance import documents
from governance.documents.bodies import body_problems
from governance.refusals import Problem, Refused
from runs.views import frame
from runs.views.registry.kinds import is_pinned
from runs.views.versions import users, words
from runs.views.versions.costs import costs_of
from runs.views.versions.drawn import Drawn, drawn
from runs.views.versions.places import placed
from runs.views.versions.shown import Subject, addresses, crumbs, heading, subject

NOTHING, SAME, READY = "nothing", "same", "ready"


@require_http_methods(["GET", "HEAD", "POST"])
def publication_create(request: HttpRequest, project: str, kinds: str, slug: str) -> HttpResponse:
    found = subject(request, project, kinds, slug, edits=request.method == "POST")
    if request.method != "POST":
        return page(request, found)
    if not _was_seen(request, found):
        return page(request, found, status=409, moved=True)
    activate = request.POST.get("activate") != "later"
    try:
        version, _created = documents.publish(found.document, None, request.user, activate)
    except Refused as refused:
        return page(request, found, status=422, problems=list(refused.problems))
    said = (
        _("Version %(number)s is live.") if activate else _("Version %(number)s is published, not live yet.")
    )
    messages.success(request, said % {"number": version.number})
    return redirect(found.address("versions"))


def _was_seen(request: HttpRequest, found: Subject) -> bool:
    """Whether the form shows what is there: this draft against this live version.

    The draft that is published is the one loaded with the revision that is compared here: no later one slips in.
    """
    active = found.document.active
    seen = request.POST.get("revision"), request.POST.get("live")
    return seen == (str(found.document.revision), str(active.number if active else ""))


def page(
    request: HttpRequest,
    found: Subject,
    *,
    status: int = 200,
    moved: bool = False,
    problems: list[Problem] | None = None,
) -> HttpResponse:
    """The whole page; for htmx the dialog alone."""
    context = {**context_of(found, problems), "moved": moved}
    if frame.is_fragment(request):
        own = {**context, **addresses(found), "subject": found, "document": found.document}
        own["is_pinned"] = is_pinned(found.document.kind)
        return render(request, "versions/_publication_dialog.html", own, status=status)
    return frame.shown(
        request,
        "versions/publication.html",
        {**heading(found, request.path), **context},
        title=_("Publish %(name)s") % {"name": found.name},
        project=found.project,
        section=found.kinds,
        crumbs=crumbs(found, _("Publish")),
        status=status,
    )


def context_of(found: Subject, problems: list[Problem] | None) -> dict[str, Any]:
    state, draft = state_of(found), found.draft
    if draft is None or state != READY:
        return {"state": state, "may_edit": found.may_edit}
    problems = problems_of(found, draft) if problems is None else problems
    using = users.users_of(found)
    return {
        "state": state,
        "may_edit": found.may_edit,
        "number": next_number(found),
        "first": words.counted(draft) if found.live is None else "",
        "difference": difference_of(found),
        "errors": [placed(found, draft, problem) for problem in problems if problem.severity == "error"],
        "warnings": [placed(found, draft, problem) for problem in problems if problem.severity != "error"],
        "costs": costs_of(found, draft),
        "users": using,
        "users_sentence": users.sentence(using, found.document.kind),
    }


def state_of(found: Subject) -> str:
    if found.draft is None:
        return NOTHING
    return READY if found.is_changed else SAME


def difference_of(found: Subject) -> Drawn | None:
    return drawn(found.live, found.draft or {}) if found.live is not None else None


def next_number(found: Subject) -> int:
    """The number that publishing gives; a draft equal to the newest version makes no new one."""
    newest = found.document.versions.order_by("-number").first()
    if newest is None:
        return 1
    return newest.number if newest.hash == documents.digest(found.draft or {}) else newest.number + 1


def problems_of(found: Subject, draft: dict[str, Any]) -> list[Problem]:
    """Everything that is wrong with the draft, warnings too, as publishing would find it."""
    kind = documents.kind_named(found.document.kind)
    unfit = body_problems(kind, found.document.slug, draft)
    return unfit or documents.problems_of(found.project, found.document.kind, draft)
