"""The inspector: what one node does, tab by tab. Each change is kept at once, right or wrong, and told where wrong."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from flows.drawing import CannotDraw
from flows.drawing.ports import follow
from governance import documents
from governance.models import Group
from governance.refusals import Problem, Refused
from runs.views import frame
from runs.views.builder import connections, page
from runs.views.builder.desk import Desk, desk_of
from runs.views.builder.editing import Edit, edit, refusal
from runs.views.builder.fixing import revision_of
from runs.views.builder.node_fields import PROMPT, NodeForm, Typed, tabs_of
from runs.views.builder.state_fields import fields_of
from runs.views.builder.touched import told

ROLES = ("reviewer", "admin", "operator", "author", "viewer")
MOST_PEOPLE = 200
OF_TAB = {
    "retry": "retry",
    "cache_ttl_s": "retry",
    "fallback": "fallback",
    "escalate": "fallback",
    "on_error": "fallback",
    "writes": "state",
}


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    label: str
    url: str
    errors: int
    warnings: int
    left: int


@require_safe
def node_list(request: HttpRequest, project: str, flow: str) -> HttpResponse:
    """What the inspector shows while nothing is selected: the nodes by name."""
    desk = desk_of(request, project, flow)
    if not frame.is_fragment(request):
        return HttpResponseRedirect(desk.url("flow"))
    return render(request, "builder/_inspector_empty.html", {"desk": desk})


@require_http_methods(["GET", "HEAD", "POST"])
def node_edit(request: HttpRequest, project: str, flow: str, node: str) -> HttpResponse:
    """GET: the inspector of a node, as a fragment or in its page. POST: an edit of the tab that was sent."""
    desk = desk_of(request, project, flow, "edit" if request.method == "POST" else "read")
    found = desk.node(node)
    if found is None:
        raise Http404
    tab = tab_of(request, found, bool(fields_of(desk)))
    if request.method == "POST":
        return node_update(request, desk, found, tab)
    if not frame.is_fragment(request):
        return HttpResponseRedirect(f"{desk.url('flow')}?node={node}&tab={tab}")
    return render(request, "builder/_inspector.html", inspector_context(desk, found, tab))


def node_update(request: HttpRequest, desk: Desk, node: Mapping[str, Any], tab: str) -> HttpResponse:
    """Keeps what was sent. What cannot be kept is shown again as it was typed, with the reason (422)."""
    action = request.POST.get("action", "configure")
    typed, done, wrong, status = None, None, "", 200
    try:
        if action == "configure":
            form = form_of(desk, node, tab)
            typed = form.read(request)
            operations = configuring(desk, node, form.changes(typed))
            label = _("Set up %(name)s") % {"name": node.get("name") or node["id"]}
        else:
            operations, label = connections.operations_of(action, desk, node, request.POST)
        if operations:
            done = edit(desk, operations, label, revision_of(request))
    except documents.Stale as stale:
        wrong, status = str(stale), 409
    except (CannotDraw, Refused) as error:
        wrong, status = refusal(error), 422
    return answered(request, desk, renamed(node["id"], done), tab, typed, done, wrong, status)


def configuring(desk: Desk, node: Mapping[str, Any], changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One operation for the fields that changed; edges follow cases and routes that are called otherwise."""
    if not changes:
        return []
    moved = follow(desk.body, node, changes["config"]) if changes.get("config") else []
    return [{"op": "configure", "node": node["id"], "set": dict(changes)}, *moved]


def renamed(node: str, done: Edit | None) -> str:
    """What the node is called after the edit."""
    for operation in done.operations if done else ():
        if operation["op"] == "rename" and operation["node"] == node:
            return operation["to"]
    return node


def answered(
    request: HttpRequest,
    desk: Desk,
    node: str,
    tab: str,
    typed: Typed | None,
    done: Edit | None,
    wrong: str,
    status: int,
) -> HttpResponse:
    found = desk.node(node)
    if not frame.is_fragment(request) and not wrong:
        return HttpResponseRedirect(
            f"{desk.url('flow')}?node={node}&tab={tab}" if found else desk.url("flow")
        )
    news = done.event(desk) if done else None
    if found is None:
        context = {"desk": desk, "news": news, "wrong": wrong}
        return render(request, "builder/_inspector_empty.html", context, status=status)
    context = {**inspector_context(desk, found, tab, typed), "wrong": wrong, "news": news}
    if frame.is_fragment(request):
        return render(request, "builder/_inspector.html", context, status=status)
    return page.shown(request, desk, "problems", {"inspected": context}, status)


