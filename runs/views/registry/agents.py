"""Agents: their list, and the page of one."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance import documents
from governance.models import Document, Project
from governance.schemas import MUST_BE
from registry.presets import Preset, preset, presets
from registry.schemas import MODEL, TEXT
from runs import insights
from runs.views import frame
from runs.views.forms import SchemaForm, json_text
from runs.views.frame import Crumb
from runs.views.registry import agent_form, creation, document_form, editing, listing
from runs.views.registry.editing import Badge
from runs.views.registry.listing import Listed
from runs.views.registry.provider_form import SIMULATED
from runs.views.registry.uses import Uses

ASKED = ("name", "purpose", "model")  # what the page for a new agent asks


@require_safe
def agent_list(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project)
    page = listing.page(request, found, "agent", ("model",))
    uses, calls, steps = Uses.of(found), insights.agent_use(found), insights.agent_success(found)
    types = provider_types(agent_form.providers_of(found))
    rows = [row_of(agent, uses, calls, steps, types) for agent in page.rows]
    context = {"page": page, "agents": rows, "days": insights.SHOWN_DAYS, "project": found}
    if listing.wants_part(request):
        return listing.part(request, "registry/_agents.html", context)
    return frame.shown(
        request,
        "registry/agent_list.html",
        context,
        title=_("Agents"),
        project=found,
        section="agents",
        crumbs=[Crumb(_("Agents"))],
    )


def row_of(agent: Listed, uses: Uses, calls: dict, steps: dict, types: dict[str, str]) -> dict[str, Any]:
    """What a row of the list shows; `success` is a share from 0 to 1, None without steps."""
    used = calls.get(agent.slug, {"calls": 0, "cost": 0})
    good, finished = steps.get(agent.slug, (0, 0))
    return {
        "agent": agent,
        **model_of(agent.body, types),
        "flows": uses.by("flow", "agent", agent.slug),
        **used,
        "per_call": used["cost"] // used["calls"] if used["calls"] else None,
        "success": percent(good, finished),
        "tools": len(agent.body.get("tools") or ()),
    }


def model_of(body: Mapping[str, Any], types: dict[str, str]) -> dict[str, Any]:
    """{provider, model, simulated} of an agent's body, which may be a draft in the making."""
    named = body.get("model")
    provider, _slash, model = named.partition("/") if isinstance(named, str) else ("", "", "")
    return {"provider": provider, "model": model, "simulated": types.get(provider) == SIMULATED}


def provider_types(providers: list[Document]) -> dict[str, str]:
    return {one.slug: documents.content(one.active)["type"] for one in providers if one.active}


def percent(good: int, total: int) -> float | None:
    return round(100 * good / total, 1) if total else None


@require_http_methods(["GET", "HEAD", "POST"])
def agent_new(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project, "edit")
    providers = agent_form.providers_of(found)
    proposed = agent_form.proposed_model(providers)
    model = {**MODEL, "title": _("Model"), "description": model_hint(proposed, provider_types(providers))}
    model[MUST_BE] = agent_form.model_words()
    purpose = {**TEXT, "title": _("Purpose"), "description": _("What it solves, in a sentence.")}
    schema = creation.first_fields({"purpose": purpose, "model": model}, ("model",))
    chosen = preset(request.GET.get("preset", ""))
    return creation.shown_or_created(
        request,
        found,
        "agent",
        SchemaForm(schema, {"/purpose": "longtext"}, creation.PREFIX),
        title=_("New agent"),
        lead=_("A model with instructions, the tools it may use and its limits."),
        options={"/model": agent_form.suggested_models(providers)},
        template="registry/agent_new.html",
        context={
            "presets": presets(),
            "chosen": chosen,
            "example": chosen and json_text.write(chosen.answer),
        },
        extra={name: value for name, value in chosen.fields.items() if name not in ASKED} if chosen else None,
        initial={
            **({"model": proposed} if proposed else {}),
            **(offered_by(found, chosen) if chosen else {}),
        },
    )


def offered_by(project: Project, chosen: Preset) -> dict[str, str]:
    """What the form for a new agent offers of a preset, under a slug that is free."""
    slug = creation.instead_of(project, "agent", chosen.slug) or chosen.slug
    return {"name": chosen.name, "purpose": chosen.purpose, "slug": slug}


def model_hint(proposed: str, types: Mapping[str, str]) -> str:
    """What stands below the model of a new agent: where the proposed one comes from."""
    if not proposed:
        return _("Provider and model, such as openai/gpt-5-mini.")
    if types.get(proposed.partition("/")[0]) == SIMULATED:
        return _("Proposed: a simulated model. It answers from a script and costs nothing; name any other.")
    return _("Proposed: the first model of this project's providers; name any other.")


@require_http_methods(["GET", "HEAD", "POST"])
def agent_show(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    """The form, or what the agent says; posted, it saves the draft."""
    found = frame.project(request, project, "edit" if request.method == "POST" else "read")
    document = documents.load(found, "agent", slug)
    others = agent_form.agents_but(found, slug)
    form = agent_form.form_of(agent_form.tools_of(found), others, reverse("expressions-free", args=[project]))
    outcome = document_form.save(request, found, document, form) if request.method == "POST" else None
    if outcome and outcome.saved:
        return editing.kept(request, document, outcome)
    context = editing.context_of(request, found, document, form, outcome)
    return agent_page(request, found, document, context, editing.status_of(outcome))


def agent_page(
    request: HttpRequest, project: Project, document: Document, context: dict[str, Any], status: int
) -> HttpResponse:
    providers, uses = agent_form.providers_of(project), Uses.of(project)
    models = agent_form.suggested_models(providers)
    drawn = [field for filled in context["main"] for field in filled.fields]
    own = {
        **head_of(document, context["body"], providers, "agent"),
        "suggestions": document_form.offered(drawn, {"/model": models, "/fallback_models": models}),
        "flows": uses.by("flow", "agent", document.slug),
        "flows_behind": uses.flows_behind("agent", document.slug),
        "agents": uses.by("agent", "agent", document.slug),
    }
    return frame.shown(
        request,
        "registry/agent.html",
        {**context, **own},
        title=document.name or document.slug,
        project=project,
        section="agents",
        crumbs=crumbs_of(project, document),
        status=status,
    )


def head_of(
    document: Document, body: Mapping[str, Any], providers: list[Document], here: str
) -> dict[str, Any]:
    """What the head of an agent's pages shows; `here` is the url name of the page."""
    named = model_of(body, provider_types(providers))
    badges = [Badge(named["model"], mono=True)] if named["model"] else []
    if named["simulated"]:
        badges.append(Badge(_("simulated"), "flask-conical"))
    tabs = editing.tabs_of(document, here, ("agent-trial", _("Playground")))
    return {"summary": body.get("purpose", ""), "badges": badges, "tabs": tabs}


def crumbs_of(project: Project, document: Document) -> list[Crumb]:
    above = Crumb(_("Agents"), reverse("agent-list", args=[project.slug]))
    return [above, Crumb(document.name or document.slug)]


@require_POST
def agent_archive(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    found = frame.project(request, project, "edit")
    return editing.archive(request, documents.load(found, "agent", slug))
