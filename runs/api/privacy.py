"""The endpoint that tries privacy rules on a text."""

from collections.abc import Mapping

from rest_framework.response import Response

from governance import documents
from governance.documents.bodies import body_problems
from governance.models import Project
from governance.privacy import Ruleset, rulesets, trying
from governance.refusals import Problem, Refused, refuse_errors
from runs.api import load
from runs.api.operations import Resource, operation
from runs.api.problems import Refusal
from runs.api.shapes import privacy as shapes


class PrivacyScan(Resource):
    @operation(
        "Find personal data in a text, and show what the active rules make of it",
        body=shapes.SCAN,
        answers={200: "PrivacyScan"},
        refusals=(429,),
    )
    def post(self, request, project):
        found = load.project(request, project, "read")
        asked = self.body()
        ruleset = rulesets.read(found.id).together()
        if "privacy" in asked:
            ruleset = ruleset.joined(draft_of(found, asked["privacy"]))
        try:
            return Response(trying.tried(ruleset, asked["text"], asked.get("where"), request.user.pk))
        except trying.Busy as busy:
            raise Refusal(429, str(busy), headers={"Retry-After": str(busy.seconds)}) from busy


def draft_of(project: Project, body: Mapping) -> Ruleset:
    """The rules of a document that is not published, named `draft`. Raises Refused with what is wrong with it."""
    body = {"kind": "privacy", "slug": "draft", **body}
    problems = body_problems(documents.kind_named("privacy"), body["slug"], body)
    if problems:
        raise Refused([under_privacy(problem) for problem in problems])
    refuse_errors(map(under_privacy, documents.problems_of(project, "privacy", body)))
    return Ruleset.parse(body)


def under_privacy(problem: Problem) -> Problem:
    return Problem(f"/privacy{problem.pointer}", problem.message, problem.code, problem.severity)