def inspector_context(
    desk: Desk, node: Mapping[str, Any], tab: str, typed: Typed | None = None
) -> dict[str, Any]:
    card = next(card for card in desk.cards if card.id == node["id"])
    own, left = told(desk.request, problems_at(desk, node["id"]))
    form = form_of(desk, node, tab)
    return {
        "desk": desk,
        "node": node,
        "card": card,
        "tab": tab,
        "tabs": [tab_view(desk, node, name, own, left) for name in tabs_of(node, bool(fields_of(desk)))],
        "untold": bool(left),
        "fields": form.fields(own, typed),
        "references": form.reference_fields(own),
        "url": f"{desk.node_url(node['id'])}?tab={tab}",
        "node_problems": [each for each in own if each.pointer == ""],
        **(connections.context(desk, node) if tab == "connections" else {}),
    }


def form_of(desk: Desk, node: Mapping[str, Any], tab: str) -> NodeForm:
    complete_url = f"{desk.url('expressions')}?node={node['id']}"
    state = fields_of(desk) if tab == "state" else {}
    return NodeForm(node, tab, desk.inspection.offered, people_of(desk), complete_url, state)


def people_of(desk: Desk) -> list[tuple[str, str]]:
    """Who can be asked: roles, groups, members (two queries)."""
    roles = [(f"role:{role}", _("Everybody with the role %(role)s") % {"role": role}) for role in ROLES]
    groups = (
        Group.objects.filter(project=desk.project)
        .order_by("slug")
        .values_list("slug", flat=True)[:MOST_PEOPLE]
    )
    members = desk.project.memberships.order_by("user__username").values_list("user__username", "user__name")
    return [
        *roles,
        *((f"group:{slug}", _("The group %(slug)s") % {"slug": slug}) for slug in groups),
        *((f"user:{name}", f"{full or name} ({name})") for name, full in members[:MOST_PEOPLE]),
    ]


def problems_at(desk: Desk, node: str) -> list[Problem]:
    """The problems of one node, with pointers below it."""
    place = next(place for place, found in enumerate(desk.body["nodes"]) if found["id"] == node)
    at = f"/nodes/{place}"
    return [
        replace(each, pointer=each.pointer.removeprefix(at))
        for each in desk.problems
        if each.pointer == at or each.pointer.startswith(f"{at}/")
    ]


def tab_of(request: HttpRequest, node: Mapping[str, Any], has_state: bool) -> str:
    tabs = tabs_of(node, has_state)
    asked = request.GET.get("tab", "")
    return asked if asked in tabs else tabs[0]


def tab_view(
    desk: Desk, node: Mapping[str, Any], name: str, problems: list[Problem], left: list[Problem]
) -> Tab:
    severities = Counter(each.severity for each in problems if tab_with(node, each) == name)
    quiet = sum(tab_with(node, each) == name for each in left)
    url = f"{desk.node_url(node['id'])}?tab={name}"
    return Tab(name, labels(desk, node)[name], url, severities["error"], severities["warning"], quiet)


def tab_with(node: Mapping[str, Any], problem: Problem) -> str:
    """The tab in which a problem can be mended."""
    parts = problem.pointer.split("/")
    if len(parts) > 1 and parts[1] in OF_TAB:
        return OF_TAB[parts[1]]
    named = parts[2] if len(parts) > 2 else problem.message
    if "prompt" in tabs_of(node) and any(named == name or repr(name) in named for name in PROMPT):
        return "prompt"
    return "connections" if problem.code in ("unreachable", "dead_end") else "settings"


def labels(desk: Desk, node: Mapping[str, Any]) -> dict[str, str]:
    label = next(card.kind_label for card in desk.cards if card.id == node["id"])
    return {
        "settings": label,
        "prompt": _("Prompt"),
        "state": _("State"),
        "retry": _("Retry"),
        "fallback": _("Fallback"),
        "connections": _("Connections"),
        "note": _("Note"),
    }
