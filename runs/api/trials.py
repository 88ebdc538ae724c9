"""Endpoints that try things out: check a flow, call a provider's model once, call a tool once."""

from collections.abc import Mapping

from rest_framework.response import Response

from governance import documents
from governance.documents.bodies import unkeepable_problems
from governance.models import Project
from governance.refusals import NotFound, Problem
from registry import trial
from runs.api import load
from runs.api.operations import Resource, operation
from runs.api.rendering import embedded
from runs.api.shapes import documents as shapes
from runs.inspection import UNKNOWN_COST, UNKNOWN_TIME, Inspection


class FlowCheck(Resource):
    @operation(
        "Check a flow: the document in the body, or the draft",
        body=shapes.BODY,
        body_required=False,
        answers={200: "FlowCheck"},
        refusals=(403,),
    )
    def post(self, request, project, slug):
        found = load.project(request, project, "edit")
        body = self.optional_body()
        if body is None:
            body = draft_of(found, slug)
        return Response(check(found, slug, body))


class ProviderTrial(Resource):
    @operation(
        "Call a model of a provider once", body=shapes.PROVIDER_TRIAL, answers={200: "Trial"}, refusals=(403,)
    )
    def post(self, request, project, slug):
        found = load.project(request, project, "administer")
        asked = self.body()
        return Response(show_trial(trial.provider(found, slug, asked["model"], request.user)))


class ToolTrial(Resource):
    @operation("Call a tool once", body=shapes.TOOL_TRIAL, answers={200: "Trial"}, refusals=(403, 409))
    def post(self, request, project, slug):
        found = load.project(request, project, "edit")
        asked = self.body()
        return Response(show_trial(trial.tool(found, slug, asked["arguments"], request.user)))


def draft_of(project: Project, slug: str) -> dict:
    """The draft; where everything is published already, the active version."""
    document = documents.load(project, "flows", slug)
    if document.draft is not None:
        return documents.draft(document)
    if document.active is None:
        raise NotFound(f"The flow {slug!r} has no draft: save one, or send the document.")
    return documents.content(document.active)


def check(project: Project, slug: str, body: Mapping) -> dict:
    """Every problem, what a run may cost and take, what could be better, and what one agent alone would lose.

    What could not even be kept has only problems yet.
    """
    problems = unkeepable_problems(documents.kind_named("flow"), slug, body)
    if problems:
        nothing = {"cost": UNKNOWN_COST, "time": UNKNOWN_TIME, "hints": [], "alone": None}
        return {"problems": listed(problems), **nothing}
    found = Inspection(project, body)
    return {
        "problems": listed(found.problems),
        "cost": found.cost,
        "time": found.time,
        "hints": listed(found.hints),
        "alone": found.alone and found.alone.as_dict(),
    }


def listed(problems: list[Problem]) -> list[dict]:
    return [problem.as_dict() for problem in problems]


def show_trial(result: Mapping) -> dict:
    return {**result, "output": embedded(result["output"])} if "output" in result else dict(result)
