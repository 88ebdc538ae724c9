"""Endpoints of the inbox: what waits for a person, and what the person says."""

from typing import Any

from rest_framework.response import Response

from governance import approvals, clock, ids
from governance.models import Approval, User
from governance.models import Decision as Said
from governance.models.approvals import STATUSES
from runs.api import load
from runs.api.operations import Resource, operation
from runs.api.pages import PAGE, check_cursor, page
from runs.api.queries import REVEAL, Parameter, several_of
from runs.api.rendering import embedded
from runs.api.shapes import approvals as shapes
from runs.api.shapes.basics import page_of
from runs.api.shown import username
from runs.models import NO_ITEM, Run
from runs.revealing import revealed_where_any

STATUS = Parameter(
    "status",
    several_of(*STATUSES),
    {"type": "string"},
    None,
    f"One or more of {', '.join(STATUSES)}, with commas between.",
)


class Approvals(Resource):
    @operation(
        "List what waits or waited for people",
        answers={200: page_of("Approval")},
        query=(*PAGE, STATUS, REVEAL),
    )
    def get(self, request, project):
        found, asked = load.project(request, project, "read"), self.query()
        eyes = load.may_reveal(request, found, asked["reveal"])
        rows = Approval.objects.filter(project=found)
        if asked["status"]:
            rows = rows.filter(status__in=asked["status"])
        rows = rows.select_related("project").prefetch_related("decisions__by").order_by("-id")
        if keys := check_cursor(asked["cursor"], int):
            rows = rows.filter(id__lt=keys[0])
        return Response(
            page(request, rows, asked["limit"], lambda row: [row.id], lambda rows: show_approvals(rows, eyes))
        )


class OneApproval(Resource):
    @operation("Show an item of the inbox", answers={200: "Approval"}, query=(REVEAL,))
    def get(self, request, approval):
        found, asked = load.approval(request, approval), self.query()
        eyes = load.may_reveal(request, found.project, asked["reveal"])
        return Response(show_approvals([found], eyes)[0])


class Decision(Resource):
    @operation(
        "Decide an item of the inbox", body=shapes.DECISION, answers={201: "Approval"}, refusals=(403, 409)
    )
    def post(self, request, approval):
        found = load.approval(request, approval)
        asked = self.body()
        # A payload of null changes what was proposed; one that is not named leaves it.
        given = {"payload": asked["payload"]} if "payload" in asked else {}
        approvals.decide(
            found,
            request.user,
            asked["decision"],
            fingerprint=asked["fingerprint"],
            reason=asked.get("reason", ""),
            **given,
        )
        fresh = Approval.objects.select_related("project").get(id=found.id)
        return Response(show_approval(fresh), status=201)


def show_approvals(rows: list[Approval], eyes: User | None = None) -> list[dict]:
    """With protected values for `eyes`, who may see them."""
    shown = [show_approval(row) for row in rows]
    if eyes is None:
        return shown
    runs = Run.objects.select_related("project").in_bulk([row.run_id for row in rows])
    return [
        show_revealed(row, answer, runs[row.run_id], eyes) if row.run_id in runs else answer
        for row, answer in zip(rows, shown, strict=True)
    ]


def show_revealed(approval: Approval, shown: dict, run: Run, eyes: User) -> dict:
    said = shown["decisions"]
    payloads = [decision.payload for decision in sorted(approval.decisions.all(), key=lambda one: one.pk)]
    held = [approval.title, approval.reason, standing(approval), payloads]
    what = f"approval/{ids.encode(approval.id)}"
    title, reason, payload, payloads = revealed_where_any(run, held, eyes, what)
    decisions = [{**one, "payload": embedded(value)} for one, value in zip(said, payloads, strict=True)]
    return {**shown, "title": title, "reason": reason, "payload": embedded(payload), "decisions": decisions}


def show_approval(approval: Approval) -> dict:
    return {**show_question(approval), **show_rules(approval), **show_course(approval)}


def show_question(approval: Approval) -> dict:
    return {
        "id": ids.encode(approval.id),
        "kind": approval.kind,
        "project": approval.project.slug,
        "run": ids.encode(approval.run_id),
        "node": approval.node,
        "iteration": approval.iteration,
        "item": None if approval.item == NO_ITEM else approval.item,
        "title": approval.title,
        "payload": embedded(standing(approval)),
        "schema": embedded(approval.schema),
        "fingerprint": approval.fingerprint,
        "reason": approval.reason,
    }


def standing(approval: Approval) -> Any:
    """What is asked now: the first approver of a quorum may have changed it for the others."""
    agreed = [decision.payload for decision in approval.decisions.all() if decision.decision == "approve"]
    return agreed[-1] if agreed and approval.status == "pending" else approval.payload


def show_rules(approval: Approval) -> dict:
    return {
        "editable": approval.editable,
        "reviewers": approval.reviewers,
        "quorum": approval.quorum,
        "four_eyes": approval.four_eyes,
    }


def show_course(approval: Approval) -> dict:
    said = sorted(approval.decisions.all(), key=lambda decision: decision.pk)
    return {
        "decisions": [show_decision(decision) for decision in said],
        "status": approval.status,
        "requested_at": clock.show(approval.requested_at),
        "due_at": clock.show(approval.due_at),
    }


def show_decision(decision: Said) -> dict:
    return {
        "by": username(decision.by),
        "decision": decision.decision,
        "payload": embedded(decision.payload),
        "reason": decision.reason,
        "at": clock.show(decision.at),
    }
