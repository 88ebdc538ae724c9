"""What a person can say to an item, as buttons: some are sent at once, others first open a form or ask for a reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from governance.models import Approval, Decision
from runs.api.approvals import standing
from runs.views.approvals.summary import Confirmation, confirmation, sentence
from runs.views.forms import SchemaForm
from runs.views.run.asking import PREFIX

# By kind: what `?do=` opens, and the decision that is sent from there.
OPENS = {
    "approval": {"edit": "approve", "reject": "reject"},
    "question": {"answer": "answer"},
    "escalation": {"answer": "answer", "reject": "reject"},
    "uncertain": {"done": "done", "reject": "reject"},
}
WRITES = frozenset({"edit", "answer", "done"})


@dataclass(frozen=True, slots=True)
class Button:
    """Sends `decision`, or opens `do`. `key` is its shortcut, `confirm` the question before it is sent and what then
    happens; `is_typed`: that is what stands in the form by then."""

    label: str
    picture: str
    look: str = ""
    key: str = ""
    decision: str = ""
    do: str = ""
    confirm: Confirmation | None = None
    is_typed: bool = False


def opened(item: Approval, wanted: str, decisions: Sequence[Decision] = ()) -> str:
    """What is open now: as `wanted`, where the item knows that."""
    if item.kind == "question":
        return "answer"
    if wanted == "edit" and not may_edit(item, decisions):
        return ""
    return wanted if wanted in OPENS[item.kind] else ""


def may_edit(item: Approval, decisions: Sequence[Decision]) -> bool:
    """Whether the payload can be changed: who comes later in a quorum agrees to it as it stands."""
    return item.editable and all(said.decision != "approve" for said in decisions)


def form_of(item: Approval, do: str) -> SchemaForm | None:
    """The form of what `do` sends along; None where it sends nothing."""
    if do not in WRITES or (do == "done" and item.schema is None):
        return None
    return SchemaForm({} if item.schema is None else item.schema, prefix=PREFIX)


def buttons(item: Approval, do: str, decisions: Sequence[Decision]) -> list[Button]:
    """The bar below the item."""
    if do:
        sent = sending(item, do, decisions)
        return [sent] if item.kind == "question" else [sent, back()]
    return {"approval": approving, "escalation": escalated, "uncertain": unsure}[item.kind](item, decisions)


def approving(item: Approval, decisions: Sequence[Decision]) -> list[Button]:
    edit = [Button(_("Edit and approve"), "pencil", key="e", do="edit")] if may_edit(item, decisions) else []
    confirm = confirmation(item, decisions, standing(item))
    approve = Button(_("Approve"), "check", "btn--primary", "a", decision="approve", confirm=confirm)
    return [approve, *edit, Button(_("Reject"), "x", "btn--danger", "r", do="reject")]


def escalated(item: Approval, decisions: Sequence[Decision]) -> list[Button]:
    return [
        Button(_("Answer in its place"), "pencil", "btn--primary", "e", do="answer"),
        Button(_("Try again"), "rotate-ccw", key="a", decision="retry"),
        Button(_("Let it fail"), "x", "btn--danger", "r", do="reject"),
    ]


def unsure(item: Approval, decisions: Sequence[Decision]) -> list[Button]:
    done = {"decision": "done"} if item.schema is None else {"do": "done"}
    tool = (item.subject.get("tool") or {}).get("slug") or _("the tool")
    return [
        Button(_("It was done"), "check", "btn--primary", "e", **done),
        Button(
            _("Do it again"),
            "repeat",
            decision="repeat",
            confirm=Confirmation(_("Call %(tool)s once more?") % {"tool": tool}, sentence(item.payload)),
        ),
        Button(_("Let it fail"), "x", "btn--danger", "r", do="reject"),
    ]


def sending(item: Approval, do: str, decisions: Sequence[Decision]) -> Button:
    words = {
        "edit": (_("Approve with changes"), "check", "btn--primary"),
        "answer": (_("Send the answer"), "send", "btn--primary"),
        "done": (_("It was done"), "check", "btn--primary"),
        "reject": (_("Reject") if item.kind == "approval" else _("Let it fail"), "x", "btn--danger-solid"),
    }
    label, picture, look = words[do]
    confirm = confirmation(item, decisions, standing(item)) if do == "edit" else None
    return Button(label, picture, look, decision=OPENS[item.kind][do], confirm=confirm, is_typed=True)


def back() -> Button:
    return Button(_("Back"), "arrow-left", do="none")
