"""A new budget: on what, how much, in which time."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance import access
from runs.views import frame
from runs.views.budgets import budget_form
from runs.views.forms import SchemaForm
from runs.views.registry import creation

NEEDED = ("subject", "limit_usd", "period", "on_exceed")
ASKED = ("subject", "of", "limit_usd", "period", "on_exceed")


@require_http_methods(["GET", "HEAD", "POST"])
def budget_new(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project, access.right_to_edit("budget"))
    dressed = budget_form.schema()["properties"]
    schema = creation.first_fields({name: dressed[name] for name in ASKED}, NEEDED)
    return creation.shown_or_created(
        request,
        found,
        "budget",
        SchemaForm(schema, budget_form.widgets(), creation.PREFIX),
        title=_("New budget"),
        lead=_("Every call reserves its worst case first, so a limit cannot be overshot by parallel steps."),
        options={"/of": budget_form.names_of(found)},
    )
