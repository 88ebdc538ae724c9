"""The breakers of a project: what is left alone now, and what was lately."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import access, clock, ids
from registry import openings
from registry.breaker import THRESHOLD, WINDOW_S
from registry.models import BreakerOpening
from runs.views import frame
from runs.views.breakers.peers import peer_of, peers_of
from runs.views.frame import Crumb
from runs.views.settings import paging

NEWEST = paging.Column("id", ids.decode, ids.encode, newest=True)
MOST_OPEN = 200


@require_safe
def breaker_list(request: HttpRequest, project: str) -> HttpResponse:
    """For htmx what changes alone, which asks again every few seconds."""
    found, now = frame.project(request, project), clock.now()
    closed = BreakerOpening.objects.filter(project=found, closed_at__isnull=False)
    page = paging.cut(request, closed, NEWEST)
    context = {
        "project": found,
        "peers": peers_of(found, openings.standing(found)[:MOST_OPEN], now),
        "page": page,
        "closed": [peer_of(found, [row], now) for row in page.rows],
        "may_close": access.may(request.user, found, "administer"),
        "address": request.get_full_path(),
    }
    if frame.is_fragment(request):
        return render(request, "breakers/_breakers.html", context)
    rule = {"threshold": THRESHOLD, "window_s": WINDOW_S, "cool_down_s": settings.BREAKER_COOL_DOWN_S}
    return frame.shown(
        request,
        "breakers/breaker_list.html",
        {**context, **rule},
        title=_("Breakers"),
        project=found,
        section="breakers",
        crumbs=[Crumb(_("Breakers"))],
    )
