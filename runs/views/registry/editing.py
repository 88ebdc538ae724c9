"""The page of one document: its form for those who may edit it, what it says for everybody else."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance import access, documents
from governance.documents import digest
from governance.models import Document, Project
from governance.refusals import Conflict
from runs.views.forms import FieldView
from runs.views.registry import kinds
from runs.views.registry.document_form import DocumentForm, Outcome, body_of, problems_in


def context_of(
    request: HttpRequest,
    project: Project,
    document: Document,
    form: DocumentForm,
    outcome: Outcome | None = None,
) -> dict[str, Any]:
    """What templates/registry/_document.html draws: six queries and two for each dead reference."""
    may_edit = access.may(request.user, project, access.right_to_edit(document.kind))
    body = body_of(document) if may_edit else live_body(document)
    problems = form.moved(problems_in(project, document, body), body) if may_edit and outcome is None else []
    value = form.value(body) if outcome is None else outcome.value
    wrong, sections = form.filled(value, problems if outcome is None else outcome.problems)
    seen = document if outcome is None or outcome.stale is None else outcome.stale
    return {
        "document": document,
        "body": body,
        "may_edit": may_edit,
        "is_changed": is_changed(document),
        "version": document.active.number if document.active else None,
        "wrong": wrong,
        "faults": list(faults_in(field for filled in sections for field in filled.fields)),
        "main": [filled for filled in sections if not filled.section.aside],
        "aside": [filled for filled in sections if filled.section.aside],
        "kinds": kinds.plural_of(document.kind),
        "archive_url": kinds.archive_url(document),
        "face": kinds.FACES[document.kind],
        "revision": seen.revision,
        "stale": outcome and outcome.stale,
        "refused": outcome is not None and bool(outcome.problems),
        "stopping": sum(problem.severity == "error" for problem in problems),
    }


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a field, for the list above the form; `target` is the id it leads to."""

    target: str
    label: str
    message: str


def faults_in(fields: Iterable[FieldView]) -> Iterator[Fault]:
    """All of them in the order of the fields, also those of rows and groups."""
    for field in fields:
        for message in field.errors:
            yield Fault(field.target, field.label, message)
        yield from faults_in(field.children)


def status_of(outcome: Outcome | None) -> int:
    """409 where somebody else saved meanwhile, 422 where what was typed is wrong."""
    if outcome is None:
        return 200
    return 409 if outcome.stale else 422


def live_body(document: Document) -> Mapping[str, Any]:
    """What runs use; of a document that was never published, its draft."""
    return documents.content(document.active) if document.active else body_of(document)


def is_changed(document: Document) -> bool:
    """Whether the draft says something else than the live version."""
    draft = documents.draft(document)
    return draft is not None and (document.active is None or digest(draft) != document.active.hash)


def kept(request: HttpRequest, document: Document, outcome: Outcome) -> HttpResponse:
    """Back to the page, with what was done; or on to where it is published, for who pressed that."""
    stopping = sum(problem.severity == "error" for problem in outcome.problems)
    if stopping:
        said = ngettext(
            "Draft saved. %(count)s problem stops publishing it.",
            "Draft saved. %(count)s problems stop publishing it.",
            stopping,
        )
        messages.warning(request, said % {"count": stopping})
    else:
        messages.success(request, _("Draft saved. It takes effect once it is published."))
    if request.POST.get("then") == "publish":
        return redirect("publication", document.project.slug, kinds.plural_of(document.kind), document.slug)
    return redirect(kinds.page_url(document))


def archive(request: HttpRequest, document: Document) -> HttpResponse:
    """Takes the document out of use; where active flows need it, back to its page, which names them."""
    try:
        documents.archive(document, request.user)
    except documents.InUse as needed:
        messages.error(request, str(needed))
        return redirect(kinds.page_url(document))
    messages.success(request, _("“%(name)s” is archived.") % {"name": document.name or document.slug})
    return redirect(kinds.list_url(document.project, document.kind))


def restore(request: HttpRequest, document: Document) -> HttpResponse:
    """An archived document comes back as a draft, which can be published again."""
    newest = document.versions.order_by("-number").first()
    body = documents.draft(document) or (documents.content(newest) if newest else None)
    name = document.name or document.slug
    if document.archived_at is None or body is None:
        raise Conflict(_("“%(name)s” is not archived.") % {"name": name})
    documents.save_working_draft(document.project, document.kind, document.slug, body, request.user)
    messages.success(request, _("“%(name)s” is back as a draft. Publish it to use it.") % {"name": name})
    return redirect(kinds.page_url(document))


@dataclass(frozen=True, slots=True)
class Tab:
    """A view of a document. `count` is shown where it is more than nothing."""

    label: str
    url: str
    here: bool = False
    count: int = 0


@dataclass(frozen=True, slots=True)
class Badge:
    """A fact beside a name. `status` colours it, `mono` is for names of models."""

    label: str
    icon: str = ""
    status: str = ""
    mono: bool = False


def tabs_of(document: Document, here: str, *between: tuple[str, str]) -> list[Tab]:
    """The document's page, views of its own as (url name, label), and its versions."""
    at = [document.project.slug, document.slug]
    own = [(kinds.FACES[document.kind].page, _("Configuration")), *between]
    tabs = [Tab(label, reverse(name, args=at), name == here) for name, label in own]
    try:
        versions = reverse("versions", args=[at[0], kinds.plural_of(document.kind), at[1]])
    except NoReverseMatch:
        return tabs
    return [*tabs, Tab(_("Versions"), versions, count=document.versions.count())]
