"""What subjects, periods and ends of budgets are called, as it stands within a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Subject:
    """What a budget is on. `plural` heads a card, `each` stands where it names none, `icon` beside it."""

    plural: str
    each: str
    icon: str


SUBJECTS = {
    "project": Subject(_("Project"), _("the project"), "boxes"),
    "user": Subject(_("People"), _("each person"), "users"),
    "agent": Subject(_("Agents"), _("each agent"), "bot"),
    "flow": Subject(_("Flows"), _("each flow"), "workflow"),
    "run": Subject(_("Single runs"), _("each run"), "activity"),
}
PERIODS = {
    "run": _("a run"),
    "day": _("a day"),
    "week": _("a week"),
    "month": _("a month"),
    "total": _("in all"),
}
ENDS = {
    "block": _("the step fails"),
    "pause": _("the run waits"),
    "degrade": _("a cheaper model answers"),
}


def subject_words(body: Mapping[str, Any]) -> str:
    """Whom a budget is on; a draft in the making may lack anything."""
    of, subject = body.get("of"), body.get("subject")
    if isinstance(of, str) and of and subject != "project":
        return of
    found = SUBJECTS.get(subject) if isinstance(subject, str) else None
    return str(found.each) if found else ""


def word(words: Mapping[str, Any], body: Mapping[str, Any], name: str, otherwise: str = "") -> str:
    """What a field of the body says, in words."""
    said = body.get(name, otherwise)
    return str(words.get(said, "")) if isinstance(said, str) else ""


def alone(text: Any) -> str:
    """Words as they stand by themselves."""
    return capfirst(str(text))
