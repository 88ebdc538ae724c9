"""Endpoints of usage, decisions and metrics."""

from rest_framework.response import Response

from governance import clock, ids
from runs import insights
from runs.api import load
from runs.api.operations import Resource, operation
from runs.api.pages import PAGE, check_cursor, page
from runs.api.queries import IDENTIFIER, SINCE, Parameter, identifier, several_of
from runs.api.rendering import embedded
from runs.api.shapes.basics import page_of
from runs.api.shapes.reports import GROUPS
from runs.engine.rows import loads
from runs.models import Event

BY = Parameter(
    "by",
    several_of(*GROUPS),
    {"type": "string", "default": ",".join(GROUPS)},
    GROUPS,
    f"What to add up by: {', '.join(GROUPS)}, with commas between.",
)
RUN = Parameter("run", identifier, IDENTIFIER, None, "Only the decisions of this run.")


class UsageReport(Resource):
    @operation("Add up costs", answers={200: "Usage"}, query=(BY, SINCE))
    def get(self, request, project):
        found, asked = load.project(request, project, "read"), self.query()
        return Response(insights.usage(found, asked["by"], asked["since"]))


class Decisions(Resource):
    @operation("List what was decided and why", answers={200: page_of("RunDecision")}, query=(*PAGE, RUN))
    def get(self, request, project):
        found, asked = load.project(request, project, "read"), self.query()
        rows = insights.decisions(found, asked["run"], check_cursor(asked["cursor"], int, int))
        return Response(
            page(request, rows, asked["limit"], lambda row: [row.run_id, row.seq], show_decisions)
        )


class Metrics(Resource):
    @operation("Measure runs and steps", answers={200: "Metrics"}, query=(SINCE,))
    def get(self, request, project):
        found, asked = load.project(request, project, "read"), self.query()
        return Response(insights.metrics(found, asked["since"]))


def show_decisions(events: list[Event]) -> list[dict]:
    return [show_decision(event, loads(event.data)) for event in events]


def show_decision(event: Event, data: dict) -> dict:
    """A choice as it was made; what the gate said is a choice between allow, deny and approve."""
    by_policy = event.type == "policy.decided"
    return {
        "run": ids.encode(event.run_id),
        "seq": event.seq,
        "at": clock.show(event.at),
        "node": event.node,
        "kind": data.get("action", "") if by_policy else data.get("kind", ""),
        "candidates": embedded(data.get("candidates") or []),
        "chosen": [data.get("effect", "")] if by_policy else list(data.get("chosen") or ()),
        "method": "policy" if by_policy else data.get("method"),
        "reason": data.get("reason") or "",
        "policies": embedded(data.get("policies") or []),
        "besides": data.get("besides") or "",
        "facts": embedded(data.get("facts")),
    }
