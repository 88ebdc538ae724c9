"""Endpoints that read a run: its steps, its events, and the stored parts they refer to."""

from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce
from rest_framework.response import Response

from governance import clock, money
from governance.models import User
from governance.refusals import NotFound
from runs.api import load
from runs.api.operations import Resource, operation
from runs.api.outputs import StepValues, whole_events
from runs.api.pages import PAGE, check_cursor, page
from runs.api.queries import LIMIT, REVEAL, SEQ_MAX, Parameter, whole
from runs.api.rendering import embedded, stored
from runs.api.shapes.basics import page_of
from runs.engine.library import flow_of
from runs.engine.rows import loads
from runs.models import NO_ITEM, Event, Part, Run, Step
from runs.revealing import revealed_where_any
from runs.typed_state import history

AFTER = Parameter(
    "after",
    whole(0, SEQ_MAX),
    {"type": "integer", "minimum": 0, "maximum": SEQ_MAX, "default": 0},
    0,
    "Only events with a greater seq.",
)

AT = Parameter(
    "at",
    whole(0, SEQ_MAX),
    {"type": "integer", "minimum": 0, "maximum": SEQ_MAX},
    None,
    "The state as it was after the event with this seq.",
)


class Steps(Resource):
    @operation(
        "List the steps of a run, by their start", answers={200: page_of("Step")}, query=(*PAGE, REVEAL)
    )
    def get(self, request, run):
        found, asked = load.run(request, run, "read"), self.query()
        eyes = load.may_reveal(request, found.project, asked["reveal"])
        rows = in_order(Step.objects.filter(run_id=found.id).exclude(node=""))  # the run itself is no step
        if keys := check_cursor(asked["cursor"], int, str, int, int):
            rows = rows.filter(behind(keys))
        return Response(
            page(request, rows, asked["limit"], place_of, lambda steps: show_steps(found, steps, eyes))
        )


class Events(Resource):
    @operation(
        "List the events of a run, by seq", answers={200: page_of("Event")}, query=(LIMIT, AFTER, REVEAL)
    )
    def get(self, request, run):
        found, asked = load.run(request, run, "read"), self.query()
        eyes = load.may_reveal(request, found.project, asked["reveal"])
        rows = Event.objects.filter(run_id=found.id, seq__gt=asked["after"]).order_by("seq")
        return Response(
            page(
                request,
                rows,
                asked["limit"],
                lambda row: [row.seq],
                lambda events: show_to(found, events, eyes),
                parameter="after",
            )
        )


class State(Resource):
    @operation("Show the typed state of a run", answers={200: "State"}, query=(AT, REVEAL))
    def get(self, request, run):
        found, asked = load.run(request, run, "read"), self.query()
        eyes = load.may_reveal(request, found.project, asked["reveal"])
        try:
            known = history(found, flow_of(found))
        except KeyError:
            known = None  # the flow was deleted
        if known is None:
            return Response({"fields": [], "state": None})
        held = known.now if asked["at"] is None else known.before(asked["at"] + 1)
        (state,) = [held] if eyes is None else revealed_where_any(found, [held], eyes, "state")
        fields = [
            {"name": name, "reducer": known.declared.reducer(name), "schema": schema}
            for name, schema in known.declared.fields.items()
        ]
        return Response({"fields": fields, "state": embedded(state)})


class OnePart(Resource):
    @operation("Show a stored piece of a prompt or an answer", answers={200: "Part"}, query=(REVEAL,))
    def get(self, request, run, hash):
        found, asked = load.run(request, run, "read"), self.query()
        eyes = load.may_reveal(request, found.project, asked["reveal"])
        text = Part.objects.filter(run_id=found.id, hash=hash).values_list("text", flat=True).first()
        if text is None:
            raise NotFound("This run has no such part.")
        if eyes is None:
            return Response({"text": stored(text)})
        (shown,) = revealed_where_any(found, [loads(text)], eyes, "part")
        return Response({"text": embedded(shown)})


def in_order(steps: QuerySet[Step]) -> QuerySet[Step]:
    """By start; a step that never started stands where it was skipped, one that is pending at the end."""
    placed = steps.annotate(place=Coalesce("started_seq", "finished_seq", Value(SEQ_MAX)))
    return placed.order_by("place", "node", "iteration", "item")


def place_of(step: Step) -> list:
    return [step.place, step.node, step.iteration, step.item]


def behind(keys: list) -> Q:
    place, node, iteration, item = keys
    return (
        Q(place__gt=place)
        | Q(place=place, node__gt=node)
        | Q(place=place, node=node, iteration__gt=iteration)
        | Q(place=place, node=node, iteration=iteration, item__gt=item)
    )


def show_steps(run: Run, steps: list[Step], eyes: User | None = None) -> list[dict]:
    """With protected values for `eyes`, who may see them."""
    values = StepValues(run.id, steps)
    held = [
        [values.input(step), values.output(step), values.error(step), values.writes(step)] for step in steps
    ]
    shown = held if eyes is None else revealed_where_any(run, held, eyes, "steps")
    return [{**show_step(step), **show_values(*each)} for step, each in zip(steps, shown, strict=True)]


def show_step(step: Step) -> dict:
    agent, _, version = (step.agent or "").partition("@")
    return {
        "node": step.node,
        "iteration": step.iteration,
        "item": None if step.item == NO_ITEM else step.item,
        "status": step.status,
        "port": step.port,
        "attempts": step.attempts,
        "agent": agent or None,
        "version": int(version) if version.isdigit() else None,
        "cost_usd": money.dollars(step.cost),
        "tokens": {"input": step.input_tokens, "output": step.output_tokens},
        "started_at": clock.show(step.started_at),
        "finished_at": clock.show(step.finished_at),
    }


def show_values(input: Any, output: Any, error: Any, writes: Any) -> dict:
    shown = {"input": input, "output": output, "error": error, "writes": writes}
    return {name: embedded(value) for name, value in shown.items()}


def show_to(run: Run, events: list[Event], eyes: User | None) -> list[dict]:
    """With protected values for `eyes`, who may see them."""
    shown = show_events(run.id, events)
    if eyes is None:
        return shown
    held = [loads(data) for data in whole_events(run.id, events)]
    values = revealed_where_any(run, held, eyes, "events")
    return [{**event, "data": embedded(data)} for event, data in zip(shown, values, strict=True)]


def show_events(run_id: int, events: list[Event]) -> list[dict]:
    return [
        {
            "seq": event.seq,
            "at": clock.show(event.at),
            "type": event.type,
            "node": event.node,
            "iteration": event.iteration,
            "item": None if event.item == NO_ITEM else event.item,
            "attempt": event.attempt,
            "data": stored(data),
        }
        for event, data in zip(events, whole_events(run_id, events), strict=True)
    ]
