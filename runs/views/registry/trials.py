"""The playground of an agent: one version on one input, as a run of one node, and exactly what the model saw."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from governance import access, documents
from governance.models import Document, Project
from governance.refusals import NotFound, Problem, Refused
from runs import agent_trials
from runs.engine.library import DRAFT
from runs.engine.rows import loads
from runs.launch import LaunchRefused
from runs.models import Event, Run
from runs.views import frame
from runs.views.forms import FieldView, SchemaForm, defaults, json_text
from runs.views.registry import agent_form, agents, editing, listing
from runs.views.registry.document_form import body_of
from runs.views.run.messages import exchanges

PREFIX = "input"
DRAFT_NAME = "draft"
MOST_VERSIONS = 50
MOST_EVENTS = 2_000
LONGEST_SHOWN = 20_000
TEXT = {"type": "string", "minLength": 1}


@require_http_methods(["GET", "HEAD", "POST"])
def agent_trial(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    """The form; posted, it starts a run and goes on to what comes of it."""
    found = frame.project(request, project, "launch" if request.method == "POST" else "read")
    document = documents.load(found, "agent", slug)
    body, problems = body_of(document), []
    form = input_form(body)
    value, chosen = defaults(form.schema), ""
    if request.method == "POST":
        value, problems = form.read(request.POST, request.FILES)
        chosen = request.POST.get("version", "")
        run = None if problems else started(request, document, chosen, value, problems)
        if run:
            return redirect("agent-trial-run", project, slug, run.id)
    context = {"fields": shown_fields(body, value, problems), "chosen": chosen}
    return page(request, found, document, context, 422 if problems else 200)


@require_safe
def trial_show(request: HttpRequest, project: str, slug: str, run_id: int) -> HttpResponse:
    """What came of a trial so far: the panel asks again until it has ended."""
    found = frame.project(request, project)
    document = documents.load(found, "agent", slug)
    run = Run.objects.filter(id=run_id, project=found).first()
    tried = run and agent_trials.tried(run)
    if not tried or tried[0] != slug:
        raise NotFound(_("There is no such trial of this agent."))
    if listing.wants_part(request) and request.GET.get("seen") == str(run.seq):
        return HttpResponse(status=204)  # nothing is new: what was opened stays open
    trial = {**outcome_of(run), "version": tried[1]}
    if listing.wants_part(request):
        context = {"trial": trial, "document": document, "project": found}
        return listing.part(request, "registry/_trial.html", context)
    given = trial["input"] if isinstance(trial["input"], dict) else {}
    fields = shown_fields(body_of(document), given)
    chosen = DRAFT_NAME if tried[1] == DRAFT else str(tried[1])
    return page(request, found, document, {"trial": trial, "fields": fields, "chosen": chosen})


def started(
    request: HttpRequest, document: Document, chosen: str, value: dict, problems: list[Problem]
) -> Run | None:
    """The run, or None with what is wrong in `problems`."""
    text = "{{ input.text }}" if "text" in value else "{{ input }}"
    number = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else None
    if number is None and chosen != DRAFT_NAME:
        problems.append(Problem("", _("Choose what to try: the draft or a version.")))
        return None
    try:
        return agent_trials.start(document, number, value, user=request.user, text=text)
    except Refused as refused:
        problems += [
            Problem("", told(problem)) for problem in refused.problems if problem.severity == "error"
        ]
    except NotFound as absent:
        problems.append(Problem("", str(absent)))
    except LaunchRefused as refused:
        problems.append(Problem("", refused.detail))
    return None


def told(problem: Problem) -> str:
    """A problem of the draft, with the field that it stands at."""
    return (
        f"{problem.pointer[1:].replace('/', ' · ')}: {problem.message}"
        if problem.pointer
        else problem.message
    )


def page(
    request: HttpRequest, project: Project, document: Document, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    providers = agent_form.providers_of(project)
    own = {
        **agents.head_of(document, editing.live_body(document), providers, "agent-trial"),
        "document": document,
        "version": document.active.number if document.active else None,
        "is_changed": editing.is_changed(document),
        "versions": versions_of(document),
        "may_launch": access.may(request.user, project, "launch"),
    }
    return frame.shown(
        request,
        "registry/agent_trial.html",
        {**own, **context},
        title=_("Playground: %(name)s") % {"name": document.name or document.slug},
        project=project,
        section="agents",
        crumbs=agents.crumbs_of(project, document),
        status=status,
    )


def versions_of(document: Document) -> list[dict[str, str]]:
    """What can be tried: the draft where it differs, then the newest versions, the live one first."""
    live = document.active.number if document.active else None
    numbers = document.versions.order_by("-number").values_list("number", flat=True)[:MOST_VERSIONS]
    found = [{"value": DRAFT_NAME, "label": _("Draft")}] if editing.is_changed(document) else []
    for number in sorted(numbers, key=lambda number: (number != live, -number)):
        label = _("v%(number)s live") if number == live else _("v%(number)s")
        found.append({"value": str(number), "label": label % {"number": number}})
    return found


def input_form(body: Mapping[str, Any]) -> SchemaForm:
    """What the agent is asked: a text, or what its input schema says; other names of `input` may be added."""
    said = body.get("input_schema")
    properties = said.get("properties") if isinstance(said, Mapping) else None
    own = dict(properties) if isinstance(properties, Mapping) else {}
    if not own or isinstance(own.get("text"), Mapping):
        text = {**TEXT, **own.pop("text", {}), "title": _("Message")}
        properties, required = {"text": text, **own}, ["text"]
    else:
        properties, required = own, said.get("required", [])
    schema = {"type": "object", "properties": properties, "required": required}
    return SchemaForm({**schema, "additionalProperties": True}, {"/text": "longtext"}, PREFIX)


def shown_fields(
    body: Mapping[str, Any], value: Mapping[str, Any], problems: Sequence[Problem] = ()
) -> list[FieldView]:
    """The fields of the input. Those for other names are there where the instructions read any."""
    fields = input_form(body).fields(value, problems)
    others = next((field for field in fields if field.limits.get("aside")), None)
    if others is None:
        return fields
    others.label = _("Other input")
    others.help = _("What the instructions read as input.… besides, as a JSON object.")
    is_read = "input" in str(body.get("instructions", "")) or others.value or others.errors
    return fields if is_read else [field for field in fields if field is not others]


def outcome_of(run: Run) -> dict[str, Any]:
    """Everything that the panel shows, from the journal: two queries."""
    events = [
        (row, loads(row.data)) for row in Event.objects.filter(run_id=run.id).order_by("seq")[:MOST_EVENTS]
    ]
    of_step = [(row, data) for row, data in events if row.node == agent_trials.NODE]
    finished = next((data for row, data in reversed(of_step) if row.type == "step.finished"), {})
    calls = exchanges(run.id, of_step)
    return {
        "run": run,
        "input": events[0][1].get("input"),
        "took": (run.finished_at - run.started_at) if run.finished_at and run.started_at else None,
        "exchanges": calls,
        "tools": [shown_call(data) for row, data in of_step if row.type == "tool.called"],
        "decisions": [data for row, data in of_step if row.type == "policy.decided"],
        "findings": [data for row, data in of_step if row.type == "privacy.found"],
        "notes": [data["text"] for row, data in of_step if row.type == "note" and "text" in data],
        **answer_of(loads(run.output) if run.output else None),
        "error": loads(run.error) if run.error else finished.get("error"),
    }


def answer_of(output: Any) -> dict[str, str]:
    """{answer} for an agent that speaks, {object} as JSON for one with a schema; {} before there is any."""
    if output is None:
        return {}
    spoken = isinstance(output, dict) and output.keys() == {"text"} and isinstance(output["text"], str)
    return {"answer": output["text"]} if spoken else {"object": json_text.write(output)}


def shown_call(data: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: json_text.write(data.get(name))[:LONGEST_SHOWN] for name in ("arguments", "output")}
    return {**data, "shown_arguments": shown["arguments"], "shown_output": shown["output"]}
