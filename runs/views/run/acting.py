"""What a person does to a run: cancel it, launch it again, fork it, say how it was. Each works as a page of its own."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from governance import schemas
from governance.models import User
from governance.refusals import NotFound, Problem, Refused
from runs import feedback, launch, trial_runs
from runs.engine.library import DRAFT, flow_of
from runs.engine.rows import loads
from runs.models import FINISHED, Run
from runs.views import frame
from runs.views.frame import Crumb
from runs.views.run import page
from runs.views.run.drawing import drawing_of
from runs.views.run.heading import crumb_of
from runs.views.shell.run_titles import first_text, short

LONGEST_OUTCOME, LONGEST_COMMENT = 200, 10_000


@require_http_methods(["GET", "HEAD", "POST"])
def cancellation_create(request: HttpRequest, run_id: int) -> HttpResponse:
    run = frame.run(request, run_id, "launch")
    if request.method == "POST":
        launch.cancel(run, request.user)
        messages.info(request, _("The run is being cancelled; a call that is under way is cut off."))
        return redirect("run", run.id)
    return asked(request, run, "run/cancel.html", _("Cancel this run?"), {"finished": run.status in FINISHED})


@require_http_methods(["GET", "HEAD", "POST"])
def retry_create(request: HttpRequest, run_id: int) -> HttpResponse:
    """A new run of the flow's active version with the same input, environment and labels."""
    run = frame.run(request, run_id, "launch")
    wrong: tuple[Problem, ...] = ()
    if request.method == "POST":
        try:
            return redirect("run", launched_again(run, request.user).id)
        except launch.LaunchRefused as error:
            wrong = (Problem("", error.detail), *error.errors)
        except NotFound as error:
            wrong = (Problem("", str(error)),)
        except Refused as refusal:
            wrong = refusal.problems
    context = {"problems": wrong, "given": short(first_text(launch.input_of(run)))}
    return asked(request, run, "run/retry.html", _("Run this again?"), context, 422 if wrong else 200)


def launched_again(run: Run, by: User) -> Run:
    """The same input, environment and labels; a test run tries the same draft again."""
    given = launch.input_of(run)
    if run.version == DRAFT:
        return trial_runs.start(
            run.project, flow_of(run), given, user=by, environment=run.environment, of=run
        )
    again, _created = launch.launch(
        run.project,
        run.flow,
        given,
        user=by,
        environment=run.environment,
        labels=loads(run.labels),
        trigger="retry",
        of=run,
    )
    return again


@require_POST
def feedback_create(request: HttpRequest, run_id: int) -> HttpResponse:
    run = frame.run(request, run_id, "launch")
    score = request.POST.get("score", "")
    outcome, comment = request.POST.get("outcome", "").strip(), request.POST.get("comment", "").strip()
    problems = feedback_problems(score, outcome, comment)
    if not problems:
        try:
            feedback.give(run, request.user, score=int(score), outcome=outcome, comment=comment)
        except Refused as refusal:
            problems = list(refusal.problems)
    if problems:
        said = {"score": score, "outcome": outcome, "comment": comment, "problems": problems}
        return page.shown(request, run, None, about=True, said=said, status=422)
    messages.success(request, _("Noted."))
    return redirect("run", run.id)


def feedback_problems(score: str, outcome: str, comment: str) -> list[Problem]:
    found = []
    if score not in ("1", "2", "3", "4", "5"):
        found.append(Problem("/score", _("Choose a score from 1 to 5.")))
    if len(outcome) > LONGEST_OUTCOME:
        found.append(Problem("/outcome", _("The outcome has at most 200 characters.")))
    if len(comment) > LONGEST_COMMENT:
        found.append(Problem("/comment", _("The comment has at most 10,000 characters.")))
    return [*found, *schemas.plain_problems([outcome, comment])]


def asked(
    request: HttpRequest, run: Run, template: str, title: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page that asks before it does."""
    drawing = drawing_of(run)
    shown = {"run": run, "flow_name": drawing.name, **context}
    crumbs = [Crumb(crumb_of(run), reverse("run", args=[run.id])), Crumb(title)]
    return frame.shown(
        request,
        template,
        shown,
        title=title,
        project=run.project,
        section="runs",
        crumbs=crumbs,
        status=status,
    )
