"""The page of one policy: its form for admins, what it says for everybody else; archiving and bringing back."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from governance import access, documents
from governance.models import Document, Project
from runs.views import frame
from runs.views.frame import Crumb
from runs.views.policies import numbers, policy_form
from runs.views.policies.words import effect_of
from runs.views.registry import document_form, editing, kinds
from runs.views.registry.editing import Badge, Tab


@require_http_methods(["GET", "HEAD", "POST"])
def policy_show(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    """The form, or what the policy says; posted, it saves the draft."""
    found = frame.project(request, project, "administer" if request.method == "POST" else "read")
    document = documents.load(found, "policy", slug)
    form = policy_form.form_of(reverse("policy-facts", args=[project]))
    outcome = document_form.save(request, found, document, form) if request.method == "POST" else None
    if outcome and outcome.saved:
        return editing.kept(request, document, outcome)
    context = editing.context_of(request, found, document, form, outcome)
    drawn = [field for filled in context["main"] for field in filled.fields]
    offered = {"/reviewers": policy_form.reviewers_of(found) if context["may_edit"] else []}
    own = {
        **head_of(document, context["body"], "policy"),
        "suggestions": document_form.offered(drawn, offered),
        "decided": numbers.numbers_of(found).by_policy.get(slug),
        "days": numbers.DAYS,
        "simulation_url": simulation_url(document),
    }
    return frame.shown(
        request,
        "policies/policy.html",
        {**context, **own},
        title=document.name or slug,
        project=found,
        section="policies",
        crumbs=crumbs_of(found, document),
        status=editing.status_of(outcome),
    )


def head_of(document: Document, body: Mapping[str, Any], here: str) -> dict[str, Any]:
    """What the head of a policy's pages shows; `here` is the url name of the page."""
    effect = effect_of(body)
    badges = [Badge(str(effect.label), effect.icon, effect.status)] if effect else []
    page, *others = editing.tabs_of(document, here)
    simulation = Tab(_("Simulation"), simulation_url(document), here == "policy-simulation")
    reason = body.get("reason")
    return {
        "summary": reason if isinstance(reason, str) else "",
        "badges": badges,
        "tabs": [page, simulation, *others],
        "picture": kinds.FACES["policy"].icon,
    }


def simulation_url(document: Document) -> str:
    return f"{reverse('policy-simulation', args=[document.project.slug])}?policy={document.slug}"


def crumbs_of(project: Project, document: Document) -> list[Crumb]:
    above = Crumb(_("Policies"), kinds.list_url(project, "policy"))
    return [above, Crumb(document.name or document.slug)]


@require_POST
def policy_archive(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    found = frame.project(request, project, access.right_to_edit("policy"))
    return editing.archive(request, documents.load(found, "policy", slug))


@require_POST
def policy_restore(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    found = frame.project(request, project, access.right_to_edit("policy"))
    return editing.restore(request, documents.load(found, "policy", slug, archived=True))
