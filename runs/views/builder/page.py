"""The builder's page: top bar, palette, canvas, inspector, and the panels below."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import documents
from runs.views import frame
from runs.views.builder import panels, settings, trials
from runs.views.builder.desk import STAND_IN, Desk, desk_of
from runs.views.builder.inspector import inspector_context, tab_of
from runs.views.builder.node_types import fresh_cards, groups, node_types
from runs.views.frame import Crumb

PANELS = ("problems", "cost", "test", "input")


@require_safe
def flow_show(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    """`?node=` opens the inspector, with `?tab=`; `?panel=` one of the panels: all of it without a script, too."""
    desk = desk_of(request, project, slug)
    panel = request.GET.get("panel", "")
    panel = panel if panel in PANELS else "problems"
    context = {
        "desk": desk,
        **canvas_context(desk),
        **panels.problems_context(desk),
        **panels.estimate_context(desk),
        "groups": groups() if desk.may_edit else [],
        "panel": panel,
        "panels": panel_views(desk, panel),
        "inspected": inspected(request, desk),
        "badges": badges(desk),
        **(panel_context(request, desk, panel)),
    }
    crumbs = [Crumb(_("Flows"), reverse("flow-list", args=[project])), Crumb(desk.name)]
    return frame.shown(
        request,
        "builder/page.html",
        context,
        title=_("%(flow)s, builder") % {"flow": desk.name},
        project=desk.project,
        section="flows",
        crumbs=crumbs,
    )


def canvas_context(desk: Desk) -> dict[str, Any]:
    fresh_url = desk.url("flow-node", STAND_IN)
    return {
        "mode": desk.mode,
        "canvas_label": _("Flow %(flow)s") % {"flow": desk.name},
        "document": desk.body,
        "node_types": node_types(),
        "cards": desk.cards,
        "fresh_cards": fresh_cards(lambda node: fresh_url) if desk.may_edit else [],
        "operations_url": desk.url("flow-operations"),
        "revision": desk.document.revision,
        "storage_key": f"{desk.project.slug}/{desk.slug}",
    }


def inspected(request: HttpRequest, desk: Desk) -> dict[str, Any] | None:
    node = desk.node(request.GET.get("node"))
    return node and inspector_context(desk, node, tab_of(request, node))


def panel_views(desk: Desk, chosen: str) -> list[dict[str, Any]]:
    """The tabs of the dock; `url` is where a panel's content is asked for."""
    urls = {
        "problems": desk.url("flow-problems"),
        "cost": desk.url("flow-estimate"),
        "test": desk.url("flow-trials"),
        "input": desk.url("flow-settings"),
    }
    labels = {
        "problems": _("Problems"),
        "cost": _("Cost estimate"),
        "test": _("Test run"),
        "input": _("Flow input"),
    }
    return [
        {"name": name, "label": labels[name], "url": urls[name], "is_shown": name == chosen}
        for name in PANELS
    ]


def panel_context(request: HttpRequest, desk: Desk, panel: str) -> dict[str, Any]:
    """What the shown panel needs besides the problems, which are always there."""
    if panel == "cost":
        return {"costs": panels.costs_context(desk)}
    if panel == "test":
        return {"trial": trials.form_context(desk, request.GET.get("try", ""))}
    return {"settings": settings.context(desk)} if panel == "input" else {}


def badges(desk: Desk) -> dict[str, Any]:
    """Which version is live, and the number that the draft would get; no draft number where nothing has changed."""
    row = desk.document
    newest = row.versions.order_by("-number").values_list("number", flat=True).first() or 0
    is_new = row.active is None or row.active.hash != documents.digest(desk.body)
    return {"live": row.active.number if row.active else None, "draft": newest + 1 if is_new else None}
