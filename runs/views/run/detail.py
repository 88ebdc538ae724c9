"""One step in full, a tab at a time: what it saw, called, tried, was allowed, chose, cost, and its raw lines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy as _

from flows.members import members
from governance import clock, ids
from runs.api.outputs import StepValues
from runs.engine.rows import loads
from runs.models import NO_ITEM, Event, Run, Step
from runs.templatetags.baton import duration, seconds
from runs.views.run import json_tree, messages, reasons, state
from runs.views.run.drawing import Drawing
from runs.views.run.findings import findings
from runs.views.run.handoffs import Handoff, handoffs_of
from runs.views.run.partial import Done, done_of
from runs.views.run.reports import Report, reports_of
from runs.views.run.rounds import Rounds, rounds_of
from runs.views.run.spending import Promise, Spending, holds_of, promise_of, share_of_run, spending_of
from runs.views.run.trace import MOST_OF_A_STEP, of_step
from runs.views.run.transcript import talk_of
from runs.views.run.turns import Turn, mapping, name_in, part_of, turns_of

LABELS = {
    "rounds": _("Rounds"),
    "talk": _("Transcript"),
    "why": _("Why"),
    "messages": _("Messages"),
    "data": _("Data"),
    "state": _("State"),
    "tools": _("Tools"),
    "attempts": _("Attempts"),
    "policy": _("Policy"),
    "pii": _("PII"),
    "cost": _("Cost"),
    "raw": _("Raw"),
}
HIDDEN_WHERE_EMPTY = ("rounds", "talk", "why", "messages", "tools")
MONEY = ("model.called", "tool.called", "budget.reserved", "budget.settled", "budget.exceeded")


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab's name in the address, its label, and how much it holds (None: not counted)."""

    name: str
    label: str
    count: int | None


@dataclass
class StepDetail:
    """`tab` is the wanted one, else the first. Three queries, and one more for each of messages and data."""

    run: Run
    step: Step
    drawing: Drawing
    wanted: str = ""

    @cached_property
    def events(self) -> list[tuple[Event, Mapping[str, Any]]]:
        return [(row, loads(row.data)) for row in of_step(self.run, self.step)[:MOST_OF_A_STEP]]

    def of(self, *types: str) -> list[tuple[Event, Mapping[str, Any]]]:
        return [(event, data) for event, data in self.events if event.type in types]

    @cached_property
    def tabs(self) -> list[Tab]:
        counts: dict[str, int | None] = {
            "rounds": len(self.rounds.rounds) if "workers" in self.config else 0,
            "talk": len(self.turns) if "participants" in self.config else 0,
            "why": len(self.of("choice.made")),
            "messages": len(self.of("model.called")),
            "data": None,
            **({"state": len(self.finished.get("writes") or ())} if "state" in self.drawing.document else {}),
            "tools": len(self.of("tool.called")),
            "attempts": self.step.attempts,
            "policy": len(self.of("policy.decided", "approval.decided")),
            "pii": len(self.of("privacy.found")),
            "cost": None,
            "raw": None,
        }
        shown = {name: count for name, count in counts.items() if count or name not in HIDDEN_WHERE_EMPTY}
        return [Tab(name, str(LABELS[name]), count) for name, count in shown.items()]

    @cached_property
    def tab(self) -> str:
        names = [tab.name for tab in self.tabs]
        return self.wanted if self.wanted in names else names[0]

    @property
    def template(self) -> str:
        return f"run/_tab_{self.tab}.html"

    @cached_property
    def content(self) -> Any:
        """What the active tab's template shows."""
        return CONTENT[self.tab](self)

    @cached_property
    def error(self) -> Mapping[str, Any] | None:
        """Why the step failed; for one that goes on, nothing."""
        return next((data["error"] for _, data in self.of("step.finished") if data.get("error")), None)

    @property
    def config(self) -> Mapping[str, Any]:
        return self.drawing.config(self.step.node)

    @cached_property
    def turns(self) -> list[Turn]:
        """Those of the members, of a step that holds others."""
        is_whole = self.step.item == NO_ITEM and members(self.config)
        return turns_of(self.run, self.step, self.drawing) if is_whole else []

    @cached_property
    def rounds(self) -> Rounds:
        """Of a supervisor's step."""
        plans = [(event.seq, data) for event, data in self.of("note") if data.get("kind") == "plan"]
        return rounds_of(self.turns, plans, with_output(self, self.output), self.drawing)

    @cached_property
    def output(self) -> Any:
        return StepValues(self.run.id, [self.step]).output(self.step)

    @cached_property
    def spending(self) -> Spending:
        return spending_of(self.step, self.drawing)

    @property
    def share_of_run(self) -> int | None:
        return share_of_run(self.run, self.step, self.config)

    @cached_property
    def promise(self) -> Promise | None:
        """Its agent's SLA, while the step runs."""
        begun = [attempt["at"] for attempt in attempts_of(self)]
        return promise_of(self.step, self.drawing, begun[-1] if begun else None)

    @property
    def promised(self) -> str:
        """How much of it has passed."""
        passed = clock.now() - self.promise.since
        return _("%(passed)s of %(limit)s") % {
            "passed": duration(passed),
            "limit": seconds(self.promise.limit_s),
        }

    @cached_property
    def finished(self) -> Mapping[str, Any]:
        """The data of `step.finished`, {} while the step runs."""
        return next((data for _, data in self.of("step.finished")), {})

    @cached_property
    def done(self) -> Done | None:
        """What its agent did before it was stopped; of others their rounds and their talk tell that."""
        return done_of(self.finished, self.drawing)

    @property
    def handoffs(self) -> list[Handoff]:
        """Who handed over to whom. A supervisor's delegations are its rounds."""
        return [] if self.turns else handoffs_of(self.of("agent.handoff"), self.drawing)

    @property
    def reports(self) -> list[Report]:
        """What its agent said to people meanwhile."""
        return reports_of(self.events, self.drawing)

    @property
    def asked(self) -> Mapping[str, Any]:
        """What a member was asked whose turn this step is; {} for any other step."""
        if self.step.item == NO_ITEM or not self.drawing.holds_turns(self.step.node):
            return {}
        return next((mapping(data.get("input")) for _, data in self.of("step.started")), {})

    @property
    def item_name(self) -> str:
        """Which item of its node this is: its participant, else its number; "" for a whole step."""
        if self.step.item == NO_ITEM:
            return ""
        who = name_in(self.asked, self.drawing)
        return (
            ", ".join(part for part in (who, part_of(self.asked)) if part) if who else f"[{self.step.item}]"
        )

    @property
    def player(self) -> str:
        """The agent that plays it, with its version; "" for a step without one."""
        return self.drawing.player(self.step.agent)

    @property
    def slug(self) -> str:
        """What documents call what plays it, where that is another name than the one that people see."""
        slug = (self.step.agent or self.step.node).partition("@")[0]
        return "" if slug in (self.drawing.called(slug), self.drawing.node_name(self.step.node)) else slug

    @property
    def models(self) -> list[tuple[str, str]]:
        """The provider and the whole name of each model that was called, once each."""
        called = dict.fromkeys(data["model"] for _, data in self.of("model.called"))
        return [(model.partition("/")[0], model) for model in called]

    @property
    def took(self) -> int | None:
        """Microseconds, once it has ended."""
        return took_of(self.step)

    @property
    def children(self) -> list[tuple[int, str]]:
        """Number and name of the runs below this step that have ended; those that run are on the run's own list."""
        ended = [data["run"] for _, data in self.of("note") if data.get("kind") == "child"]
        return [(number, name) for name in ended if (number := ids.decode(name)) is not None]


