"""What an agent said to people while it worked: where it stood, what it asked and was answered, what it gave away.

That something was out of its scope is a choice: it stands among the reasons.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from runs.engine.memory import REPORTS
from runs.models import Event
from runs.views.run.drawing import Drawing

SAYS = {
    "status": gettext_lazy("reports"),
    "help": gettext_lazy("asks for help"),
    "escalate": gettext_lazy("asks a person to take over"),
}
ICONS = {"status": "message-square", "help": "hand", "escalate": "arrow-up-right"}


@dataclass(frozen=True, slots=True)
class Report:
    """`answer` is what came of it; "" while nobody said anything, or where nothing is asked."""

    agent: str
    says: str
    icon: str
    text: str
    at: int
    answer: str = ""


def reports_of(events: Iterable[tuple[Event, Mapping[str, Any]]], drawing: Drawing) -> list[Report]:
    """`events` are the step's own, in order."""
    events = list(events)
    decided = {data.get("call"): data for event, data in events if event.type == "approval.decided"}
    made = [(event, data) for event, data in events if event.type == "note" and data.get("kind") in REPORTS]
    return [report(event, data, decided.get(data.get("call")), drawing) for event, data in made]


def report(
    event: Event, data: Mapping[str, Any], decided: Mapping[str, Any] | None, drawing: Drawing
) -> Report:
    kind, text = data["kind"], str(data.get("text") or "")
    agent = drawing.called(str(data.get("agent") or ""))
    return Report(agent, str(SAYS[kind]), ICONS[kind], text, event.at, answer_of(decided))


def answer_of(decided: Mapping[str, Any] | None) -> str:
    if decided is None:
        return ""
    by, said = ", ".join(map(str, decided.get("by") or ())), decided.get("decision")
    payload = decided.get("payload")
    words = payload.get("answer") if isinstance(payload, Mapping) else None
    values = {"who": by, "words": words if isinstance(words, str) else decided.get("reason") or ""}
    if said == "timed_out":
        return _("Nobody answered in time.")
    if isinstance(words, str):
        return _("%(who)s: %(words)s") % values
    told = {"answer": _("Answered by %(who)s."), "retry": _("Given back by %(who)s: %(words)s")}
    return told.get(said, _("Rejected by %(who)s: %(words)s")) % values
