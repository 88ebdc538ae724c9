"""The budgets of a project: how far each is, what waits for them, and what the money went to."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import access, budgets
from governance.models import Document, Project
from runs.views import frame
from runs.views.budgets import gauges, waiting
from runs.views.budgets.spend import spend_of
from runs.views.budgets.words import ENDS, PERIODS, subject_words, word
from runs.views.frame import Crumb
from runs.views.registry import listing
from runs.views.registry.listing import Listed

MOST_ARCHIVED, MOST_NOTES = 50, 3


@require_safe
def budget_list(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project)
    page = listing.page(request, found, "budget")
    context = {
        "page": page,
        "budgets": [row_of(budget) for budget in page.rows],
        "project": found,
        "may_edit": access.may(request.user, found, access.right_to_edit("budget")),
    }
    if listing.wants_part(request):
        return listing.part(request, "budgets/_budgets.html", context)
    return frame.shown(
        request,
        "budgets/budget_list.html",
        {**context, **standing(found), "spend": spend_of(found, request.GET), "archived": archived(found)},
        title=_("Budgets"),
        project=found,
        section="budgets",
        crumbs=[Crumb(_("Budgets"))],
    )


def standing(project: Project) -> dict[str, Any]:
    """The meters in cards, and the budgets that want attention."""
    waits = waiting.by_budget(project)
    shown = [gauges.shown(project, meter, waits) for meter in budgets.meters(project)]
    tight = [one for one in shown if one.is_tight]
    return {"cards": gauges.cards(shown), "tight": tight[:MOST_NOTES]}


def row_of(budget: Listed) -> dict[str, Any]:
    """What a row of the table says; a draft in the making may lack anything."""
    limit = budget.body.get("limit_usd")
    return {
        "budget": budget,
        "on": subject_words(budget.body),
        "limit": limit if isinstance(limit, int | float) else None,
        "period": word(PERIODS, budget.body, "period"),
        "end": word(ENDS, budget.body, "on_exceed", "block"),
    }


def archived(project: Project) -> list[Document]:
    """The newest that were taken out of use."""
    found = Document.objects.filter(project=project, kind="budget", archived_at__isnull=False)
    return list(found.defer("draft").order_by("-archived_at")[:MOST_ARCHIVED])
