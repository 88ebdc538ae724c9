"""What a step asks of people, as forms: who may say what, the payload to change or to fill in, and what went wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance import approvals, ids, seats
from governance.models import Approval, Decision, User
from governance.refusals import Problem
from runs.api.approvals import standing
from runs.models import Run
from runs.views.approvals.summary import Confirmation, confirmation
from runs.views.forms import FieldView, SchemaForm
from runs.views.run import json_tree

PREFIX = "payload"
# decision: its button and how it looks. The first one is what the step would go on with.
BUTTONS = {
    "approval": (
        ("approve", gettext_lazy("Approve"), "btn--primary"),
        ("reject", gettext_lazy("Reject"), "btn--danger"),
    ),
    "question": (("answer", gettext_lazy("Send the answer"), "btn--primary"),),
    "escalation": (
        ("answer", gettext_lazy("Answer in its place"), "btn--primary"),
        ("retry", gettext_lazy("Try again"), ""),
        ("reject", gettext_lazy("Let it fail"), "btn--danger"),
    ),
    "uncertain": (
        ("done", gettext_lazy("It was done"), "btn--primary"),
        ("repeat", gettext_lazy("Do it again"), ""),
        ("reject", gettext_lazy("Let it fail"), "btn--danger"),
    ),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A decision that was not taken: what was typed, and why not."""

    approval_id: int
    decision: str
    reason: str = ""
    payload: Any = None
    has_payload: bool = False
    problems: Sequence[Problem] = ()
    conflict: str = ""


@dataclass(frozen=True, slots=True)
class ItemView:
    """One item of the inbox where it stands. `cannot` says why this person only reads it; "": a form is shown."""

    item: Approval
    payload: json_tree.Tree | None
    said: list[Decision]
    cannot: str
    fields: list[FieldView] = field(default_factory=list)
    buttons: tuple = ()
    reason: str = ""
    reason_error: str = ""
    problems: tuple[Problem, ...] = ()
    conflict: str = ""
    confirm: Confirmation | None = None  # before it is approved

    @property
    def public_id(self) -> str:
        return ids.encode(self.item.pk)

    @property
    def look(self) -> str:
        """The status that colours it."""
        ended = {
            "approved": "succeeded",
            "answered": "succeeded",
            "rejected": "failed",
            "timed_out": "failed",
        }
        return "waiting" if self.is_open else ended.get(self.item.status, "cancelled")

    @property
    def is_open(self) -> bool:
        return self.item.status == "pending"


def asked_of(items: QuerySet[Approval], user: User, run: Run, asked: Asked | None) -> list[ItemView]:
    """The items of a step, the open ones first. The names of the person are read once."""
    found = list(items.select_related("project").prefetch_related("decisions__by").order_by("id"))
    names = approvals.names_of(user, run.project) if found else frozenset()
    views = [view_of(item, user, names, asked) for item in found]
    return sorted(views, key=lambda view: not view.is_open)


def view_of(item: Approval, user: User, names: frozenset[str], asked: Asked | None) -> ItemView:
    said = sorted(item.decisions.all(), key=lambda decision: decision.pk)
    cannot = why_not(item, user, names, said)
    mine = asked if asked is not None and asked.approval_id == item.pk else None
    payload = standing(item)
    if cannot:
        return ItemView(item, tree_of(payload), said, cannot, conflict=mine.conflict if mine else "")
    form = form_of(item)
    typed = mine.payload if mine and mine.has_payload else payload if item.kind == "approval" else None
    problems = tuple(mine.problems) if mine else ()
    return ItemView(
        item,
        None if form and item.kind == "approval" else tree_of(payload),
        said,
        "",
        form.fields(typed, relative(problems)) if form else [],
        BUTTONS[item.kind],
        mine.reason if mine else "",
        next((problem.message for problem in problems if problem.pointer == "/reason"), ""),
        tuple(problem for problem in problems if problem.pointer != "/reason" and not is_inside(problem)),
        mine.conflict if mine else "",
        confirmation(item, said, payload),
    )


def form_of(item: Approval) -> SchemaForm | None:
    """The form of the payload, where a person writes it; None where it stands as it is."""
    if item.kind == "uncertain" or (item.kind == "approval" and not item.editable):
        return None
    return SchemaForm({} if item.schema is None else item.schema, prefix=PREFIX)


def why_not(item: Approval, user: User, names: Iterable[str], said: list[Decision]) -> str:
    if item.status != "pending":
        return _("This is decided.")
    if names.isdisjoint(item.reviewers):
        return _("This is for %(who)s to decide.") % {"who": ", ".join(item.reviewers)}
    if item.four_eyes and item.launched_by_id == user.pk:
        return _("Four eyes: whoever launched the run cannot decide this. Ask another reviewer.")
    if any(decision.by_id == user.pk for decision in said):
        return _("You have decided this. Another reviewer has to agree.")
    return seats.taken(item, user)


def tree_of(payload: Any) -> json_tree.Tree | None:
    return None if payload is None else json_tree.tree(payload)


def is_inside(problem: Problem) -> bool:
    return problem.pointer == f"/{PREFIX}" or problem.pointer.startswith(f"/{PREFIX}/")


def relative(problems: Iterable[Problem]) -> list[Problem]:
    """Those of the payload, as the form that draws it knows them."""
    return [
        replace(problem, pointer=problem.pointer.removeprefix(f"/{PREFIX}"))
        for problem in problems
        if is_inside(problem)
    ]
