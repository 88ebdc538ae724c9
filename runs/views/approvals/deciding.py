"""Deciding an item where it is read: what was typed is kept, whatever happened meanwhile."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from governance.models import Approval, Project
from runs.views import frame
from runs.views.approvals import answering, choices, page
from runs.views.approvals.filters import Filters
from runs.views.run.asking import Asked

DECIDED = {
    "approved": gettext_lazy("Approved. The run goes on."),
    "answered": gettext_lazy("Answered. The run goes on."),
    "rejected": gettext_lazy("Rejected. The run is told."),
}


@require_POST
def decision_create(request: HttpRequest, project: str, approval_id: int) -> HttpResponse:
    found = frame.project(request, project)
    item = page.load(found, approval_id)
    answering.refuse_others(request, item)
    do = choices.opened(item, request.POST.get("do", ""))
    writes = choices.OPENS[item.kind].get(do) == request.POST.get("decision", "")
    refused = answering.decide(request, item, choices.form_of(item, do) if writes else None)
    return done(request, found, item) if refused is None else again(request, item, do, *refused)


def again(request: HttpRequest, item: Approval, do: str, asked: Asked, status: int) -> HttpResponse:
    """The item as it is now, with the form as it was typed; what happened meanwhile stands above it."""
    if asked.decision == "reject" and "reject" in choices.OPENS[item.kind]:
        do = "reject"
    fresh = page.load(item.project, item.pk)
    return page.answered(request, item.project, page.view_of(request, fresh, wanted=do, asked=asked), status)


def done(request: HttpRequest, project: Project, item: Approval) -> HttpResponse:
    fresh = page.load(project, item.pk)
    news = DECIDED.get(fresh.status) or _("Recorded. Others have to agree.")
    if frame.is_fragment(request):
        return page.answered(request, project, page.view_of(request, fresh, news=str(news)))
    messages.success(request, news)
    query = Filters.of(request.GET).query
    url = reverse("approval", args=[project.slug, item.pk])
    return redirect(f"{url}?{query}" if query else url)
