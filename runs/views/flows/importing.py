"""Flows of LangGraph and CrewAI: what would be made of a text is shown first, then it is made."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from flows import imports
from flows.imports import placing
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
        "pieces": [plan.flow, *plan.others],
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


def made(request: HttpRequest, project: Project, bodies: Sequence[Any]) -> Document:
    """Makes it, and says what was made. Raises CannotImport, Refused."""
    found = imports.found(bodies, placing.stock_of(project))
    made = placing.make(project, found, request.user)
    published = sum(piece.kind == "agent" and piece.is_new for piece in made.pieces) - len(made.drafts)
    messages.success(
        request,
        _("%(flow)s is here as a draft. Agents published: %(published)s.")
        % {"flow": made.flow.name or made.flow.slug, "published": published},
    )
    if made.drafts:
        messages.warning(
            request,
            _("These are drafts, because something that they name is missing here: %(drafts)s.")
            % {"drafts": ", ".join(made.drafts[:10])},
        )
    return made.flow
