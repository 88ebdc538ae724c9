"""Endpoints that try things out: check a flow, call a provider's model once, call a tool once."""

from collections.abc import Callable, Mapping
from fractions import Fraction

from rest_framework.response import Response

from flows.estimate import estimate
from flows.kind import lookup_in
from governance import documents
from governance.documents.bodies import body_problems
from governance.models import Project
from governance.refusals import NotFound, Problem
from registry import trial
from registry.checks import provider_of
from registry.prices import price
from runs.api import load
from runs.api.operations import Resource, operation
from runs.api.rendering import embedded
from runs.api.shapes import documents as shapes

UNKNOWN_COST = {"expected_usd": 0, "worst_usd": None, "unbounded": []}


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
        problems, cost = check(found, slug, body)
        return Response({"problems": [problem.as_dict() for problem in problems], "cost": cost})


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


def check(project: Project, slug: str, body: Mapping) -> tuple[list[Problem], dict]:
    """Every problem, and what a run may cost; a document that does not fit the schema has no cost yet."""
    problems = body_problems(documents.kind_named("flow"), slug, body)
    if problems:
        return problems, UNKNOWN_COST
    cost = estimate(body, lookup_in(project, body), prices_in(project))
    return documents.problems_of(project, "flow", body), cost


def prices_in(project: Project) -> Callable[[str], tuple[Fraction, Fraction] | None]:
    """Billionths of a dollar a token, in and out, of `provider/model` in this project; None: unpriced."""
    providers: dict[str, Mapping | None] = {}

    def price_of(model: str) -> tuple[Fraction, Fraction] | None:
        slug = provider_of(model)
        if slug not in providers:
            providers[slug] = active_provider(project, slug)
        found = providers[slug] and price(providers[slug], model.partition("/")[2])
        return (found.input_nano_per_token, found.output_nano_per_token) if found else None

    return price_of


def active_provider(project: Project, slug: str) -> Mapping | None:
    try:
        return documents.content(documents.find(project, "provider", slug))
    except NotFound:
        return None


def show_trial(result: Mapping) -> dict:
    return {**result, "output": embedded(result["output"])} if "output" in result else dict(result)
