"""Endpoints of runs: launch, list, show, and what is asked of one run."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from rest_framework.response import Response

from governance import clock, ids, money
from governance.models import Project, User
from governance.refusals import NotFound, Problem, Refused
from runs import launch
from runs.api import load
from runs.api.operations import Resource, operation
from runs.api.pages import PAGE, check_cursor, page
from runs.api.problems import Refusal, as_error
from runs.api.queries import REVEAL, SINCE, Parameter, several_of, text_parameter
from runs.api.rendering import embedded, stored
from runs.api.shapes import runs as shapes
from runs.api.shapes.basics import page_of
from runs.api.shown import username
from runs.engine.places import positions
from runs.engine.rows import loads
from runs.models import NO_ITEM, STATUSES, Event, Run
from runs.revealing import revealed_where_any

SLACK_MS = 60_000  # an id is made a moment before its row
STATUS = Parameter(
    "status",
    several_of(*STATUSES),
    {"type": "string"},
    None,
    f"One or more of {', '.join(STATUSES)}, with commas between.",
)
FILTERS = (
    STATUS,
    text_parameter("flow", "The slug of a flow."),
    text_parameter("user", "Who launched it."),
    SINCE,
)
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "The same key and body within 24 hours launch once.",
}


class Runs(Resource):
    @operation("List the runs of a project", answers={200: page_of("Run")}, query=(*PAGE, *FILTERS, REVEAL))
    def get(self, request, project):
        found, asked = load.project(request, project, "read"), self.query()
        eyes = load.may_reveal(request, found, asked["reveal"])
        rows = filtered(Run.objects.filter(project=found), asked)
        rows = rows.select_related("project", "user").order_by("-id")
        if keys := check_cursor(asked["cursor"], int):
            rows = rows.filter(id__lt=keys[0])
        return Response(
            page(request, rows, asked["limit"], lambda row: [row.id], lambda runs: show_runs(runs, eyes))
        )

    @operation(
        "Launch a run",
        body=shapes.LAUNCH,
        answers={200: "Run", 201: "Run"},
        headers=(KEY,),
        refusals=(403, 409),
    )
    def post(self, request, project):
        found = load.project(request, project, "launch")
        asked = self.body()
        key = request.headers.get("Idempotency-Key")
        run, created = launched(
            found,
            asked["flow"],
            asked["input"],
            user=request.user,
            environment=asked.get("environment", ""),
            labels=asked.get("labels"),
            trigger="api",
            idempotency_key=None if key is None else checked_key(key),
        )
        return Response(show_run(run), status=201 if created else 200)


class OneRun(Resource):
    @operation("Show a run", answers={200: "Run"}, query=(REVEAL,))
    def get(self, request, run):
        found, asked = load.run(request, run, "read"), self.query()
        return Response(show_run(found, load.may_reveal(request, found.project, asked["reveal"])))


def filtered(rows: QuerySet[Run], asked: Mapping) -> QuerySet[Run]:
    if asked["status"]:
        rows = rows.filter(status__in=asked["status"])
    if asked["flow"]:
        rows = rows.filter(flow=asked["flow"])
    if asked["user"]:
        rows = rows.filter(user__username=asked["user"])
    if asked["since"] is not None:
        # Ids start with their milliseconds: the index of the newest runs ends the search.
        oldest = max(0, asked["since"] // 1000 - SLACK_MS) << ids.SPARE_BITS
        rows = rows.filter(created_at__gte=asked["since"], id__gte=oldest)
    return rows


def checked_key(key: str) -> str:
    if not 0 < len(key) <= 255 or not key.isascii() or not key.isprintable():
        raise Refusal(422, "The header Idempotency-Key has 1 to 255 printable ASCII characters.")
    return key


def launched(project: Project, flow: str, *given, **more) -> tuple[Run, bool]:
    try:
        return launch.launch(project, flow, *given, **more)
    except launch.LaunchRefused as error:
        raise refused(error) from error
    except NotFound as error:
        raise Refused([Problem("/flow", str(error), "dead_reference")]) from error


def refused(error: launch.LaunchRefused) -> Refusal:
    """403 with the decision where a policy said no, 422 with pointers where the input does not fit."""
    if error.code == "denied":
        return Refusal(403, error.detail, code="denied", more={"decision": dict(error.decision or {})})
    errors = [as_error(replace(problem, pointer=f"/input{problem.pointer}")) for problem in error.errors]
    return Refusal(422, error.detail, code=error.code, errors=errors)


def show_run(run: Run, eyes: User | None = None) -> dict:
    return show_runs([run], eyes)[0]


def show_runs(runs: list[Run], eyes: User | None = None) -> list[dict]:
    """With protected values for `eyes`, who may see them."""
    inputs, places = read_inputs(runs), queue_positions(runs)
    return [
        {
            **show_head(run),
            "queue_position": places.get(run.id),
            **show_values(run, inputs.get(run.id), eyes),
            **show_course(run),
        }
        for run in runs
    ]


def read_inputs(runs: list[Run]) -> dict[int, Any]:
    """What the runs were launched with, by number: their first events hold it."""
    first = Event.objects.filter(run_id__in=[run.id for run in runs], seq=1, type="run.created")
    return {run_id: loads(data).get("input") for run_id, data in first.values_list("run_id", "data")}


def queue_positions(runs: list[Run]) -> dict[int, int]:
    """Which place each of the queued runs among these has in its project's queue, from 1, by number."""
    queued = [run for run in runs if run.status == "queued" and run.parent_id is None]
    if not queued:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(*positions([run.project_id for run in queued], [run.id for run in queued]))
        return dict(cursor.fetchall())


