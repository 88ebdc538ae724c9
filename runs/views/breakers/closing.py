"""An admin closes a breaker before its time: what was mended need not wait."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance import clock
from governance.refusals import Conflict
from registry import openings
from runs.views import frame
from runs.views.breakers.peers import peer_of


@require_POST
def closing_create(request: HttpRequest, project: str, breaker: int) -> HttpResponse:
    found = frame.project(request, project, "administer")
    try:
        closed = openings.close(found, breaker, request.user)
    except Conflict:
        messages.info(request, _("This breaker is closed already: calls go out again."))
    else:
        said = _("Calls to the %(name)s go out again within a second.")
        messages.success(request, said % {"name": peer_of(found, [closed], clock.now()).name})
    return redirect("breakers", project)
