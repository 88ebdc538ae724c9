"""Beginning a flow with a pattern: its agents and the flow that joins them, made in one step."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from flows.beginnings import documents_of
from flows.gallery import copying
from flows.patterns import PATTERNS
from governance import access, documents
from governance.documents import yaml_text
from governance.models import Project
from governance.refusals import Forbidden, NotFound
from runs.views import frame
from runs.views.flows.gallery import missing_right
from runs.views.registry.agent_form import proposed_model, providers_of
from runs.views.registry.agents import provider_types


@require_POST
def beginning_create(request: HttpRequest, project: str, pattern: str) -> HttpResponse:
    """Publishes the agents and the flow of a pattern under slugs that are free, and opens the flow in the builder."""
    found = frame.project(request, project, "edit")
    if pattern not in PATTERNS:
        raise NotFound(_("There is no pattern %(pattern)s.") % {"pattern": pattern})
    with transaction.atomic():
        # Nobody takes a slug between the plan and its making.
        Project.objects.select_for_update(no_key=True).only("pk").get(pk=found.pk)
        pieces = copying.pieces_of(found, bodies_for(request, found, pattern))
        missing = missing_right(request, found, pieces)
        if missing:
            raise Forbidden(missing)
        texts = {
            f"{piece.kind} {piece.slug}": yaml_text.dump(piece.body) for piece in pieces if piece.is_written
        }
        documents.apply(found, texts, request.user)
    agents = [piece for piece in pieces if piece.kind == "agent"]
    said = _("%(flow)s is here and published, with the agents %(agents)s on the model %(model)s.")
    words = {
        "flow": pieces[-1].name,
        "agents": ", ".join(agent.name for agent in agents),
        "model": agents[0].body["model"],
    }
    messages.success(request, said % words)
    return redirect("flow", found.slug, pieces[-1].slug)


def bodies_for(request: HttpRequest, project: Project, pattern: str) -> list[dict[str, Any]]:
    """The pattern's documents on the model that the project offers. Who may not change providers leaves the simulated
    one as it is: it echoes what these agents are asked."""
    providers = providers_of(project)
    types = provider_types(providers)
    bodies = documents_of(pattern, proposed_model(providers), types)
    may_teach = access.may(request.user, project, access.right_to_edit("provider"))
    return [body for body in bodies if body["kind"] != "provider" or may_teach or body["slug"] not in types]
