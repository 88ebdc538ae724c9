"""Providers: where models are called, with their keys and prices, and whether they answer."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance import access, documents, secrets
from governance.models import Document, Project
from governance.schemas import MUST_BE
from registry import lookups, trial
from runs.views import frame
from runs.views.forms import SchemaForm
from runs.views.frame import Crumb
from runs.views.registry import creation, document_form, editing, listing, provider_form
from runs.views.registry.document_form import Outcome
from runs.views.registry.editing import Badge
from runs.views.registry.listing import Listed
from runs.views.registry.provider_form import SIMULATED
from runs.views.registry.uses import Uses

MOST_SHOWN = 8


@require_safe
def provider_list(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project)
    page = listing.page(request, found, "provider")
    uses, stored = Uses.of(found), set(secrets.names(found))
    rows = [row_of(provider, uses, stored) for provider in page.rows]
    context = {"page": page, "providers": rows, "project": found}
    context["may_edit"] = access.may(request.user, found, "administer")
    if listing.wants_part(request):
        return listing.part(request, "registry/_providers.html", context)
    return frame.shown(
        request,
        "registry/provider_list.html",
        context,
        title=_("Providers"),
        project=found,
        section="providers",
        crumbs=[Crumb(_("Providers"))],
    )


def row_of(provider: Listed, uses: Uses, stored: set[str]) -> dict[str, Any]:
    models = list(provider.body.get("prices") or {})
    return {
        "provider": provider,
        **connection_of(provider.body, stored),
        "models": models[:MOST_SHOWN],
        "more": max(0, len(models) - MOST_SHOWN),
        "agents": uses.by("agent", "provider", provider.slug),
    }


def connection_of(body: Mapping[str, Any], stored: set[str]) -> dict[str, Any]:
    """{type, simulated, api_base, secret, has_key}; a draft in the making may lack all of it."""
    secret = body.get("secret") or ""
    return {
        "type": body.get("type", ""),
        "simulated": body.get("type") == SIMULATED,
        "api_base": body.get("api_base", ""),
        "secret": secret,
        "has_key": secret in stored,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def provider_new(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project, "administer")
    kind = {"type": "string", "pattern": "^[a-z0-9_]{1,64}$", "title": _("Type")}
    kind["description"] = _("How LiteLLM calls this provider. “scripted” simulates a model, without a key.")
    kind[MUST_BE] = provider_form.type_words()
    return creation.shown_or_created(
        request,
        found,
        "provider",
        SchemaForm(creation.first_fields({"type": kind}, ("type",)), prefix=creation.PREFIX),
        title=_("New provider"),
        lead=_("Calls go through LiteLLM, so any provider it supports works."),
        options={"/type": provider_form.TYPES},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def provider_show(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    """The form, or what the provider says; posted, it saves the draft, and the key as a secret."""
    found = frame.project(request, project, "administer" if request.method == "POST" else "read")
    document = documents.load(found, "provider", slug)
    form = provider_form.form_of(document_form.body_of(document))
    outcome = saved(request, found, document, form) if request.method == "POST" else None
    if outcome and outcome.saved:
        return editing.kept(request, document, outcome)
    context = editing.context_of(request, found, document, form, outcome)
    return provider_page(request, found, document, context, editing.status_of(outcome))


def saved(
    request: HttpRequest, project: Project, document: Document, form: document_form.DocumentForm
) -> Outcome:
    """A typed key replaces the stored one; it is neither kept in the document nor ever sent back."""
    key = request.POST.get("api_key", "").strip()
    outcome = document_form.save(request, project, document, form, **({"api_key": key} if key else {}))
    lookups.forget()
    return outcome


def provider_page(
    request: HttpRequest, project: Project, document: Document, context: dict[str, Any], status: int
) -> HttpResponse:
    uses, stored = Uses.of(project), set(secrets.names(project))
    drawn = [field for filled in context["main"] for field in filled.fields]
    own = {
        **head_of(document, context["body"]),
        **connection_of(context["body"], stored),
        **test_of(document, context["body"]),
        "suggestions": document_form.offered(drawn, {"/type": provider_form.TYPES}),
        "flows": [],
        "flows_behind": uses.flows_behind("provider", document.slug),
        "agents": uses.by("agent", "provider", document.slug),
    }
    return frame.shown(
        request,
        "registry/provider.html",
        {**context, **own},
        title=document.name or document.slug,
        project=project,
        section="providers",
        crumbs=crumbs_of(project, document),
        status=status,
    )


def head_of(document: Document, body: Mapping[str, Any]) -> dict[str, Any]:
    simulated = body.get("type") == SIMULATED
    badges = (
        [Badge(_("simulated"), "flask-conical")]
        if simulated
        else [Badge(str(body.get("type", "")), mono=True)]
    )
    return {
        "summary": body.get("description", ""),
        "badges": badges,
        "tabs": editing.tabs_of(document, "provider"),
    }


def test_of(document: Document, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the test card shows before anything was tried."""
    models = list(body.get("prices") or {})
    return {"models": models, "asked": models[0] if models else "", "is_live": document.active is not None}


def crumbs_of(project: Project, document: Document) -> list[Crumb]:
    above = Crumb(_("Providers"), reverse("provider-list", args=[project.slug]))
    return [above, Crumb(document.name or document.slug)]


@require_POST
def provider_test(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    """One short call of a model of the live version, and in words what is wrong where it fails."""
    found = frame.project(request, project, "administer")
    document = documents.load(found, "provider", slug)
    body = editing.live_body(document)
    model = request.POST.get("model", "").strip()[:200].replace("\0", "")
    context = {
        "document": document,
        "project": found,
        "may_edit": True,
        **test_of(document, body),
        "asked": model,
    }
    if model and document.active:
        result = trial.provider(found, slug, model, request.user)
        context["result"] = {**result, "latency_s": result["latency_ms"] / 1000}
    context["unasked"] = not model
    if listing.wants_part(request):
        return listing.part(request, "registry/_provider_test.html", context)
    return frame.shown(
        request,
        "registry/provider_test.html",
        context,
        title=_("Test of %(name)s") % {"name": document.name or slug},
        project=found,
        section="providers",
        crumbs=crumbs_of(found, document),
        status=200 if model else 422,
    )


@require_POST
def provider_archive(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    found = frame.project(request, project, "administer")
    return editing.archive(request, documents.load(found, "provider", slug))
