"""Endpoints of breakers: which peers are left alone, and an admin who says that they may be called again."""

from rest_framework.response import Response

from governance import clock
from registry import openings
from registry.models import BreakerOpening
from runs.api import load
from runs.api.operations import Resource, operation
from runs.api.pages import PAGE, check_cursor, page
from runs.api.queries import Parameter, switch
from runs.api.shapes.basics import page_of

OPEN = Parameter(
    "open", switch, {"type": "boolean"}, None, "Only those that are open now, or only those that are closed."
)


class Breakers(Resource):
    @operation(
        "List the models, agents and tools that are or were left alone",
        answers={200: page_of("Breaker")},
        query=(*PAGE, OPEN),
    )
    def get(self, request, project):
        found, asked = load.project(request, project, "read"), self.query()
        rows = BreakerOpening.objects.filter(project=found).order_by("-id")
        if asked["open"] is not None:
            rows = rows.filter(closed_at__isnull=asked["open"])
        if keys := check_cursor(asked["cursor"], int):
            rows = rows.filter(id__lt=keys[0])
        return Response(page(request, rows, asked["limit"], lambda row: [row.id], show_breakers))


class Closing(Resource):
    @operation(
        "Close a breaker: its peer is called again, by every process within a second",
        answers={202: "Breaker"},
        refusals=(403, 409),
    )
    def post(self, request, project, breaker):
        found = load.project(request, project, "administer")
        closed = openings.close(found, breaker, request.user)
        return Response(show_breakers([closed])[0], status=202)


def show_breakers(rows: list[BreakerOpening]) -> list[dict]:
    now = clock.now()
    return [show_breaker(row, now) for row in rows]


def show_breaker(row: BreakerOpening, now: int) -> dict:
    return {
        "id": row.public_id,
        "kind": row.kind,
        "slug": row.slug or None,
        "model": row.model or None,
        "state": openings.state_of(row, now),
        "opened_at": clock.show(row.opened_at),
        "probe_at": clock.show(row.probe_at),
        "heard_at": clock.show(row.heard_at),
        "failures": row.failures,
        "refused": row.refused,
        "error": {"code": row.code, "message": row.message},
        "runs": row.runs,
        "process": row.process,
        "closed_at": clock.show(row.closed_at),
        "closing": row.closing or None,
        "closed_by": row.closed_by or None,
    }
