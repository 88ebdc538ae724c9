"""The first steps: what Baton is in three acts of one's own, offered once and found again, never in the way."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from flows import gallery
from governance.models import Decision, Document, Project, User
from runs.models import Run
from runs.views import frame
from runs.views.shell.addresses import address

FLOW = "customer-support"


@dataclass(frozen=True, slots=True)
class Step:
    """One act: what to do, why it is worth it, where, and whether this person's project has it behind it.

    `look_url` leads to what the act is about.
    """

    title: str
    text: str
    url: str
    action: str
    done: bool
    look_url: str = ""
    look: str = ""


@require_safe
def welcome_show(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project)
    steps = steps_of(found, request.user)
    context = {
        "steps": steps,
        "done": sum(step.done for step in steps),
        "model_url": address("provider-new", found.slug) or address("provider-list", found.slug),
    }
    crumbs = [frame.Crumb(_("Getting started"))]
    return frame.shown(
        request, "shell/welcome.html", context, title=_("Getting started"), project=found, crumbs=crumbs
    )


@require_POST
def welcome_dismiss(request: HttpRequest, project: str) -> HttpResponse:
    """The first steps leave the home page of this browser; their own page stays."""
    found = frame.project(request, project)
    answer = redirect("project-home", found.slug)
    answer.set_cookie("welcome", "off", max_age=frame.YEAR_S, samesite="Lax", httponly=True)
    return answer


def steps_of(project: Project, user: User) -> list[Step]:
    """Three steps with where they are done; four queries."""
    known = Document.objects.filter(
        project=project, kind="flow", slug=FLOW, archived_at=None, active__isnull=False
    ).exists()
    newest = Run.objects.filter(project=project, parent_id=None).order_by("-id")
    newest = (newest.filter(flow=FLOW) if known else newest).only("id", "status")
    run, waiting = newest.first(), newest.filter(status="waiting").first()
    decided = Decision.objects.filter(approval__project=project).exists()
    return [run_step(project, known, run), decide_step(project, waiting, decided), why_step(run, decided)]


def run_step(project: Project, known: bool, run: Run | None) -> Step:
    if known:
        return Step(
            title=_("Run the customer support flow"),
            text=_(
                "It reads a customer's message, chooses the right specialist and answers. A script plays the "
                "models: no key is needed, and what it costs is played too."
            ),
            url=address("launch", project.slug, FLOW) + sample(),
            action=_("Open the launch form"),
            done=run is not None,
            look_url=address("flow", project.slug, FLOW),
            look=_("Open the flow"),
        )
    return Step(
        title=_("Run a flow"),
        text=_("Take a starter flow from the gallery: each brings its agents, tools and sample input."),
        url=address("gallery", project.slug),
        action=_("Open the gallery"),
        done=run is not None,
    )


def sample() -> str:
    """The gallery's input that asks for a refund, where there is one."""
    return "?sample=refund" if "refund" in gallery.samples(FLOW) else ""


def decide_step(project: Project, waiting: Run | None, decided: bool) -> Step:
    """Offers a run only while it waits; afterwards what became of it is in the inbox."""
    return Step(
        title=_("Decide the refund"),
        text=_(
            "Money never moves by itself: the run stops before the refund and waits for a person. Approve or reject "
            "it where it stands."
        ),
        url=address("run", waiting.id) if waiting else "",
        action=_("Open the waiting run"),
        done=decided,
        look_url=f"{address('approvals', project.slug)}?show=decided" if decided and not waiting else "",
        look=_("See what was decided"),
    )


def why_step(run: Run | None, decided: bool) -> Step:
    finished = run is not None and run.is_finished
    return Step(
        title=_("See why, and what it cost"),
        text=_(
            "Every step keeps what the model saw and said, why this route was taken, which rule was asked, and what "
            "it cost."
        ),
        url=address("run", run.id) if run else "",
        action=_("Open the run"),
        done=finished and decided,
    )
