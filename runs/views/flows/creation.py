"""New flows: blank from a name, or from a document that is pasted or uploaded. The gallery makes the others."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from flows import gallery, imports
from flows.picture import picture
from governance import documents
from governance.access import SLUG
from governance.documents import yaml_text
from governance.models import Document, Project
from governance.refusals import Problem, Refused
from runs.views import frame
from runs.views.flows import importing
from runs.views.flows.gallery import Shown
from runs.views.flows.lines import line_of, lines_of
from runs.views.flows.slugs import fresh_slug, slug_of
from runs.views.forms.json_text import NotJson
from runs.views.frame import Crumb

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Wrong:
    """A problem of a pasted document; `line` counts from 1, None where there is none."""

    line: int | None
    pointer: str
    message: str


@require_http_methods(["GET", "HEAD", "POST"])
def flow_new(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project, "edit")
    if request.method != "POST":
        return asked(request, found, {"name": request.GET.get("name", "")[:LONGEST_NAME]})
    if request.POST.get("how") == "document":
        return from_document(request, found)
    return blank(request, found)


def blank(request: HttpRequest, project: Project) -> HttpResponse:
    """A start and an end, joined: the least that a flow is."""
    name = " ".join(request.POST.get("name", "").split())
    wrong = name_problem(name)
    if wrong:
        return asked(request, project, {"name": name, "name_error": wrong}, 422)
    with fresh_slug(project, slug_of(name)) as slug:
        document = documents.save_draft(project, "flow", slug, skeleton(slug, name), request.user)[0]
    return opened(document)


def name_problem(name: str) -> str:
    if not name:
        return _("Give the flow a name.")
    if len(name) > LONGEST_NAME:
        return _("A name has at most %(most)s characters.") % {"most": LONGEST_NAME}
    return "" if name.isprintable() else _("This name holds characters that cannot be shown.")


def skeleton(slug: str, name: str) -> dict[str, Any]:
    return {
        "kind": "flow",
        "slug": slug,
        "name": name,
        "nodes": [
            {"id": "start", "type": "start", "position": {"x": 0, "y": 120}},
            {"id": "done", "type": "end", "position": {"x": 320, "y": 120}},
        ],
        "edges": [{"from": "start", "to": "done"}],
    }


def from_document(request: HttpRequest, project: Project) -> HttpResponse:
    """A flow of Baton becomes a draft at once; what comes from elsewhere is shown first, and made when that is sent."""
    text, bodies = request.POST.get("document", ""), []
    try:
        text = importing.text_given(request)
        bodies = imports.read(text)
        if not imports.is_foreign(bodies):
            return kept(request, project, flow_in(bodies))
        if request.POST.get("confirm") == "yes":
            return opened(importing.made(request, project, bodies))
        return importing.seen(request, project, text, bodies)
    except (NotJson, yaml_text.NotYaml) as error:
        wrong = [unreadable(str(error))]
    except imports.CannotImport as error:
        wrong = placed((Problem(error.place, error.sentence),), text if len(bodies) == 1 else "")
    except Refused as error:
        wrong = placed(error.problems, text)
    return asked(request, project, {"document": text, "problems": wrong}, 422)


def kept(request: HttpRequest, project: Project, body: dict[str, Any]) -> HttpResponse:
    """Keeps the document as a draft under its slug, or under a number where that is taken. Raises Refused."""
    with fresh_slug(project, body["slug"]) as slug:
        body_kept = {**body, "slug": slug}
        document, _created, problems = documents.save_draft(project, "flow", slug, body_kept, request.user)
    if slug != body["slug"]:
        words = _("The slug %(old)s is taken here: this flow is %(new)s.")
        messages.info(request, words % {"old": body["slug"], "new": slug})
    tell_what_stops_it(request, problems)
    return opened(document)


def flow_in(bodies: list[Any]) -> dict[str, Any]:
    """The one flow in a text. A flow without a slug gets one from its name. Raises Refused."""
    if len(bodies) != 1 or not isinstance(bodies[0], dict):
        sentence = _(
            "Paste one flow as YAML or JSON (an object with kind, slug, nodes and edges), a LangGraph graph as JSON, "
            "or agents.yaml and tasks.yaml of CrewAI."
        )
        raise Refused([Problem("", sentence, "type")])
    body = {"kind": "flow", **bodies[0]}
    if body["kind"] != "flow":
        sentence = _("This is a document of kind %(kind)s; here only flows can be made.")
        raise Refused([Problem("/kind", sentence % {"kind": repr(body["kind"])[:40]}, "const")])
    if "slug" not in body:
        name = body.get("name")
        body["slug"] = slug_of(name if isinstance(name, str) else "")
    if not isinstance(body["slug"], str) or not SLUG.match(body["slug"]):
        sentence = _("A slug has 1 to 64 of the characters a-z, 0-9 and the hyphen.")
        raise Refused([Problem("/slug", sentence, "pattern")])
    return body


def unreadable(sentence: str) -> Wrong:
    """The reader says the line itself: "line 3: …"."""
    line, _colon, rest = sentence.removeprefix("line ").partition(": ")
    return Wrong(int(line), "", rest) if rest and line.isdigit() else Wrong(None, "", sentence)


def placed(problems: tuple[Problem, ...], text: str) -> list[Wrong]:
    lines = lines_of(text)
    found = [Wrong(line_of(lines, problem.pointer), problem.pointer, problem.message) for problem in problems]
    return sorted(found, key=lambda wrong: wrong.line or 0)


def tell_what_stops_it(request: HttpRequest, problems: list[Problem]) -> None:
    errors = sum(problem.severity == "error" for problem in problems)
    if errors:
        words = _("The flow is kept as a draft. Problems that stop publishing: %(errors)s.")
        messages.warning(request, words % {"errors": errors})


def opened(document: Document) -> HttpResponseRedirect:
    """To the builder."""
    try:
        return redirect("flow", document.project.slug, document.slug)
    except NoReverseMatch:
        return redirect("flow-list", document.project.slug)


def asked(request: HttpRequest, project: Project, context: dict[str, Any], status: int = 200) -> HttpResponse:
    starters = [gallery.starter(slug) for slug in gallery.starters()]
    shown = {"shown": [Shown(starter, picture(starter.flow)) for starter in starters[:3]], **context}
    crumbs = [Crumb(_("Flows"), reverse("flow-list", args=[project.slug])), Crumb(_("New"))]
    return frame.shown(
        request,
        "flows/flow_new.html",
        shown,
        title=_("New flow"),
        project=project,
        section="flows",
        crumbs=crumbs,
        status=status,
    )
