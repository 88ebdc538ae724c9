"""The sets of privacy rules of a project, new ones, and the box to try a text in."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from governance import access
from governance.detection.entities import ENTITIES, SECRETS
from governance.detection.scanning import has_model
from governance.models import Project
from governance.privacy.rules import DEFAULT
from runs.views import frame
from runs.views.forms import SchemaForm
from runs.views.frame import Crumb
from runs.views.privacy.privacy import agents_by_rules
from runs.views.privacy.trial import box
from runs.views.privacy.words import ACTIONS, matrix_of, readable
from runs.views.registry import creation, listing
from runs.views.registry.listing import Listed

USUAL_PLACES = ("run_input", "run_output", "model_input", "model_output", "tool_input", "tool_output")
# What a new draft begins with, to be changed: people's data can be restored, secrets go nowhere.
FIRST_RULES = [
    {
        "entities": ["EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN"],
        "where": list(USUAL_PLACES),
        "action": "tokenize",
    },
    {"entities": sorted(SECRETS), "where": list(USUAL_PLACES), "action": "block"},
]


@require_safe
def privacy_list(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project)
    page = listing.page(request, found, "privacy")
    context = {**listed(found, page), "may_edit": access.may(request.user, found, "administer")}
    if listing.wants_part(request):
        return listing.part(request, "privacy/_documents.html", context)
    more = {"catalogue": ENTITIES.values(), "has_model": has_model(), "actions": ACTIONS.values()}
    return frame.shown(
        request,
        "privacy/privacy_list.html",
        {**context, **more, **box(request, found, "")},
        title=_("Privacy"),
        project=found,
        section="privacy",
        crumbs=[Crumb(_("Privacy"))],
    )


def listed(project: Project, page: listing.Page) -> dict[str, Any]:
    naming = agents_by_rules(project)
    rows = [row_of(document, naming) for document in page.rows]
    has_default = any(row["is_default"] and row["document"].version for row in rows)
    return {"page": page, "rows": rows, "project": project, "has_default": has_default}


def row_of(document: Listed, naming: dict[str, list[dict[str, str]]]) -> dict[str, Any]:
    is_default = document.slug == DEFAULT
    return {
        "document": document,
        "rules": len(readable(document.body.get("rules"))),
        "matrix": matrix_of(document.body),
        "agents": naming.get(document.slug, []),
        "others": len(naming.get("", [])) if is_default else 0,
        "is_default": is_default,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def privacy_new(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project, access.right_to_edit("privacy"))
    return creation.shown_or_created(
        request,
        found,
        "privacy",
        SchemaForm(creation.first_fields({}), prefix=creation.PREFIX),
        title=_("New privacy rules"),
        lead=_("The slug “default” holds for every agent that names no rules of its own."),
        options={},
        extra={"rules": FIRST_RULES},
    )
