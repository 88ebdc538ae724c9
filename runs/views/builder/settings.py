"""What a flow is called, what its runs are launched with, and what bounds them: the panel Flow input."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from flows.drawing import CannotDraw
from flows.drawing.shapes import SETTINGS
from flows.schema import SCHEMA
from governance import documents
from governance.refusals import Problem, Refused
from runs.views import frame
from runs.views.builder import page
from runs.views.builder.desk import Desk, desk_of
from runs.views.builder.editing import edit, refusal
from runs.views.builder.fixing import revision_of
from runs.views.builder.node_fields import unread, without
from runs.views.builder.state_fields import state_schema
from runs.views.forms import SchemaForm


@require_http_methods(["GET", "HEAD", "POST"])
def settings_edit(request: HttpRequest, project: str, flow: str) -> HttpResponse:
    """GET: the panel. POST: keeps what was sent, right or wrong."""
    desk = desk_of(request, project, flow, "edit" if request.method == "POST" else "read")
    if request.method == "POST":
        return settings_update(request, desk)
    if not frame.is_fragment(request):
        return HttpResponseRedirect(f"{desk.url('flow')}?panel=input")
    return render(request, "builder/_settings.html", context(desk))


def settings_update(request: HttpRequest, desk: Desk) -> HttpResponse:
    value, problems = form(desk.body).read(request.POST, request.FILES)
    told = unread(problems)
    changes = changed(desk.body, value if isinstance(value, dict) else {})
    done, wrong, status = None, "", 200
    try:
        if changes:
            operations = [{"op": "settings", "set": changes}]
            done = edit(desk, operations, _("Change the flow's settings"), revision_of(request))
    except documents.Stale as stale:
        wrong, status = str(stale), 409
    except (CannotDraw, Refused) as error:
        wrong, status = refusal(error), 422
    if not frame.is_fragment(request) and not wrong:
        return HttpResponseRedirect(f"{desk.url('flow')}?panel=input")
    found = {**context(desk, value, told), "wrong": wrong, "news": done.event(desk) if done else None}
    if frame.is_fragment(request):
        return render(request, "builder/_settings.html", found, status=status)
    return page.shown(request, desk, "input", {"settings": found}, status)


def form(body: Mapping[str, Any]) -> SchemaForm:
    titles = {
        "name": (_("Name"), ""),
        "description": (_("Description"), _("What the flow solves, for whoever finds it in a list")),
        "input_schema": (
            _("Input"),
            _("JSON Schema of what a run is launched with: its launch form is made of it"),
        ),
        "limits": (_("Limits of a run"), ""),
        "state": (_("State"), _("What the steps of a run share, and how their contributions come together")),
    }
    properties = {
        name: {**SCHEMA["properties"][name], "title": title, **({"description": help} if help else {})}
        for name, (title, help) in titles.items()
    }
    properties["state"] = state_schema(properties["state"], body)
    widgets = {"/input_schema": "json", "/state/schema": "json"}
    return SchemaForm({"type": "object", "properties": properties}, widgets, "flow")


def changed(body: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that differ; None for one that goes."""
    return {name: value.get(name) for name in SETTINGS if value.get(name) != body.get(name)}


def context(desk: Desk, value: Any = None, told: Iterable[Problem] = ()) -> dict[str, Any]:
    here = tuple(f"/{name}" for name in SETTINGS)
    problems = [each for each in desk.problems if each.pointer.startswith(here)]
    given = (
        value if isinstance(value, Mapping) else {key: desk.body[key] for key in SETTINGS if key in desk.body}
    )
    told = list(told)
    return {
        "desk": desk,
        "fields": form(desk.body).fields(given, [*told, *without(problems, told)]),
        "url": desk.url("flow-settings"),
    }
