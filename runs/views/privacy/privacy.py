"""The page of one set of privacy rules: its form for admins, its table for everybody, and which agents use it."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from governance import access, documents
from governance.detection.scanning import has_model
from governance.models import Document, Project
from governance.privacy.rules import DEFAULT
from runs.views import frame
from runs.views.frame import Crumb
from runs.views.privacy import privacy_form
from runs.views.privacy.trial import box
from runs.views.privacy.words import matrix_of, readable
from runs.views.registry import document_form, editing, kinds
from runs.views.registry.editing import Badge


@require_http_methods(["GET", "HEAD", "POST"])
def privacy_show(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    """The form, or what the rules say; posted, it saves the draft."""
    found = frame.project(request, project, "administer" if request.method == "POST" else "read")
    document = documents.load(found, "privacy", slug)
    form = privacy_form.form_of()
    outcome = document_form.save(request, found, document, form) if request.method == "POST" else None
    if outcome and outcome.saved:
        return editing.kept(request, document, outcome)
    context = editing.context_of(request, found, document, form, outcome)
    naming = agents_by_rules(found)
    own = {
        **head_of(document, context["body"], "privacy-document"),
        "matrix": matrix_of(context["body"]),
        "agents": naming.get(slug, []),
        "is_default": slug == DEFAULT,
        "has_model": has_model(),
        **box(request, found, slug),
    }
    return frame.shown(
        request,
        "privacy/privacy.html",
        {**context, **own},
        title=document.name or slug,
        project=found,
        section="privacy",
        crumbs=crumbs_of(found, document),
        status=editing.status_of(outcome),
    )


def head_of(document: Document, body: Mapping[str, Any], here: str) -> dict[str, Any]:
    """What the head of its pages shows; `here` is the url name of the page."""
    count = len(readable(body.get("rules")))
    said = ngettext("%(count)s rule", "%(count)s rules", count) % {"count": count}
    badges = [Badge(_("Default"), "badge-check", "accent")] if document.slug == DEFAULT else []
    description = body.get("description")
    return {
        "summary": description if isinstance(description, str) else "",
        "badges": [*badges, Badge(said)],
        "tabs": editing.tabs_of(document, here),
        "picture": kinds.FACES["privacy"].icon,
    }


def agents_by_rules(project: Project) -> dict[str, list[dict[str, str]]]:
    """{slug of the rules: [{slug, name}] of the live agents that name them}; under "" those that name none."""
    rows = documents.all_of(project, "agent").filter(active__isnull=False).order_by("slug")
    found: dict[str, list[dict[str, str]]] = {}
    for agent in rows:
        named = documents.content(agent.active).get("privacy", "")
        found.setdefault(named, []).append({"slug": agent.slug, "name": agent.name or agent.slug})
    return found


def crumbs_of(project: Project, document: Document) -> list[Crumb]:
    above = Crumb(_("Privacy"), kinds.list_url(project, "privacy"))
    return [above, Crumb(document.name or document.slug)]


@require_POST
def privacy_archive(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    found = frame.project(request, project, access.right_to_edit("privacy"))
    return editing.archive(request, documents.load(found, "privacy", slug))
