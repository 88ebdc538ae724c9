"""The page of one budget: how far it is, what waits for it, another limit at once, and its form."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from governance import access, budgets, documents, money
from governance.models import Document, Project
from governance.refusals import Conflict
from runs.templatetags.baton import dollars
from runs.views import frame
from runs.views.budgets import budget_form, gauges, waiting
from runs.views.budgets.waiting import WaitingRun
from runs.views.budgets.words import ENDS, PERIODS, alone, subject_words, word
from runs.views.frame import Crumb
from runs.views.registry import document_form, editing, kinds
from runs.views.registry.editing import Badge

MOST_ROWS, MOST_DOLLARS = 50, 1_000_000


class LimitForm(forms.Form):
    """Another limit, at once."""

    prefix = "raise"
    limit_usd = forms.DecimalField(
        min_value=0, max_value=MOST_DOLLARS, decimal_places=9, label=gettext_lazy("Limit in US dollars")
    )


@require_http_methods(["GET", "HEAD", "POST"])
def budget_show(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    """The form, or what the budget says; posted, it saves the draft."""
    found = frame.project(request, project, "administer" if request.method == "POST" else "read")
    document = documents.load(found, "budget", slug)
    form = budget_form.form_of()
    outcome = document_form.save(request, found, document, form) if request.method == "POST" else None
    if outcome and outcome.saved:
        say_who_waits(request, waiting.by_budget(found).get(slug, []))
        return editing.kept(request, document, outcome)
    context = editing.context_of(request, found, document, form, outcome)
    return budget_page(request, found, document, context, editing.status_of(outcome))


def budget_page(
    request: HttpRequest,
    project: Project,
    document: Document,
    context: dict[str, Any],
    status: int,
    limit: LimitForm | None = None,
) -> HttpResponse:
    drawn = [field for filled in context["main"] for field in filled.fields]
    offered = {"/of": budget_form.names_of(project) if context["may_edit"] else []}
    meter = budgets.meter(project, document.slug)
    waits = waiting.by_budget(project)
    own = {
        **head_of(document, context["body"], "budget"),
        "suggestions": document_form.offered(drawn, offered),
        "standing": gauges.shown(project, meter, waits, MOST_ROWS) if meter else None,
        "limit": limit
        or LimitForm(initial={"limit_usd": money.dollars(meter.budget.limit) if meter else None}),
    }
    return frame.shown(
        request,
        "budgets/budget.html",
        {**context, **own},
        title=document.name or document.slug,
        project=project,
        section="budgets",
        crumbs=crumbs_of(project, document),
        status=status,
    )


def head_of(document: Document, body: Mapping[str, Any], here: str) -> dict[str, Any]:
    """What the head of a budget's pages shows; `here` is the url name of the page."""
    limit = body.get("limit_usd")
    amount = dollars(limit) if isinstance(limit, int | float) else ""
    on = subject_words(body)
    said = [
        f"{amount} {word(PERIODS, body, 'period')}".strip(),
        on if on == body.get("of") else alone(on),
        alone(word(ENDS, body, "on_exceed", "block")),
    ]
    badges = [Badge(text) for text in said if text]
    summary = body.get("description")
    return {
        "summary": summary if isinstance(summary, str) else "",
        "badges": badges,
        "tabs": editing.tabs_of(document, here),
        "picture": kinds.FACES["budget"].icon,
    }


def crumbs_of(project: Project, document: Document) -> list[Crumb]:
    above = Crumb(_("Budgets"), kinds.list_url(project, "budget"))
    return [above, Crumb(document.name or document.slug)]


@require_POST
def limit_update(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    """A version with another limit, live at once: what waits for it goes on. A draft with other changes stays."""
    found = frame.project(request, project, access.right_to_edit("budget"))
    document = documents.load(found, "budget", slug)
    form = LimitForm(request.POST)
    if document.active is None or request.POST.get("live") != str(document.active.number):
        raise Conflict(_("Another version of this budget is live meanwhile: load its page again."))
    if not form.is_valid():
        context = editing.context_of(request, found, document, budget_form.form_of())
        return budget_page(request, found, document, context, 422, form)
    before, asked = documents.content(document.active), number_of(form.cleaned_data["limit_usd"])
    body = {**before, "limit_usd": asked}
    has_own_draft = editing.is_changed(document)
    waits = waiting.by_budget(found).get(slug, [])
    documents.publish(document, body, request.user)
    if not has_own_draft and documents.draft(document) is not None:
        documents.save_working_draft(found, "budget", slug, body, request.user)
    messages.success(request, _("The limit is %(limit)s from now on.") % {"limit": dollars(asked)})
    if asked > before["limit_usd"]:
        say_who_goes_on(request, waits)
    return redirect(kinds.page_url(document))


def number_of(amount: Decimal) -> float | int:
    """The JSON number of an amount, exact to nine decimals."""
    return money.dollars(money.nano(amount)) or 0


def say_who_waits(request: HttpRequest, waits: list[WaitingRun]) -> None:
    if waits:
        said = ngettext(
            "%(count)s run waits for this budget; it goes on within 5 seconds once a higher limit is published.",
            "%(count)s runs wait for this budget; they go on within 5 seconds once a higher limit is published.",
            len(waits),
        )
        messages.info(request, said % {"count": len(waits)})


def say_who_goes_on(request: HttpRequest, waits: list[WaitingRun]) -> None:
    if waits:
        said = ngettext(
            "%(count)s run that waited for it goes on within 5 seconds, where it fits now.",
            "%(count)s runs that waited for it go on within 5 seconds, where they fit now.",
            len(waits),
        )
        messages.info(request, said % {"count": len(waits)})


@require_POST
def budget_archive(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    found = frame.project(request, project, access.right_to_edit("budget"))
    return editing.archive(request, documents.load(found, "budget", slug))


@require_POST
def budget_restore(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    found = frame.project(request, project, access.right_to_edit("budget"))
    return editing.restore(request, documents.load(found, "budget", slug, archived=True))
