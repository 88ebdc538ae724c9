"""A new policy: from blank, or as a filled draft of one of the four starting points."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance import access
from governance.models import Document, Project
from governance.refusals import NotFound, Refused
from runs.views import frame
from runs.views.forms import Choices, Option, SchemaForm
from runs.views.policies.starting_points import STARTING_POINTS, StartingPoint
from runs.views.policies.words import EFFECTS, LABELS
from runs.views.registry import creation, kinds

MOST_TRIED = 50
CHOSEN = "starting_point"


@require_http_methods(["GET", "HEAD", "POST"])
def policy_new(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project, access.right_to_edit("policy"))
    if request.method == "POST" and CHOSEN in request.POST:
        return redirect(kinds.page_url(started(request, found, request.POST[CHOSEN])))
    return creation.shown_or_created(
        request,
        found,
        "policy",
        first_form(),
        title=_("New policy"),
        lead=_("Asked before every launch, agent run, model call, tool call, handoff and release of output."),
        options={},
        template="policies/new.html",
        context={"starting_points": STARTING_POINTS.values(), "chosen": CHOSEN},
    )


def first_form() -> SchemaForm:
    effects = [{"const": effect.name, "title": str(effect.label)} for effect in EFFECTS.values()]
    effect = {"oneOf": effects, "title": _("Effect")}
    effect["description"] = _("Deny beats approval, approval beats allow.")
    actions = {
        "type": "array",
        "items": {"enum": list(LABELS)},
        "uniqueItems": True,
        "minItems": 1,
        "title": _("It speaks of"),
    }
    offered = Choices([Option(name, str(label)) for name, label in LABELS.items()])
    schema = creation.first_fields({"actions": actions, "effect": effect}, ("actions", "effect"))
    return SchemaForm(schema, {"/actions": offered}, creation.PREFIX)


def started(request: HttpRequest, project: Project, slug: str) -> Document:
    """The draft of a starting point, under its slug or the next free one."""
    point = STARTING_POINTS.get(slug)
    if point is None:
        raise NotFound(_("There is no starting point “%(slug)s”.") % {"slug": slug[:64]})
    problems = []
    for number in range(1, MOST_TRIED):
        made = drafted(request, project, point, number, problems := [])
        if made:
            return made
    raise Refused(problems)


def drafted(
    request: HttpRequest, project: Project, point: StartingPoint, number: int, problems: list
) -> Document | None:
    body = point.body()
    if number > 1:
        body["name"] = f"{body['name']} {number}"
    slug = point.slug if number == 1 else f"{point.slug}-{number}"
    return creation.create(request, project, "policy", {**body, "slug": slug}, problems)
