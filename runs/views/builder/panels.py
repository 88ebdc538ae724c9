"""The panels below the canvas: problems with their fixes, what a run may cost and take, and the pill on the canvas."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from flows.cards import CardView
from flows.costs import FREE, Cost
from flows.fixes import fixes
from flows.time_estimate import Time
from governance.money import NANO
from governance.refusals import Problem
from runs.views.builder.desk import Desk, desk_of

MOST_ROWS = 60
MOST_HINTS = 8
STATUSES = {"error": "failed", "warning": "waiting", "info": "running"}
ICONS = {"error": "circle-x", "warning": "triangle-alert", "info": "info"}


@dataclass(frozen=True, slots=True)
class Row:
    """One problem or hint: the nodes it is about by name, and its fix."""

    problem: Problem
    nodes: list[tuple[str, str]]
    place: str
    fix: str

    @property
    def status(self) -> str:
        return STATUSES[self.problem.severity]

    @property
    def icon(self) -> str:
        return ICONS[self.problem.severity]

    @property
    def word(self) -> str:
        return {"error": _("Error"), "warning": _("Warning"), "info": _("Hint")}[self.problem.severity]


@dataclass(frozen=True, slots=True)
class Line:
    """What one node costs and takes in a run, in billionths of a dollar and in seconds; None: nothing bounds it."""

    card: CardView
    cost: Cost
    time: Time
    is_known: bool = True

    @property
    def expected_usd(self) -> float:
        return float(self.cost.expected) / NANO

    @property
    def worst_usd(self) -> float | None:
        return None if self.cost.worst is None else float(self.cost.worst) / NANO

    @property
    def worst_s(self) -> float | None:
        return self.time.worst


@require_safe
def problem_list(request: HttpRequest, project: str, flow: str) -> HttpResponse:
    return HttpResponse(problems_html(desk_of(request, project, flow)))


@require_safe
def estimate_show(request: HttpRequest, project: str, flow: str) -> HttpResponse:
    """What each node costs and takes; the pill alone with `?part=pill`."""
    desk = desk_of(request, project, flow)
    if request.GET.get("part") == "pill":
        return HttpResponse(estimate_html(desk))
    return render(request, "builder/_costs.html", costs_context(desk))


def problems_html(desk: Desk) -> str:
    return render_to_string("builder/_problems.html", problems_context(desk), request=desk.request)


def estimate_html(desk: Desk) -> str:
    return render_to_string("builder/_estimate.html", estimate_context(desk))


def problems_context(desk: Desk) -> dict[str, Any]:
    told = desk.problems
    return {
        "desk": desk,
        "rows": rows_of(desk, [*told[:MOST_ROWS], *desk.hints[:MOST_HINTS]]),
        "more": max(0, len(told) - MOST_ROWS),
        "errors": desk.summary["errors"],
        "warnings": desk.summary["warnings"],
        "fixes_url": desk.url("flow-fixes"),
        **alone_context(desk),
    }


def alone_context(desk: Desk) -> dict[str, Any]:
    """What one agent alone would lose, with its nodes by name; nothing where only one works."""
    found = desk.inspection.alone
    if found is None or found.agents < 2:
        return {}
    return {"alone": found, "losses": [(loss, named(desk, loss.nodes)) for loss in found.losses]}


def rows_of(desk: Desk, problems: Iterable[Problem]) -> list[Row]:
    problems = list(problems)
    names = {card.id: card.name for card in desk.cards}
    mended = fixes(desk.body, problems, desk.inspection.stock) if desk.may_edit else [None] * len(problems)
    return [
        Row(
            problem,
            [(node, names[node]) for node in problem.nodes if node in names],
            "" if problem.nodes else problem.pointer,
            fix.label if fix else "",
        )
        for problem, fix in zip(problems, mended, strict=True)
    ]


def estimate_context(desk: Desk) -> dict[str, Any]:
    cost, time = desk.inspection.cost, desk.inspection.time
    return {
        "cost": cost,
        "time": time,
        "unbounded": named(desk, cost["unbounded"]),
        "not_set_up": named(desk, desk.inspection.not_set_up),
        "is_known": bool(desk.body["nodes"]),
    }


def costs_context(desk: Desk) -> dict[str, Any]:
    inspection = desk.inspection
    lines = [
        Line(
            card,
            inspection.costs.get(card.id, FREE),
            inspection.times.get(card.id, Time()),
            card.id not in inspection.not_set_up,
        )
        for card in desk.cards
    ]
    return {
        **estimate_context(desk),
        "unbounded": named(
            desk, [node for node in inspection.cost["unbounded"] if node not in inspection.not_set_up]
        ),
        "desk": desk,
        "lines": [
            line for line in lines if line.cost.worst != 0 or line.time.worst != 0 or line.time.expected
        ],
        "limits": desk.body.get("limits") if isinstance(desk.body.get("limits"), dict) else {},
        "slow": named(
            desk, [node for node in inspection.time["unbounded"] if node not in inspection.not_set_up]
        ),
    }


def named(desk: Desk, nodes: Iterable[str]) -> list[tuple[str, str]]:
    names = {card.id: card.name for card in desk.cards}
    return [(node, names.get(node, node)) for node in nodes]
