"""The policies of a project: what each says, which version is live, and how often it decided lately."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import access
from governance.models import Document, Project
from runs.views import frame
from runs.views.frame import Crumb
from runs.views.policies import numbers
from runs.views.policies.numbers import Numbers
from runs.views.policies.words import EFFECTS, action_words, effect_of
from runs.views.registry import listing
from runs.views.registry.listing import Listed

MOST_ARCHIVED = 50


@require_safe
def policy_list(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project)
    page, counted = listing.page(request, found, "policy", ("effect",)), numbers.numbers_of(found)
    context = {
        "page": page,
        "policies": [row_of(policy, counted) for policy in page.rows],
        "types": [(effect.name, effect.label) for effect in EFFECTS.values()],
        "project": found,
        "days": numbers.DAYS,
        "may_edit": access.may(request.user, found, access.right_to_edit("policy")),
    }
    if listing.wants_part(request):
        return listing.part(request, "policies/_policies.html", context)
    return frame.shown(
        request,
        "policies/policy_list.html",
        {**context, "counted": counted, "archived": archived(found)},
        title=_("Policies"),
        project=found,
        section="policies",
        crumbs=[Crumb(_("Policies"))],
    )


def row_of(policy: Listed, counted: Numbers) -> dict[str, Any]:
    """What a row shows; a draft in the making may lack anything."""
    said = {name: policy.body.get(name) for name in ("when", "reason")}
    return {
        "policy": policy,
        "effect": effect_of(policy.body),
        "actions": action_words(policy.body.get("actions")),
        **{name: text if isinstance(text, str) else "" for name, text in said.items()},
        "decided": counted.by_policy.get(policy.slug),
    }


def archived(project: Project) -> list[Document]:
    """The newest that were taken out of use."""
    found = Document.objects.filter(project=project, kind="policy", archived_at__isnull=False)
    return list(found.defer("draft").order_by("-archived_at")[:MOST_ARCHIVED])
