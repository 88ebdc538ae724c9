"""The kind `budget`: its schema, what a schema cannot say of it, and what it refers to."""

from collections.abc import Iterator, Mapping
from typing import Any

from governance.budgets.book import ORDER
from governance.budgets.periods import PERIODS
from governance.documents import register_kind
from governance.models import Membership, Project
from governance.money import NANO
from governance.refusals import Problem
from governance.schemas import MUST_BE

SUBJECTS = ("run", "flow", "agent", "project", "user")
SMALLEST = 1 / NANO
NAMED = ("flow", "agent")  # documents that `of` names

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "budget",
    "type": "object",
    "additionalProperties": False,
    "required": ["kind", "slug", "subject", "limit_usd", "period"],
    "properties": {
        "kind": {"const": "budget"},
        "slug": {
            "type": "string",
            "pattern": "^[a-z0-9-]{1,64}$",
            MUST_BE: "a slug: 1 to 64 of the characters a-z, 0-9 and the hyphen",
        },
        "name": {"type": "string", "maxLength": 200, "title": "Name", "description": "How people call it."},
        "description": {
            "type": "string",
            "maxLength": 20_000,
            "title": "Description",
            "description": "What it is for, and whom to ask for more.",
        },
        "subject": {
            "enum": list(SUBJECTS),
            "title": "Whose money",
            "description": "Whose calls draw on it: each run, a flow, an agent, the whole project, or a person's runs.",
        },
        "of": {
            "type": "string",
            "maxLength": 150,
            "title": "Only of",
            "description": "The slug of the flow or agent, or the username. Left empty, each one has an account of "
            "its own with this limit.",
        },
        "limit_usd": {
            "type": "number",
            "minimum": 0,
            "maximum": 1_000_000,
            "title": "Limit",
            "description": "US dollars that may be spent in one period. It is never overshot: the worst case of a "
            "call is held before it goes out.",
        },
        "period": {
            "enum": list(PERIODS),
            "title": "Period",
            "description": "When the account starts anew (UTC; weeks begin on Monday): with each run, day, week or "
            "month, or never.",
        },
        "on_exceed": {
            "enum": list(ORDER),
            "default": "block",
            "title": "When it is used up",
            "description": "block: the step fails. pause: the run waits for a higher limit or the next period. "
            "degrade: the agent's next fallback model that fits is asked instead.",
        },
        "warn_at": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "title": "Warn at",
            "description": "The share of the limit, 0 to 1, at which people are warned once a period: 0.8 is four "
            "fifths.",
        },
    },
}


def register() -> None:
    register_kind("budget", "budgets", SCHEMA, check=check, references=references)


def check(body: Mapping[str, Any], project: Project) -> Iterator[Problem]:
    """What does not go together, and whom `of` names in vain (flows and agents are references)."""
    subject, period, of = body["subject"], body["period"], body.get("of", "")
    if 0 < body["limit_usd"] < SMALLEST:
        sentence = "Money is counted in billionths of a dollar: give 0, or 0.000000001 and more."
        yield Problem("/limit_usd", sentence, "too_small")
    if subject == "run" and period != "run":
        sentence = (
            f"A run has no {period}: set the period to run, or limit a flow, an agent, a user or the project."
        )
        yield Problem("/period", sentence, "period_of_a_run")
    if subject == "run" and of:
        sentence = (
            "A budget on runs is for each run: leave this empty. What one flow's runs may cost is in that flow's "
            "limits, as max_cost_usd."
        )
        yield Problem("/of", sentence, "run_has_no_name")
    if subject in NAMED and "@" in of:
        sentence = f"A budget is of all versions: name the {subject} without {of[of.index('@') :]!r}."
        yield Problem("/of", sentence, "version")
    if subject == "project" and of not in ("", project.slug):
        sentence = f"A budget on the project is for {project.slug}: leave this empty."
        yield Problem("/of", sentence, "other_project")
    if subject == "user" and of and not is_member(project, of):
        sentence = f"There is no member {of!r} in this project: add them, or name another username."
        yield Problem("/of", sentence, "dead_reference")
    if body.get("on_exceed") == "pause" and period in ("run", "total"):
        sentence = "Nothing begins anew here: a paused run goes on only when somebody raises the limit."
        yield Problem("/on_exceed", sentence, "pause_without_end", severity="warning")


def references(body: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The flow or agent that it is of."""
    named = body["subject"] in NAMED and body.get("of")
    return [(body["subject"], body["of"], "/of")] if named else []


def is_member(project: Project, username: str) -> bool:
    return Membership.objects.filter(project=project, user__username=username).exists()
