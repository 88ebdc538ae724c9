"""The endpoint that tries a policy on past decisions."""

from collections.abc import Mapping
from dataclasses import replace

from rest_framework.response import Response

from governance import access
from governance.refusals import Problem, Refused
from runs import simulation
from runs.api import load
from runs.api.operations import Resource, operation
from runs.api.queries import moment
from runs.api.shapes import policies as shapes


class Simulation(Resource):
    @operation(
        "Try a policy on past decisions",
        body=shapes.SIMULATION,
        answers={200: "PolicySimulation"},
        refusals=(403,),
    )
    def post(self, request, project):
        found = load.project(request, project, access.right_to_edit("policy"))
        asked = self.body()
        since = moment_of(asked)
        try:
            return Response(simulation.simulate(found, asked["policy"], since))
        except Refused as error:
            raise Refused([below_policy(problem) for problem in error.problems]) from error


def moment_of(asked: Mapping) -> int | None:
    """`since` in microseconds. Raises Refused."""
    if asked.get("since") is None:
        return None
    try:
        return moment(asked["since"])
    except ValueError as error:
        raise Refused([Problem("/since", f"This {error}.")]) from error


def below_policy(problem: Problem) -> Problem:
    return replace(problem, pointer=f"/policy{problem.pointer}")
