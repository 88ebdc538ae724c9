"""Whether the chain holds: looking at it now, for a moment; a long log is left to the keeper."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance.chain import looks
from runs.views.audit import place


@require_POST
def verification_create(request: HttpRequest, project: str | None = None) -> HttpResponse:
    """Follows the chain of this log from its first entry; what came of it is an entry of its own."""
    found = place.log_named(request, project, "administer")
    state = looks.look_for_a_moment(found, request.user)
    if state is None:
        messages.info(request, _("This log is long: it is being verified, and the result will stand here."))
    elif state.broken:
        messages.error(request, _("The chain is broken: %(fault)s") % {"fault": state.broken})
    else:
        messages.success(request, _("The chain holds: %(count)d entries.") % {"count": state.entries})
    return redirect(place.address(found))
