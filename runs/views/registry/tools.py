"""Tools: their list, the page of one, and the values of the secrets that it names."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance import documents, secrets
from governance.models import Document, Project
from governance.refusals import Refused
from registry import databases, lookups
from registry.schemas import TEXT, TOOL_TYPES, is_built, risk_of
from runs import insights
from runs.views import frame
from runs.views.forms import SchemaForm
from runs.views.frame import Crumb
from runs.views.registry import creation, document_form, editing, listing, tool_form
from runs.views.registry.agent_form import risk_words
from runs.views.registry.agents import percent
from runs.views.registry.editing import Badge
from runs.views.registry.listing import Listed
from runs.views.registry.uses import Uses

ICONS = {"http": "globe", "calculator": "calculator", "sql": "database", "mcp": "plug"}
RISK_STATUS = {"irreversible": "failed", "write": "waiting"}


@require_safe
def tool_list(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project)
    page = listing.page(request, found, "tool", ("type",))
    uses, calls = Uses.of(found), insights.tool_use(found)
    rows = [row_of(tool, uses, calls) for tool in page.rows]
    context = {"page": page, "tools": rows, "days": insights.SHOWN_DAYS, "project": found}
    context["types"] = [(name, type_words(name)) for name in built_types()]
    if listing.wants_part(request):
        return listing.part(request, "registry/_tools.html", context)
    return frame.shown(
        request,
        "registry/tool_list.html",
        context,
        title=_("Tools"),
        project=found,
        section="tools",
        crumbs=[Crumb(_("Tools"))],
    )


def row_of(tool: Listed, uses: Uses, calls: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    good, total = calls.get(tool.slug, (0, 0))
    return {
        "tool": tool,
        **type_and_risk(tool.body),
        "agents": uses.by("agent", "tool", tool.slug),
        "flows": uses.by("flow", "tool", tool.slug),
        "calls": total,
        "success": percent(good, total),
    }


def type_and_risk(body: Mapping[str, Any]) -> dict[str, Any]:
    """{type, label, icon, risk, risk_label, status, idempotent}; a draft in the making may lack its type."""
    kind = str(body.get("type", ""))
    risk = risk_of({**body, "type": kind})
    return {
        "type": kind,
        "label": type_words(kind),
        "icon": ICONS.get(kind, "wrench"),
        "risk": risk,
        "risk_label": risk_words(risk),
        "status": RISK_STATUS.get(risk, ""),
        "idempotent": bool(body.get("idempotent")),
    }


def built_types() -> list[str]:
    return [name for name in TOOL_TYPES if is_built(name)]


def type_words(kind: str) -> str:
    return {"http": _("HTTP"), "calculator": _("Calculator"), "sql": _("SQL")}.get(kind, kind)


@require_http_methods(["GET", "HEAD", "POST"])
def tool_new(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project, "edit")
    options = [{"const": name, "title": type_words(name)} for name in built_types()]
    description = {
        **TEXT,
        "title": _("Description"),
        "description": _("Models read this to know when to call it."),
    }
    kind = {"oneOf": options, "title": _("Type")}
    schema = creation.first_fields({"type": kind, "description": description}, ("type",))
    return creation.shown_or_created(
        request,
        found,
        "tool",
        SchemaForm(schema, {"/description": "longtext"}, creation.PREFIX),
        title=_("New tool"),
        lead=_(
            "What agents can do outside the conversation. A tool is off for every agent until you allow it."
        ),
        options={},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def tool_show(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    """The form, or what the tool says; posted, it saves the draft."""
    found = frame.project(request, project, "edit" if request.method == "POST" else "read")
    document = documents.load(found, "tool", slug)
    form = tool_form.form_of(document_form.body_of(document))
    outcome = document_form.save(request, found, document, form) if request.method == "POST" else None
    if outcome and outcome.saved:
        return editing.kept(request, document, outcome)
    context = editing.context_of(request, found, document, form, outcome)
    uses, stored = Uses.of(found), secrets.names(found)
    drawn = [field for filled in (*context["main"], *context["aside"]) for field in filled.fields]
    offered = {"/secrets": own_secrets(stored)}
    if context["body"].get("type") == "sql":
        offered["/config/database"] = databases.stored(project)
    own = {
        **head_of(document, context["body"], "tool"),
        "suggestions": document_form.offered(drawn, offered),
        "secrets": [
            {"name": name, "stored": name in stored} for name in context["body"].get("secrets") or ()
        ],
        "flows": uses.by("flow", "tool", slug),
        "flows_behind": uses.flows_behind("tool", slug),
        "agents": uses.by("agent", "tool", slug),
    }
    return frame.shown(
        request,
        "registry/tool.html",
        {**context, **own},
        title=document.name or slug,
        project=found,
        section="tools",
        crumbs=crumbs_of(found, document),
        status=editing.status_of(outcome),
    )


def own_secrets(names: list[str]) -> list[str]:
    """Those that are not the keys of providers."""
    return [name for name in names if not name.startswith("provider-")]


def head_of(document: Document, body: Mapping[str, Any], here: str) -> dict[str, Any]:
    """What the head of a tool's pages shows; `here` is the url name of the page."""
    facts = type_and_risk(body)
    method = body.get("config", {}).get("method", "GET") if facts["type"] == "http" else ""
    badges = [
        Badge(f"{facts['label']} {method}".strip(), facts["icon"]),
        Badge(facts["risk_label"], "triangle-alert" if facts["status"] else "", facts["status"]),
    ]
    if facts["idempotent"]:
        badges.append(Badge(_("Idempotent")))
    tabs = editing.tabs_of(document, here, ("tool-test", _("Schema and test")))
    return {"summary": body.get("description", ""), "badges": badges, "tabs": tabs, "picture": facts["icon"]}


def crumbs_of(project: Project, document: Document) -> list[Crumb]:
    above = Crumb(_("Tools"), reverse("tool-list", args=[project.slug]))
    return [above, Crumb(document.name or document.slug)]


@require_POST
def tool_archive(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    found = frame.project(request, project, "edit")
    return editing.archive(request, documents.load(found, "tool", slug))


@require_POST
def secret_update(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    """Stores the value of a secret that the tool names. It is never shown, not even in what is wrong with it."""
    found = frame.project(request, project, "administer")
    document = documents.load(found, "tool", slug)
    name = request.POST.get("name", "")
    if name not in (document_form.body_of(document).get("secrets") or ()):
        messages.error(request, _("The tool does not name this secret: add it to the form and save first."))
        return redirect("tool", project, slug)
    try:
        secrets.put(found, name, request.POST.get("value", ""), request.user)
    except Refused as refused:
        messages.error(request, " ".join(problem.message for problem in refused.problems))
    else:
        lookups.forget()
        messages.success(
            request, _("The secret “%(name)s” is stored; it is never shown again.") % {"name": name}
        )
    return redirect("tool", project, slug)
