"""The draft as a document: downloaded as YAML or JSON, or replaced by one that is pasted or uploaded."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from flows.drawing import CannotDraw, apply
from governance import documents
from governance.documents import yaml_text
from governance.refusals import Refused
from runs.inspection import Inspection
from runs.views import frame
from runs.views.builder.desk import KIND, Desk, desk_of
from runs.views.builder.editing import edit, refusal
from runs.views.builder.fixing import revision_of
from runs.views.forms.json_text import NotJson
from runs.views.forms.uploads import text_of
from runs.views.frame import Crumb

MOST_SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
def document_show(request: HttpRequest, project: str, flow: str) -> HttpResponse:
    """GET `?format=yaml` (or json): the draft as a file; without it the page to import. POST: the import."""
    wanted = request.GET.get("format", "")
    if wanted in WRITERS and request.method != "POST":
        return download(desk_of(request, project, flow), wanted)
    desk = desk_of(request, project, flow, "edit")
    return replacing(request, desk) if request.method == "POST" else asked(request, desk, {})


def download(desk: Desk, wanted: str) -> HttpResponse:
    write, kind = WRITERS[wanted]
    answer = HttpResponse(write(desk.body), content_type=f"{kind}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{desk.slug}.{wanted}"'
    return answer


def as_json(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, indent=2) + "\n"


WRITERS = {"yaml": (yaml_text.dump, "application/yaml"), "json": (as_json, "application/json")}


def replacing(request: HttpRequest, desk: Desk) -> HttpResponse:
    """First what would change and what is wrong with it; the draft is replaced when that was seen and confirmed."""
    text = request.POST.get("document", "")
    try:
        file = request.FILES.get("file")
        text = text_of(file) if file else text
        body = read(text, desk.slug)
        if request.POST.get("confirm") != "yes":
            return asked(request, desk, {"document": text, **preview(desk, body)})
        replace = [{"op": "replace", "document": body}]
        edit(desk, replace, _("Import a document"), revision_of(request))
    except (NotJson, yaml_text.NotYaml) as error:
        return asked(request, desk, {"document": text, "wrong": str(error)}, 422)
    except documents.Stale as stale:
        return asked(request, desk, {"document": text, "wrong": str(stale)}, 409)
    except (CannotDraw, Refused) as error:
        return asked(request, desk, {"document": text, "wrong": refusal(error)}, 422)
    messages.success(request, _("The draft is now the imported document."))
    return HttpResponseRedirect(desk.url("flow"))


def read(text: str, slug: str) -> dict[str, Any]:
    """The one flow in a text, under the slug of this flow. Raises NotYaml, CannotDraw."""
    bodies = [body for body in yaml_text.load_all(text) if body is not None]
    if len(bodies) != 1 or not isinstance(bodies[0], dict):
        raise CannotDraw(_("Paste one flow as YAML or JSON: an object with kind, slug, nodes and edges."))
    body = {"kind": KIND, **bodies[0], "slug": slug}
    if body["kind"] != KIND:
        raise CannotDraw(_("This is a document of another kind: only a flow can take the place of a flow."))
    return body


def preview(desk: Desk, body: dict[str, Any]) -> dict[str, Any]:
    """What the import changes. Raises CannotDraw where it cannot be drawn at all."""
    apply(desk.body, [{"op": "replace", "document": body}])
    found = Inspection(desk.project, body)
    old, new = ids(desk.body), ids(body)
    return {
        "is_seen": True,
        "added": sorted(new - old)[:MOST_SHOWN],
        "removed": sorted(old - new)[:MOST_SHOWN],
        "kept": len(old & new),
        "problems": found.problems[:MOST_SHOWN],
        "errors": len(found.errors),
        "is_same": documents.digest(body) == documents.digest(desk.body),
    }


def ids(body: dict[str, Any]) -> set[str]:
    return {node["id"] for node in body["nodes"]}


def asked(request: HttpRequest, desk: Desk, context: dict[str, Any], status: int = 200) -> HttpResponse:
    crumbs = [
        Crumb(_("Flows"), desk.url("flow").rsplit("/", 2)[0] + "/"),
        Crumb(desk.name, desk.url("flow")),
        Crumb(_("Import")),
    ]
    whole = {"desk": desk, "revision": desk.document.revision, **context}
    return frame.shown(
        request,
        "builder/import.html",
        whole,
        title=_("Import into %(flow)s") % {"flow": desk.name},
        project=desk.project,
        section="flows",
        crumbs=crumbs,
        status=status,
    )