def took_of(step: Step) -> int | None:
    ended = step.started_at is not None and step.finished_at is not None
    return step.finished_at - step.started_at if ended else None


def values_of(detail: StepDetail) -> list[tuple[str, json_tree.Tree]]:
    values = StepValues(detail.run.id, [detail.step])
    found = [(str(_("Input")), values.input(detail.step)), (str(_("Output")), values.output(detail.step))]
    return [(name, json_tree.tree(value)) for name, value in found]


def tools_of(detail: StepDetail) -> list[dict[str, Any]]:
    asked = {data["call"]: event.at for event, data in detail.of("policy.decided")}
    return [
        {
            "event": event,
            "data": data,
            "took": event.at - asked[data["call"]] if data["call"] in asked else None,
            "arguments": json_tree.tree(data.get("arguments")),
            "output": json_tree.tree(data.get("output")),
        }
        for event, data in detail.of("tool.called")
    ]


def attempts_of(detail: StepDetail) -> list[dict[str, Any]]:
    """Each attempt with when it began, why it ended, and how long the next one waited."""
    if detail.step.started_at is None:
        return []
    found: list[dict[str, Any]] = [{"number": 1, "at": detail.step.started_at}]
    for event, data in detail.of("step.retrying"):
        found[-1] |= {"status": "failed", "error": data.get("error"), "after_s": data.get("after_s", 0)}
        at = event.at + round(data.get("after_s", 0) * 1_000_000)
        found.append({"number": len(found) + 1, "at": at, "candidate": data.get("candidate", 0)})
    found[-1] |= {"status": detail.step.status, "error": detail.error}
    return found


def policy_of(detail: StepDetail) -> list[tuple[Event, Mapping]]:
    return detail.of("policy.decided", "approval.requested", "approval.decided")


def raw_of(detail: StepDetail) -> list[tuple[Event, json_tree.Tree]]:
    return [(event, json_tree.tree(data)) for event, data in detail.events[-RAW_LINES:]]


def talk(detail: StepDetail) -> Any:
    decided = [data for _, data in detail.of("choice.made")]
    return talk_of(detail.turns, decided, with_output(detail, detail.output), detail.drawing)


def with_output(detail: StepDetail, output: Any) -> Mapping[str, Any]:
    return detail.finished if output is None else {**detail.finished, "output": output}


RAW_LINES = 100
CONTENT: Mapping[str, Callable[[StepDetail], Any]] = {
    "rounds": lambda detail: detail.rounds,
    "talk": talk,
    "why": lambda detail: reasons.choices(detail.of("choice.made"), detail.drawing, detail.step.node),
    "messages": lambda detail: messages.exchanges(detail.run.id, detail.events),
    "data": values_of,
    "state": lambda detail: state.of_step(detail.run, detail.drawing, detail.step),
    "tools": tools_of,
    "attempts": attempts_of,
    "policy": policy_of,
    "pii": lambda detail: findings(detail.of("privacy.found")),
    "cost": lambda detail: {
        "calls": [
            (event, data, str(data.get("model", "")).partition("/")[0])
            for event, data in detail.of("model.called", "tool.called")
        ],
        "spent": detail.step.cost,
        "holds": holds_of([(event.type, data) for event, data in detail.of(*MONEY)]),
    },
    "raw": raw_of,
}
