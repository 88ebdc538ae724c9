"""Taking a flow out of use, and back. Its versions stay for the runs that pinned them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from governance import documents
from governance.documents.closure import users_of
from governance.models import Document
from governance.refusals import Conflict, InUse
from runs.views import frame
from runs.views.frame import Crumb


@require_http_methods(["GET", "HEAD", "POST"])
def archival_create(request: HttpRequest, project: str, flow: str) -> HttpResponse:
    """GET asks, POST archives."""
    found = frame.project(request, project, "edit")
    document = documents.load(found, "flow", flow)
    if request.method != "POST":
        return asked(request, document, users_of(document))
    try:
        documents.archive(document, request.user)
    except InUse:
        return asked(request, document, users_of(document), status=409)
    messages.success(request, _("%(flow)s is archived.") % {"flow": document.name or document.slug})
    return redirect("flow-list", found.slug)


@require_POST
def restoration_create(request: HttpRequest, project: str, flow: str) -> HttpResponse:
    """The flow comes back as a draft, which can be published again."""
    found = frame.project(request, project, "edit")
    document = documents.load(found, "flow", flow, archived=True)
    newest = document.versions.order_by("-number").first()
    body = documents.draft(document) or (documents.content(newest) if newest else None)
    if document.archived_at is None or body is None:
        raise Conflict(_("%(flow)s is not archived.") % {"flow": document.name or document.slug})
    documents.save_draft(found, "flow", document.slug, body, request.user)
    messages.success(
        request,
        _("%(flow)s is back as a draft. Publish it to launch it.") % {"flow": document.name or document.slug},
    )
    return redirect("flow-list", found.slug)


def asked(request: HttpRequest, document: Document, users: list[str], status: int = 200) -> HttpResponse:
    name = document.name or document.slug
    back = reverse("flow-list", args=[document.project.slug])
    return frame.shown(
        request,
        "flows/archive.html",
        {"document": document, "name": name, "users": users, "back": back},
        title=_("Archive %(flow)s?") % {"flow": name},
        project=document.project,
        section="flows",
        crumbs=[Crumb(_("Flows"), back), Crumb(name, f"{back}{document.slug}/"), Crumb(_("Archive"))],
        status=status,
    )
