"""One item in full: what is asked and of which operation, what led to it, and what this person can say to it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from flows.cards import person
from governance import clock, ids
from governance.models import Approval, Decision, User
from governance.privacy import tokens
from governance.refusals import Problem
from runs.api.approvals import standing
from runs.engine.rows import loads
from runs.models import NO_ITEM, Event, Run
from runs.views.approvals import choices, said
from runs.views.approvals.rows import KINDS, PICTURES, due_of
from runs.views.forms import FieldView
from runs.views.run import json_tree, messages
from runs.views.run.asking import Asked, is_inside, relative, tree_of, why_not
from runs.views.run.drawing import Drawing, drawing_of
from runs.views.run.heading import step_url

MOST_EVENTS = 400  # the newest of the step, up to the moment it asked
LAST_MESSAGES = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """Who asks. `url` shows the version; built-in rules have none."""

    name: str
    url: str = ""


@dataclass
class Shown:
    """An item for one person. `names` are the person's (governance.approvals.names_of); `asked` is a decision that was
    refused, shown again as it was typed. Seven queries, and one more for the texts of messages."""

    item: Approval
    user: User
    names: Collection[str]
    wanted: str = ""
    asked: Asked | None = None
    news: str = ""
    revealed: Any = None  # the payload with protected values, where this person asked for them
    now: int = field(default_factory=clock.now)

    # --- what is asked -----------------------------------------------------------------------------------------

    @property
    def public_id(self) -> str:
        return ids.encode(self.item.pk)

    @property
    def kind(self) -> str:
        return str(KINDS[self.item.kind])

    @property
    def picture(self) -> str:
        return PICTURES[self.item.kind]

    @cached_property
    def due(self):
        return due_of(self.item, self.now)

    @property
    def is_open(self) -> bool:
        return self.item.status == "pending"

    @cached_property
    def payload(self) -> Any:
        return standing(self.item)

    @cached_property
    def is_protected(self) -> bool:
        """Whether tokens stand in it for values that its reviewers may see."""
        return any(tokens.found_in(text) for text in tokens.texts_of(self.payload))

    @cached_property
    def fields_shown(self) -> list[json_tree.Tree]:
        """The payload, a row a field; a single one without a name where it is no object."""
        tree = tree_of(self.payload if self.revealed is None else self.revealed)
        if tree is None or self._says_nothing_more():
            return []
        if tree.brackets == "{}" and tree.children:
            return tree.children
        return [tree]

    def _says_nothing_more(self) -> bool:
        only_text = isinstance(self.payload, Mapping) and list(self.payload) == ["text"]
        return self.item.kind == "escalation" or (only_text and self.payload["text"] == self.item.title)

    @cached_property
    def tried(self) -> Mapping[str, Any] | None:
        """Of an escalation: {input: Tree, failures: [...], calls: [...]} as the engine gathered them."""
        if self.item.kind != "escalation" or not isinstance(self.payload, Mapping):
            return None
        found = {name: self.payload.get(name) for name in ("failures", "calls")}
        lists = {
            name: [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
            for name, value in found.items()
        }
        return {"input": tree_of(self.payload.get("input")), **lists}

    @property
    def policies(self) -> list[Policy]:
        named = self.item.subject.get("policies") or (self._decision or {}).get("policies") or ()
        return [self._policy(str(name)) for name in named]

    def _policy(self, name: str) -> Policy:
        slug, at, version = name.partition("@")
        if name.startswith("built-in/") or not at:
            return Policy(name)
        url = reverse("versions", args=[self.item.project.slug, "policies", slug])
        return Policy(name, f"{url}?to={version}")

    # --- where it comes from -----------------------------------------------------------------------------------

    @cached_property
    def run(self) -> Run:
        return Run.objects.select_related("project", "user").get(id=self.item.run_id)

    @cached_property
    def drawing(self) -> Drawing:
        return drawing_of(self.run)

    @property
    def node_name(self) -> str:
        return self.drawing.node_name(self.item.node)

    @property
    def agent_name(self) -> str:
        """Who asks, where an agent does."""
        slug = (self.item.subject.get("agent") or {}).get("slug")
        return self.drawing.called(str(slug)) if slug else ""

    @property
    def step_url(self) -> str:
        item = self.item
        return step_url(self.run, item.node, item.iteration, item.item) if item.node else ""

    @property
    def launched_by(self) -> str:
        user = self.run.user
        return (user.name or user.username) if user else _("nobody any more")

    @cached_property
    def events(self) -> list[tuple[Event, Mapping[str, Any]]]:
        """The step's own lines up to the question, in order."""
        item = self.item
        rows = Event.objects.filter(run_id=item.run_id)
        if item.node:
            rows = rows.filter(node=item.node, iteration=item.iteration)
            rows = rows.filter(item__isnull=True) if item.item == NO_ITEM else rows.filter(item=item.item)
        else:  # asked about the run itself: its launch, the release of its output
            rows = rows.filter(node__isnull=True)
        newest = rows.filter(at__lte=item.requested_at + 1_000_000).order_by("-seq")[:MOST_EVENTS]
        found = [(row, loads(row.data)) for row in reversed(newest)]
        asked = (
            row.seq
            for row, data in found
            if row.type == "approval.requested" and data["id"] == self.public_id
        )
        last = next(asked, None)
        return [(row, data) for row, data in found if last is None or row.seq <= last]

    @property
    def _decision(self) -> Mapping[str, Any] | None:
        lines = (data for row, data in self.events if row.type == "policy.decided")
        return next((data for data in lines if data.get("call") == self.item.call), None)

    @cached_property
    def reasoning(self) -> list[messages.Message]:
        """The last that was said in the step before it asked, its answer at the end."""
        found = messages.exchanges(self.item.run_id, self.events)
        if not found:
            return []
        last = found[-1]
        heard = [message for message in (*last.before, *last.new) if message.role != "system"]
        return [*heard[-LAST_MESSAGES:], *([last.answer] if last.answer else [])]

    # --- who says what -----------------------------------------------------------------------------------------

    @cached_property
    def decisions(self) -> list[Decision]:
        return sorted(self.item.decisions.all(), key=lambda decision: decision.pk)

    @property
    def agreed(self) -> int:
        return sum(1 for one in self.decisions if one.decision == "approve")

    @property
    def reviewers(self) -> str:
        return ", ".join(person(name) for name in self.item.reviewers)

    @cached_property
    def openings(self) -> list[tuple[str, int]]:
        return list(self.item.openings.order_by("id").values_list("by__username", "at"))

    @property
    def history(self) -> list[said.Line]:
        return said.history(self.item, self.decisions, self.openings)

    @cached_property
    def versions(self) -> list[said.Version]:
        return said.versions(self.item, self.decisions)

    @property
    def original(self) -> json_tree.Tree | None:
        """What was asked first, where somebody changed it."""
        return tree_of(self.item.payload) if any(one.group.rows for one in self.versions) else None

    @property
    def silence(self) -> str:
        """What happens when the due time passes."""
        if self.item.due_at is None or not self.is_open:
            return ""
        if self.item.kind == "escalation":
            return _("then the step fails")
        if self.item.on_timeout == "escalate":
            node = self.drawing.nodes.get(self.item.node, {})
            return _("then it goes to %(who)s") % {"who": person((node.get("escalate") or {}).get("to", ""))}
        if self.item.on_timeout == "port":
            return _("then the run goes on without an answer")
        return _("then it counts as rejected")

    # --- what can be said now ----------------------------------------------------------------------------------

    @cached_property
    def cannot(self) -> str:
        """Why this person only reads it; "": there are buttons."""
        if self.is_open and self.due.status == "failed":
            return _("The time for this has passed.")
        return why_not(self.item, self.user, self.names, self.decisions)

    @cached_property
    def do(self) -> str:
        return "" if self.cannot else choices.opened(self.item, self.wanted, self.decisions)

    @property
    def buttons(self) -> list[choices.Button]:
        return [] if self.cannot else choices.buttons(self.item, self.do, self.decisions)

    @property
    def problems(self) -> Sequence[Problem]:
        return self.asked.problems if self.asked else ()

    @cached_property
    def fields(self) -> list[FieldView]:
        form = None if self.cannot else choices.form_of(self.item, self.do)
        if form is None:
            return []
        typed = self.payload if self.do == "edit" else None
        if self.asked and self.asked.has_payload:
            typed = self.asked.payload
        return form.fields(typed, relative(self.problems))

    @property
    def loose_problems(self) -> list[Problem]:
        return [one for one in self.problems if one.pointer != "/reason" and not is_inside(one)]

    @property
    def reason_error(self) -> str:
        return next((one.message for one in self.problems if one.pointer == "/reason"), "")

    @property
    def may_comment(self) -> bool:
        """Whether a comment can be added beside what is sent; a rejection has its reason in the bar."""
        return not self.cannot and self.do != "reject" and self.item.kind != "question"

    @property
    def needs_reason(self) -> bool:
        return self.do == "reject" and self.item.kind == "approval"

    @property
    def typed(self) -> json_tree.Tree | None:
        """What was typed into a form that is not there any more, so that it is not lost."""
        lost = self.asked is not None and self.asked.has_payload and not self.fields
        return tree_of(self.asked.payload) if lost else None
