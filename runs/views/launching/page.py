"""The page that launches a flow: GET shows the form, POST launches, switches it, or makes a token for the command."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from governance import access
from governance.privacy.naming import NameRefused
from governance.refusals import Conflict, NotFound, Problem, Refused
from runs import launch
from runs.models import Run
from runs.views import frame
from runs.views.forms import defaults
from runs.views.frame import Crumb
from runs.views.launching import command, given, starting_points
from runs.views.launching.given import Given
from runs.views.launching.offer import Offer, offered


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def launch_page(request: HttpRequest, project: str, flow: str) -> HttpResponse:
    found = frame.project(request, project, "launch" if request.method == "POST" else "read")
    offer = offered(found, flow, request.GET.get("version", ""))
    if request.method == "POST":
        return launch_create(request, offer)
    starts = starting_points.starting_points(offer)
    start = starting_points.chosen(starts, request.GET.get("sample", ""), request.GET.get("run", ""))
    entered = given.first(offer, start, request.GET.get("mode", ""))
    gaps_of = start.run if start and start.has_gaps else None
    return shown(request, offer, entered, {"gaps_of": gaps_of}, starts=starts)


def launch_create(request: HttpRequest, offer: Offer) -> HttpResponse:
    """One form with several buttons: `do` says which was pressed."""
    entered = given.sent(request, offer)
    match request.POST.get("do", "launch"):
        case "json" | "form" as mode:
            return switched(request, offer, entered, mode)
        case "token":
            return with_token(request, offer, entered)
        case "command":
            return with_command(request, offer, entered, {})
    if entered.problems or entered.option_problems:
        return shown(request, offer, entered, status=422)
    try:
        return redirect("run", launched(request, offer, entered).id)
    except launch.LaunchRefused as error:
        return refused(request, offer, entered, error)
    except NameRefused as error:
        entered.option_problems += given.at_rows(entered, error.problems)
        return shown(request, offer, entered, status=422)
    except (Refused, NotFound) as error:
        entered.problems += getattr(error, "problems", (Problem("", str(error)),))
        return shown(request, offer, entered, status=422)


def launched(request: HttpRequest, offer: Offer, entered: Given) -> Run:
    run, _created = launch.launch(
        offer.project,
        offer.reference,
        entered.value,
        user=request.user,
        environment=entered.environment,
        labels=entered.labels,
        trigger="page",
        idempotency_key=entered.idempotency_key(offer.reference),
    )
    return run


def refused(request: HttpRequest, offer: Offer, entered: Given, error: launch.LaunchRefused) -> HttpResponse:
    """What a policy denied with its decision, or what does not fit, at its fields."""
    if error.code == "denied":
        denied = {"reason": error.detail, "policies": (error.decision or {}).get("policies", [])}
        return shown(request, offer, entered, {"denied": denied}, status=403)
    entered.problems += error.errors
    return shown(request, offer, entered, status=422)


def switched(request: HttpRequest, offer: Offer, entered: Given, mode: str) -> HttpResponse:
    """The same input as a form or as JSON; half-written JSON stays JSON until it can be read."""
    stays = entered.mode == "json" and any(problem.code == "unread" for problem in entered.problems)
    if not stays:
        entered.mode, entered.problems = given.mode_of(offer, mode), []
    if entered.mode == "form" and not isinstance(entered.value, type(defaults(offer.schema))):
        entered.mode = "json"
    return shown(request, offer, entered)


def with_token(request: HttpRequest, offer: Offer, entered: Given) -> HttpResponse:
    try:
        return with_command(request, offer, entered, {"token": command.make_token(request, offer)})
    except Conflict as error:
        return with_command(request, offer, entered, {"token_refused": str(error)})


def with_command(request: HttpRequest, offer: Offer, entered: Given, more: Mapping[str, Any]) -> HttpResponse:
    if not frame.is_fragment(request):
        return shown(request, offer, entered, more)
    text = command.curl(request, offer, entered, more.get("token", ""))
    context = {"command": text, "days": command.TOKEN_DAYS, **more}
    return render(request, "launching/_command.html", context)


def shown(
    request: HttpRequest,
    offer: Offer,
    entered: Given,
    more: Mapping[str, Any] | None = None,
    *,
    starts: list[starting_points.Start] | None = None,
    status: int = 200,
) -> HttpResponse:
    more = dict(more or {})
    context = {
        "offer": offer,
        "given": entered,
        "fields": given.fields(offer, entered),
        "options": given.option_fields(entered),
        "options_open": bool(entered.options or entered.option_problems),
        "wrong": len(entered.problems) + len(entered.option_problems),
        "starts": starting_points.starting_points(offer) if starts is None else starts,
        "cost": offer.cost() if offer.version else None,
        "command": command.curl(request, offer, entered, more.get("token", "")),
        "days": command.TOKEN_DAYS,
        "needed_roles": sorted(access.RIGHTS["launch"]),
        **more,
    }
    title = _("Launch %(flow)s") % {"flow": offer.name}
    crumbs = [
        Crumb(_("Flows"), f"/projects/{offer.project.slug}/flows/"),
        Crumb(offer.name, f"/projects/{offer.project.slug}/flows/{offer.slug}/"),
        Crumb(_("Launch")),
    ]
    return frame.shown(
        request,
        "launching/launch.html",
        context,
        title=title,
        project=offer.project,
        section="flows",
        crumbs=crumbs,
        status=status,
    )
