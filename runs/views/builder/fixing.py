"""One-click fixes: the problem is looked for in the draft as it is now, and mended there."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from flows.drawing import CannotDraw
from flows.fixes import fixes
from governance.refusals import Conflict, Problem, Refused
from runs.views import frame
from runs.views.builder.desk import Desk, desk_of
from runs.views.builder.editing import Edit, edit, refusal


@require_POST
def fix_create(request: HttpRequest, project: str, flow: str) -> HttpResponse:
    """Mends the problem with this `code` at this `pointer`; 409 where it is gone or has become another."""
    desk = desk_of(request, project, flow, "edit")
    problem = found(
        desk, request.POST.get("code", ""), request.POST.get("pointer", ""), request.POST.get("message", "")
    )
    [mend] = fixes(desk.body, [problem], desk.inspection.stock) if problem else [None]
    if mend is None:
        raise Conflict(_("This problem is gone or has changed: look at the problems again."))
    try:
        done = edit(desk, mend.operations, mend.label, revision_of(request))
    except (CannotDraw, Refused) as error:
        raise Conflict(refusal(error)) from error
    return told(request, desk, done)


def found(desk: Desk, code: str, pointer: str, message: str) -> Problem | None:
    at = [each for each in (*desk.problems, *desk.hints) if (each.code, each.pointer) == (code, pointer)]
    return next((each for each in at if each.message == message), at[0] if at else None)


def revision_of(request: HttpRequest) -> int | None:
    """The revision that the page shows, where its script says so."""
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def told(request: HttpRequest, desk: Desk, done: Edit) -> HttpResponse:
    """An edit's answer: to htmx the news for the canvas, to others the page again."""
    if frame.is_fragment(request):
        return render(request, "builder/_news.html", {"news": done.event(desk)})
    messages.success(request, done.label or _("Saved"))
    node = next((one for one in done.nodes if desk.node(one)), "")
    return HttpResponseRedirect(f"{desk.url('flow')}?node={node}" if node else desk.url("flow"))
