"""Whether the chain holds: when that was looked at last, and looking at it now."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance import audit
from governance.chain import head as heads
from governance.chain import sealing, verification
from governance.chain.head import Head, HeadForged, HeadMissing
from governance.chain.reading import log_of
from governance.models import Project, User
from runs.views.audit import place


@dataclass(frozen=True, slots=True)
class State:
    """What the last look found: `at` in microseconds, how many entries, and the first fault (empty: it holds)."""

    at: int
    entries: int
    broken: str


@require_POST
def verification_create(request: HttpRequest, project: str | None = None) -> HttpResponse:
    """Follows the chain of this log from its first entry; what came of it is an entry of its own."""
    found = place.log_named(request, project, "administer")
    state = verify(found, request.user)
    if state.broken:
        messages.error(request, _("The chain is broken: %(fault)s") % {"fault": state.broken})
    else:
        messages.success(request, _("The chain holds: %(count)d entries.") % {"count": state.entries})
    return redirect(place.address(found))


def verify(project: Project | None, by: User) -> State:
    sealing.seal_all()
    head, fault = head_now()
    found = verification.verify_one(head, project)
    broken = fault or (found.broken[0].where if found.broken else "")
    data = {"entries": found.entries, "head": found.mark, "broken": broken}
    entry = audit.record("audit.verify", object_of(project), by, project, data)
    return State(entry.at, found.entries, broken)


def head_now() -> tuple[Head, str]:
    """The head, and what is wrong with it. Scaled out, a folder that never sealed has none, and that is no fault."""
    try:
        return heads.read(), ""
    except HeadMissing as error:
        return Head(), str(error) if settings.EMBEDDED else ""
    except (HeadForged, OSError) as error:
        return Head(), str(error)


def state_of(project: Project | None) -> State | None:
    """What the last look at this log found; None where nobody looked yet."""
    looked = log_of(project).filter(object=object_of(project), action="audit.verify").order_by("-id").first()
    if looked is None or not isinstance(looked.data, dict):
        return None
    data = looked.data
    return State(looked.at, data.get("entries", 0), data.get("broken", ""))


def object_of(project: Project | None) -> str:
    return f"audit/{project.slug if project else 'installation'}"
