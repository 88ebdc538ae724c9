"""The builder's page: top bar, palette, canvas, inspector, and the panels below."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from governance import documents
from runs.views import frame
from runs.views.builder import panels
from runs.views.builder.desk import STAND_IN, Desk
from runs.views.builder.node_types import fresh_cards, groups, node_types
from runs.views.frame import Crumb

PANELS = ("problems", "cost", "test", "input")


def shown(
    request: HttpRequest, desk: Desk, panel: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """The whole page with a panel open; `context` holds what the panel and the inspector show."""
    crumbs = [Crumb(_("Flows"), reverse("flow-list", args=[desk.project.slug])), Crumb(desk.name)]
    whole = {
        "desk": desk,
        **canvas_context(desk),
        **panels.problems_context(desk),
        **panels.estimate_context(desk),
        "groups": groups() if desk.may_edit else [],
        "panel": panel,
        "panels": panel_views(desk, panel),
        "badges": badges(desk),
        **context,
    }
    return frame.shown(
        request,
        "builder/page.html",
        whole,
        title=_("%(flow)s, builder") % {"flow": desk.name},
        project=desk.project,
        section="flows",
        crumbs=crumbs,
        status=status,
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


def badges(desk: Desk) -> dict[str, Any]:
    """Which version is live, the number that the draft would get, and whether it differs from what is live."""
    row = desk.document
    newest = row.versions.order_by("-number").values_list("number", flat=True).first() or 0
    is_new = row.active is None or row.active.hash != documents.digest(desk.body)
    return {"live": row.active.number if row.active else None, "draft": newest + 1, "is_draft": is_new}
