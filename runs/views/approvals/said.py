"""What became of an item, in order: asked, opened, due soon, decided by whom, and how an answer differs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.documents.difference import Change, Item, difference
from governance.models import Approval, Decision
from runs.engine.rows import dumps
from runs.views.approvals.rows import ENDED
from runs.views.run import json_tree
from runs.views.versions.drawn import Group, Row

SAID = {
    "approve": ("succeeded", "circle-check", gettext_lazy("approved")),
    "reject": ("failed", "circle-x", gettext_lazy("rejected")),
    "answer": ("succeeded", "circle-check", gettext_lazy("answered")),
    "retry": ("running", "rotate-ccw", gettext_lazy("said: try again")),
    "done": ("succeeded", "circle-check", gettext_lazy("said: it was done")),
    "repeat": ("running", "repeat", gettext_lazy("said: do it again")),
}
LONGEST = 2_000
MOST = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history. `spent` is microseconds from opening the item to this decision."""

    status: str
    picture: str
    text: str
    at: int
    who: str = ""
    reason: str = ""
    spent: int | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """What an approver made of the payload: the difference to what was asked, and all of it."""

    who: str
    group: Group = field(default_factory=lambda: Group(""))
    whole: json_tree.Tree | None = None


def history(item: Approval, decisions: Sequence[Decision], openings: Sequence[tuple[str, int]]) -> list[Line]:
    """In the order of time. `openings` are (username, microseconds)."""
    lines = [Line("waiting", "hand", _("Asked"), item.requested_at)]
    lines += [Line("queued", "eye", _("opened it"), at, who) for who, at in openings]
    if item.reminded_at is not None:
        lines.append(Line("waiting", "timer", _("Half of the time had passed: due soon"), item.reminded_at))
    lines += [line_of(said) for said in decisions]
    if item.status in ("timed_out", "cancelled") and item.decided_at is not None:
        status, word = ENDED[item.status]
        lines.append(Line(status, "timer", str(word), item.decided_at))
    return sorted(lines, key=lambda line: line.at)


def line_of(said: Decision) -> Line:
    status, picture, word = SAID.get(said.decision, ("queued", "circle", said.decision))
    spent = None if said.opened_at is None else said.at - said.opened_at
    return Line(status, picture, str(word), said.at, name_of(said), said.reason, spent)


def name_of(said: Decision) -> str:
    return said.by.username if said.by else _("somebody who left")


def versions(item: Approval, decisions: Sequence[Decision]) -> list[Version]:
    """What was approved with changes, or answered; nothing where it stood as it was."""
    found = []
    for said in decisions:
        if said.decision == "approve":
            changes = difference(item.payload, said.payload)
            if changes:
                found.append(Version(name_of(said), group_of(changes), json_tree.tree(said.payload)))
        elif said.payload is not None:
            found.append(Version(name_of(said), whole=json_tree.tree(said.payload)))
    return found


def group_of(changes: Sequence[Change]) -> Group:
    rows = [Row(label_of(change), text_of(change.before), text_of(change.after)) for change in changes[:MOST]]
    more = len(changes) - MOST
    note = _("… and %(n)d more places.") % {"n": more} if more > 0 else ""
    return Group(_("What was changed"), rows=rows, note=note, heading=_("Field"))


def label_of(change: Change) -> str:
    """Names as they are sent: `lines › 2 › amount`."""
    words = [part.name if isinstance(part, Item) else part for part in change.path]
    return " › ".join(words) or _("Payload")


def text_of(value: Any) -> str | None:
    """Exactly as it is, without rounding: a person has agreed to that."""
    if value is None:
        return None
    text = value if isinstance(value, str) else dumps(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
