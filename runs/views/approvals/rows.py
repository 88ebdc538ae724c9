"""Items of the inbox as lines of its list: what is asked, for which flow, how long there is, who has spoken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flows.cards import person
from governance import ids, inbox
from governance.models import Approval, Project
from runs.engine.rows import loads
from runs.models import Run
from runs.views.approvals.summary import beginning
from runs.views.budgets.waiting import ALIVE, FOR_MONEY
from runs.views.forms.labels import humanised
from runs.views.shell.addresses import address

ENDED = {
    "approved": ("succeeded", gettext_lazy("Approved")),
    "answered": ("succeeded", gettext_lazy("Answered")),
    "rejected": ("failed", gettext_lazy("Rejected")),
    "timed_out": ("failed", gettext_lazy("Timed out")),
    "cancelled": ("cancelled", gettext_lazy("Withdrawn")),
}
PICTURES = {
    "approval": "user-check",
    "question": "message-square",
    "escalation": "triangle-alert",
    "uncertain": "circle-alert",
}
KINDS = {
    "approval": gettext_lazy("Approval"),
    "question": gettext_lazy("Question"),
    "escalation": gettext_lazy("Escalation"),
    "uncertain": gettext_lazy("Uncertain outcome"),
}
MOST_RUNS = 20


@dataclass(frozen=True, slots=True)
class Due:
    """How urgent an item is: `status` colours it, `word` says it, `at` is the due time in microseconds or None."""

    status: str
    word: str
    at: int | None = None


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One line. `said` of `quorum` have agreed; `spent` is what its decisions took people, in microseconds."""

    item: Approval
    url: str
    kind: str
    picture: str
    line: str
    flow_name: str
    due: Due
    said: int
    reviewers: str
    spent: int | None

    @property
    def public_id(self) -> str:
        return ids.encode(self.item.pk)


@dataclass(frozen=True, slots=True)
class BudgetWait:
    """A run that waits for money: nobody decides that, but an admin may raise the limit at `url`."""

    run: Run
    budget: str
    url: str
    flow_name: str


def item_rows(
    project: Project, items: Sequence[Approval], names: Mapping[str, str], here: str, now: int
) -> list[ItemRow]:
    """Lines for `items` with their decisions; `names` are the flows', `here` the query string that stays."""
    return [item_row(project, item, names, here, now) for item in items]


def item_row(project: Project, item: Approval, names: Mapping[str, str], here: str, now: int) -> ItemRow:
    url = reverse("approval", args=[project.slug, item.pk])
    return ItemRow(
        item,
        f"{url}?{here}" if here else url,
        str(KINDS[item.kind]),
        PICTURES[item.kind],
        line_of(item),
        names.get(item.flow) or item.flow,
        due_of(item, now),
        sum(1 for said in item.decisions.all() if said.decision == "approve"),
        ", ".join(person(name) for name in item.reviewers),
        spent_on(item),
    )


def line_of(item: Approval) -> str:
    """What it is about in a line: the payload's own words where it is short, else why, else which step asks."""
    words = beginning(getattr(item, "start", None) or "") if item.kind == "approval" else ""
    step = _("Step %(name)s") % {"name": humanised(item.node)} if item.node else _("The run itself")
    return words or item.reason or step


def spent_on(item: Approval) -> int | None:
    """Microseconds from opening it to deciding it, of everybody; None: nobody was measured."""
    measured = [said.at - said.opened_at for said in item.decisions.all() if said.opened_at is not None]
    return sum(measured) if measured else None


def due_of(item: Approval, now: int) -> Due:
    if item.status != "pending":
        status, word = ENDED[item.status]
        return Due(status, str(word))
    if item.due_at is None:
        return Due("queued", _("No deadline"))
    if item.due_at <= now:
        return Due("failed", _("Overdue"), item.due_at)
    half = inbox.remind_at(item.requested_at, item.due_at)
    if item.reminded_at is not None or now >= half:
        return Due("waiting", _("Due soon"), item.due_at)
    return Due("queued", _("Due"), item.due_at)


def budget_waits(project: Project, names: Mapping[str, str]) -> list[BudgetWait]:
    """The newest runs that hold still for their budgets. One query."""
    waiting = Run.objects.filter(project=project, status__in=ALIVE, waiting__contains=FOR_MONEY)
    found = []
    for run in waiting.order_by("-id")[:MOST_RUNS]:
        for wait in loads(run.waiting):
            if wait.get("kind") == "budget":
                found.append(budget_wait(project, run, wait, names))
                break
    return found


def budget_wait(project: Project, run: Run, wait: Mapping[str, Any], names: Mapping[str, str]) -> BudgetWait:
    account = str(wait.get("id") or "")  # as people name it: budget:SLUG:SUBJECT/WHO:PERIOD
    slug = account.split(":")[1] if account.startswith("budget:") else ""
    url = address("budget", project.slug, slug) if slug else address("budgets", project.slug)
    return BudgetWait(run, slug or account, url, names.get(run.flow) or run.flow)