def show_head(run: Run) -> dict:
    return {
        "id": run.public_id,
        "project": run.project.slug,
        "flow": run.flow,
        "version": run.version,
        "status": run.status,
        "environment": run.environment,
        "trigger": run.trigger,
        "labels": stored(run.labels),
        "pins": stored(run.pins),
        "user": username(run.user),
        "trace_id": run.trace_id,
        "parent": show_parent(run),
        "forked_from": None if run.forked_from is None else ids.encode(run.forked_from),
    }


def show_values(run: Run, given: Any, eyes: User | None) -> dict:
    return {
        **(show_as_held(run, given) if eyes is None else show_revealed(run, given, eyes)),
        "waiting": [show_waiting(item) for item in loads(run.waiting)],
    }


def show_as_held(run: Run, given: Any) -> dict:
    return {"input": embedded(given), "output": stored(run.output), "error": stored(run.error)}


def show_revealed(run: Run, given: Any, eyes: User) -> dict:
    held = [given, *(loads(text) if text else None for text in (run.output, run.error))]
    values = revealed_where_any(run, held, eyes, "run")
    return {name: embedded(value) for name, value in zip(("input", "output", "error"), values, strict=True)}


def show_course(run: Run) -> dict:
    return {
        "cost_usd": money.dollars(run.cost),
        "tokens": {"input": run.input_tokens, "output": run.output_tokens},
        "created_at": clock.show(run.created_at),
        "started_at": clock.show(run.started_at),
        "finished_at": clock.show(run.finished_at),
    }


def show_parent(run: Run) -> dict | None:
    if run.parent_id is None:
        return None
    return {
        "run": ids.encode(run.parent_id),
        "node": run.parent_node,
        "iteration": run.parent_iteration,
        "item": None if run.parent_item == NO_ITEM else run.parent_item,
    }


def show_waiting(item: Mapping) -> dict:
    """The engine keeps numbers: identifiers and moments are shown as everywhere."""
    identity, until = item.get("id"), item.get("until")
    return {
        "kind": item.get("kind"),
        "node": item.get("node"),
        "iteration": item.get("iteration"),
        "item": None if item.get("item") == NO_ITEM else item.get("item"),
        "id": ids.encode(identity) if isinstance(identity, int) else ids.account_name(identity or "") or None,
        "until": clock.show(until) if isinstance(until, int) else until,
    }
