"""The form of a policy: what it speaks of, when, what it says, and who is asked."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext as _

from governance import documents
from governance.models import Project
from governance.refusals import Problem
from governance.rules import ACTIONS
from runs.views.forms import Choices, Option, SchemaForm
from runs.views.policies.words import EFFECTS, FACTS, LABELS
from runs.views.registry.document_form import IDENTITY, PREFIX, DocumentForm, Section, Words, dressed

REVIEWERS = ("role:reviewer", "role:admin")
ASKED = ("reviewers", "quorum", "four_eyes", "due_in_s")
HIDDEN = tuple(f"/{name}" for name in ASKED)


@dataclass(frozen=True, slots=True)
class PolicyForm(DocumentForm):
    """Who is asked belongs to the effect approve: with another one these fields are not shown and not kept."""

    def read(self, base: Mapping, request: HttpRequest) -> tuple[dict, dict, list[Problem]]:
        body, value, problems = DocumentForm.read(self, base, request)
        if not isinstance(value, dict) or value.get("effect") not in ("allow", "deny"):
            return body, value, problems
        kept = [problem for problem in problems if not problem.pointer.startswith(HIDDEN)]
        return without(body), without(value), kept


def without(body: Mapping) -> dict:
    return {name: inner for name, inner in body.items() if name not in ASKED}


def form_of(complete_url: str) -> PolicyForm:
    """The fields of the kind's schema; `complete_url` checks and completes the condition."""
    own = documents.kind_named("policy").schema["properties"]
    properties = {name: inner for name, inner in own.items() if name not in IDENTITY}
    widgets = {
        "/description": "longtext",
        "/effect": Choices([(effect.name, str(effect.label)) for effect in EFFECTS.values()]),
        "/actions": Choices([Option(name, str(LABELS[name]), str(FACTS[name])) for name in ACTIONS]),
        "/when": "condition",
        "/reason": "longtext",
        "/reviewers/*": "text",
    }
    said = {place: text for place, text in words().items() if place[1:] in properties}
    schema = dressed(properties, ("effect", "actions"), said, {})
    return PolicyForm("policy", SchemaForm(schema, widgets, PREFIX, complete_url), sections())


def sections() -> tuple[Section, ...]:
    hint = _(
        "Every operation also knows flow, project, user, environment, trigger, run and cost_usd; "
        "what it lacks is null."
    )
    return (
        Section("rule", _("When"), "shield-check", ("actions", "when"), hint),
        Section("effect", _("Then"), "split", ("effect", "reason")),
        Section(
            "asked",
            _("Who is asked"),
            "user-check",
            ASKED,
            _("The run waits, and holds no worker meanwhile."),
        ),
        Section("about", _("Name"), "file-text", ("name", "description"), aside=True),
    )


def words() -> Words:
    return {
        "/name": (_("Name"), ""),
        "/description": (_("Notes"), _("For the people who work on it.")),
        "/actions": (_("It speaks of"), ""),
        "/when": (
            _("Condition"),
            _('CEL, such as tool.slug == "create-refund" && arguments.amount > 50.0. Empty: always.'),
        ),
        "/effect": (_("Effect"), _("Deny beats approval, approval beats allow. An error counts as deny.")),
        "/reason": (_("Reason"), _("What people and models are told.")),
        "/reviewers": (_("Reviewers"), _("role:reviewer, user:ada or group:support.")),
        "/quorum": (_("How many have to agree"), _("1 where nothing is said.")),
        "/due_in_s": (_("Time to decide"), _("After it the call is refused.")),
    }


def reviewers_of(project: Project) -> list[str]:
    """Who can be named: roles, the project's members and groups."""
    members = project.memberships.order_by("user__username").values_list("user__username", flat=True)
    groups = project.groups.order_by("slug").values_list("slug", flat=True)
    return [*REVIEWERS, *(f"user:{name}" for name in members), *(f"group:{slug}" for slug in groups)]
