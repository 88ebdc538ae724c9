"""Endpoints of what is asked of a run: cancel it, fork it, say how it was."""

from rest_framework.response import Response

from governance import clock
from runs import feedback, launch
from runs.api import load
from runs.api.operations import Resource, operation
from runs.api.runs import refused, show_run
from runs.api.shapes import runs as shapes
from runs.models import Feedback, Run


class Cancellation(Resource):
    @operation(
        "Cancel a run",
        body=shapes.CANCELLATION,
        body_required=False,
        answers={202: "Run"},
        refusals=(403, 409),
    )
    def post(self, request, run):
        found = load.run(request, run, "launch")
        self.optional_body()
        launch.cancel(found, request.user)
        return Response(show_run(load.fresh(found)), status=202)


class Forks(Resource):
    @operation("Fork a run from a node", body=shapes.FORK, answers={201: "Run"}, refusals=(403, 409))
    def post(self, request, run):
        found = load.run(request, run, "launch")
        asked = self.body()
        # An input of null is an input; one that is not named means the first run's.
        given = {"input": asked["input"]} if "input" in asked else {}
        try:
            forked = launch.fork(found, asked["from_node"], pins=asked.get("pins"), by=request.user, **given)
        except launch.LaunchRefused as error:
            raise refused(error) from error
        return Response(show_run(load.fresh(forked)), status=201)


class Feedbacks(Resource):
    @operation("Say how a run was", body=shapes.FEEDBACK, answers={201: "Feedback"}, refusals=(403,))
    def post(self, request, run):
        found = load.run(request, run, "launch")
        made = feedback.give(found, request.user, **self.body())
        return Response(show_feedback(found, made), status=201)


def show_feedback(run: Run, given: Feedback) -> dict:
    return {
        "run": run.public_id,
        "user": given.user.username,
        "score": given.score,
        "outcome": given.outcome,
        "comment": given.comment,
        "at": clock.show(given.at),
    }
