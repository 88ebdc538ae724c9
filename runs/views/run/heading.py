"""The head of a run's page: what it is about, how far it is, what it waits for, and why it failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flows.members import person
from governance import clock, ids, money
from governance.models import Approval
from governance.privacy.tokens import found_in
from runs import launch
from runs.api.runs import queue_positions
from runs.engine.rows import dumps, loads
from runs.models import FINISHED, NO_ITEM, Run, Step
from runs.views.run import json_tree
from runs.views.run.drawing import Drawing
from runs.views.shell.run_titles import first_text, short

SETTLED = ("succeeded", "failed", "skipped", "cancelled")
MOST_BELOW = 20
# What a person can do about each kind of end (contract, section 5).
WAYS_OUT = {
    "denied": gettext_lazy("Ask an admin about the policy, or change what the step does."),
    "tool_not_allowed": gettext_lazy(
        "Add the tool to the agent's list and publish it, then fork from this step."
    ),
    "budget_exceeded": gettext_lazy(
        "Raise the limit, then fork from this step: what is done is not paid again."
    ),
    "timeout": gettext_lazy("Raise the step's time limit, or fork from this step to try again."),
    "provider_error": gettext_lazy("Test the provider, or add a fallback model, then fork from this step."),
    "breaker_open": gettext_lazy("Wait until the provider answers again, then fork from this step."),
    "invalid_input": gettext_lazy("Look at what the step was given, then mend the step before it."),
    "invalid_output": gettext_lazy(
        "Look at the answer under Messages, then change the instructions or the schema."
    ),
    "expression_error": gettext_lazy("Mend the expression in the flow, publish, and retry."),
    "address_refused": gettext_lazy("Ask who runs this Baton to allow the address, or use another one."),
    "limit_time": gettext_lazy("Raise the flow's time limit, or fork from the step that took long."),
    "limit_steps": gettext_lazy("Raise the flow's step limit, or look for a loop that does not end."),
    "delegation_cycle": gettext_lazy(
        "Let an agent of the circle answer, or change what its instructions say about handing over and about its "
        "tools, then fork."
    ),
    "limit_hops": gettext_lazy("Raise the flow's hop limit, or look for agents that hand over in a circle."),
}
TRIGGERS = {
    "api": gettext_lazy("over the API"),
    "page": gettext_lazy("on its page"),
    "command": gettext_lazy("from the command line"),
    "flow": gettext_lazy("by the flow above"),
    "fork": gettext_lazy("as a fork"),
    "retry": gettext_lazy("as a retry"),
    "test": gettext_lazy("as a test of the draft"),
}
TRY_AGAIN = gettext_lazy("Mend what is named here, then fork from this step or retry.")


@dataclass(frozen=True, slots=True)
class Wait:
    """What the run waits for: for whom, until when (microseconds), and where it can be decided."""

    kind: str
    title: str
    reviewers: tuple[str, ...]
    due_at: int | None
    node: str
    url: str
    approval: str | None


def heading(run: Run, drawing: Drawing) -> dict[str, Any]:
    """The context of run/_head.html. A fixed number of queries."""
    given = launch.input_of(run)
    error = None if run.error is None else loads(run.error)
    return {
        "run": run,
        "flow_name": drawing.name,
        "heading": short(first_text(given)) or drawing.name,
        "trigger": TRIGGERS.get(run.trigger, run.trigger),
        "labels": loads(run.labels),
        "progress": progress(run, len(drawing.nodes)),
        "tokens": f"{run.input_tokens + run.output_tokens:,}",
        "limit": None if drawing.max_cost_usd is None else money.nano(drawing.max_cost_usd),
        "elapsed": elapsed(run),
        "waits": waits_of(run, drawing),
        "queue_position": queue_positions([run]).get(run.id),
        "error": error,
        "error_url": step_url(run, error.get("node"), error.get("iteration")) if error else "",
        "error_name": drawing.node_name(error["node"]) if error and error.get("node") else "",
        "way_out": WAYS_OUT.get(error["code"], TRY_AGAIN) if error else "",
        "output": None if run.output is None else json_tree.tree(loads(run.output)),
        "given": json_tree.tree(given),
        "is_protected": bool(
            found_in(dumps(given)) or found_in(run.output or "") or found_in(run.error or "")
        ),
        "parent": None if run.parent_id is None else ids.encode(run.parent_id),
        "forked_from": None if run.forked_from is None else ids.encode(run.forked_from),
        "below": list(Run.objects.filter(parent_id=run.id).order_by("-id")[:MOST_BELOW]),
    }


def progress(run: Run, nodes: int) -> str:
    """How many of the `nodes` ran, and how many were skipped; the page's script says it in the same words."""
    settled = Step.objects.filter(run_id=run.id, item=NO_ITEM, status__in=SETTLED).exclude(node="")
    found = set(settled.values_list("node", "status").distinct())
    ran = {node for node, status in found if status != "skipped"}
    skipped = len({node for node, _status in found} - ran)
    words = {"ran": len(ran), "left": max(nodes - skipped, len(ran)), "skipped": skipped}
    said = _("%(ran)d ran") if run.status in FINISHED else _("%(ran)d of %(left)d")
    return " · ".join([said % words, *([_("%(skipped)d skipped") % words] if skipped else [])])


def elapsed(run: Run) -> int | None:
    """Microseconds since the start; of a finished run, how long it took."""
    if run.started_at is None:
        return None
    return (run.finished_at or clock.now()) - run.started_at


def waits_of(run: Run, drawing: Drawing) -> list[Wait]:
    found = loads(run.waiting)
    numbers = {wait["id"]: ids.decode(wait["id"]) for wait in found if isinstance(wait.get("id"), str)}
    items = Approval.objects.in_bulk([number for number in numbers.values() if number is not None])
    return [wait_of(run, drawing, wait, items.get(numbers.get(wait.get("id")))) for wait in found]


def wait_of(run: Run, drawing: Drawing, wait: Mapping, item: Approval | None) -> Wait:
    node = wait.get("node") or ""
    until = clock.parse(wait["until"]) if wait.get("until") else None
    url = step_url(run, node, wait.get("iteration"), wait.get("item"))
    if item is None:
        return Wait(wait["kind"], "", (), until, drawing.node_name(node), url, None)
    if not item.node:  # a run's own launch or release, of this one or of one below
        url = reverse("approval", args=[run.project.slug, item.id])
    elif item.run_id != run.id:  # a run below asks: it is decided there
        url = reverse("run-step", args=[item.run_id, item.node, item.iteration, *at(item.item)])
    return Wait(
        item.kind,
        item.title,
        tuple(person(name) for name in item.reviewers),
        item.due_at,
        drawing.node_name(node) if node else _("The run"),
        url,
        ids.encode(item.id),
    )


def step_url(run: Run, node: str | None, iteration: int | None = None, item: int | None = None) -> str:
    if not node:
        return ""
    return reverse("run-step", args=[run.id, node, iteration or 1, *at(item)])


def at(item: int | None) -> list[int]:
    return [] if item in (None, NO_ITEM) else [item]


def crumb_of(run: Run) -> str:
    return _("Run %(id)s") % {"id": run.public_id}
