"""Flows of LangGraph and CrewAI: what would be made of a text is shown first, then it is made."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from flows import imports
from flows.gallery.copying import Piece
from flows.imports import placing
from flows.imports.outcome import Tool
from flows.picture import picture
from governance.models import Document, Project
from runs.views import frame
from runs.views.forms.uploads import text_of
from runs.views.frame import Crumb

LARGE = (1040, 300)


def text_given(request: HttpRequest) -> str:
    """The files that were chosen, one after another, else the pasted text. Raises NotJson."""
    texts = [text_of(file) for file in request.FILES.getlist("file")[: imports.MOST_FILES]]
    return "\n---\n".join(texts) or request.POST.get("document", "")


def seen(request: HttpRequest, project: Project, text: str, bodies: Sequence[Any]) -> HttpResponse:
    """The page that says what would be made. Raises CannotImport."""
    found = imports.found(bodies, placing.stock_of(project))
    plan = placing.plan(project, found, request.user)
    context = {
        "plan": plan,
        "flow": plan.flow.body,
        "pieces": [(piece, tools_of(piece, plan)) for piece in (plan.flow, *plan.others)],
        "mapped": [note for note in plan.notes if not note.is_left],
        "left": [note for note in plan.notes if note.is_left],
        "picture": picture(plan.flow.body, *LARGE),
        "document": text,
    }
    crumbs = [
        Crumb(_("Flows"), reverse("flow-list", args=[project.slug])),
        Crumb(_("New"), reverse("flow-new", args=[project.slug])),
        Crumb(_("Import")),
    ]
    return frame.shown(
        request,
        "flows/import_seen.html",
        context,
        title=_("Import from %(source)s") % {"source": found.source},
        project=project,
        section="flows",
        crumbs=crumbs,
    )


def tools_of(piece: Piece, plan: placing.Plan) -> list[Tool]:
    return [plan.found.tools[slug] for slug in piece.body.get("tools", ())] if piece.kind == "agent" else []


def made(request: HttpRequest, project: Project, bodies: Sequence[Any]) -> Document:
    """Makes it, and says what was made. Raises CannotImport, Refused."""
    found = imports.found(bodies, placing.stock_of(project))
    made = placing.make(project, found, request.user)
    kept = {*made.drafts, *made.armed}
    published = sum(
        piece.kind == "agent" and piece.is_new and piece.slug not in kept for piece in made.pieces
    )
    messages.success(
        request,
        _("%(flow)s is here as a draft. Agents published: %(published)s.")
        % {"flow": made.flow.name or made.flow.slug, "published": published},
    )
    if made.armed:
        messages.warning(
            request,
            _(
                "These are drafts, because they have tools that do more than read: %(drafts)s. Look at them, then "
                "publish them."
            )
            % {"drafts": ", ".join(made.armed[:10])},
        )
    if made.drafts:
        messages.warning(
            request,
            _("These are drafts, because something that they name is missing here: %(drafts)s.")
            % {"drafts": ", ".join(made.drafts[:10])},
        )
    return made.flow
