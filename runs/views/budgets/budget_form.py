"""The form of a budget: on what, how much in which time, and what happens at the limit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from governance import documents
from governance.models import Document, Project
from runs.views.budgets.words import ENDS, PERIODS, SUBJECTS, alone
from runs.views.forms import Choices, SchemaForm
from runs.views.registry.document_form import IDENTITY, PREFIX, DocumentForm, Section, Words, dressed

MOST_OFFERED = 500


@dataclass(frozen=True, slots=True)
class BudgetForm(DocumentForm):
    """What happens at the limit is always said: a document that leaves it out shows what that means."""

    def value(self, body: Mapping) -> dict:
        shown = DocumentForm.value(self, body)
        return {**shown, "on_exceed": shown.get("on_exceed", "block")}


def form_of() -> BudgetForm:
    return BudgetForm("budget", SchemaForm(schema(), widgets(), PREFIX), sections())


def schema() -> dict[str, Any]:
    """The kind's own, without what no form asks, with words."""
    own = documents.kind_named("budget").schema
    properties = {name: inner for name, inner in own["properties"].items() if name not in IDENTITY}
    required = [name for name in (*own.get("required", ()), "on_exceed") if name in properties]
    said = {place: text for place, text in words().items() if place[1:] in properties}
    return dressed(properties, required, said, {})


def widgets() -> dict[str, Any]:
    return {
        "/description": "longtext",
        "/subject": Choices([(name, str(subject.plural)) for name, subject in SUBJECTS.items()]),
        "/period": Choices([(name, alone(label)) for name, label in PERIODS.items()]),
        "/on_exceed": Choices([(name, alone(label)) for name, label in ENDS.items()]),
    }


def sections() -> tuple[Section, ...]:
    return (
        Section("limit", _("Limit"), "wallet", ("subject", "of", "limit_usd", "period")),
        Section("end", _("At the limit"), "octagon-x", ("on_exceed", "warn_at")),
        Section("about", _("Name"), "file-text", ("name", "description"), aside=True),
    )


def words() -> Words:
    return {
        "/name": (_("Name"), _("How people call it.")),
        "/description": (_("Notes"), _("For the people who work on it.")),
        "/subject": (_("On"), _("What the money is counted for.")),
        "/of": (
            _("Only for"),
            _("The slug of one flow or agent, or one username. Empty: each has a limit of its own."),
        ),
        "/limit_usd": (_("Limit"), _("In US dollars.")),
        "/period": (_("For"), _("Days, weeks and months are those of UTC; weeks begin on Monday.")),
        "/on_exceed": (
            _("What happens"),
            _(
                "A waiting run goes on by itself once the limit is higher or a new period begins. A cheaper model "
                "is the agent's next fallback model that still fits; where none does, the step fails."
            ),
        ),
        "/warn_at": (_("Warn at"), _("A share of the limit, such as 0.8. Empty: no warning.")),
    }


def names_of(project: Project) -> list[str]:
    """Whom a budget can be on: flows, agents and members. Two queries."""
    named = Document.objects.filter(project=project, kind__in=("flow", "agent"), archived_at=None)
    slugs = named.order_by("kind", "slug").values_list("slug", flat=True)[:MOST_OFFERED]
    people = project.memberships.order_by("user__username").values_list("user__username", flat=True)
    return list(dict.fromkeys([*slugs, *people[:MOST_OFFERED]]))
