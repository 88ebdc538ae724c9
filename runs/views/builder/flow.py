"""The builder's address: the page with what the query asks for, so that all of it can be read without a script."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from runs.views.builder import page, panels, settings, trials
from runs.views.builder.desk import Desk, desk_of
from runs.views.builder.inspector import inspector_context, tab_of
from runs.views.builder.state_fields import fields_of


@require_safe
def flow_show(request: HttpRequest, project: str, flow: str) -> HttpResponse:
    """`?node=` opens the inspector, with `?tab=`; `?panel=` one of the panels, `?try=` the trial of a node."""
    desk = desk_of(request, project, flow)
    panel = request.GET.get("panel", "")
    panel = panel if panel in page.PANELS else "problems"
    context = {"inspected": inspected(request, desk), **panel_context(request, desk, panel)}
    return page.shown(request, desk, panel, context)


def inspected(request: HttpRequest, desk: Desk) -> dict[str, Any] | None:
    node = desk.node(request.GET.get("node"))
    return node and inspector_context(desk, node, tab_of(request, node, bool(fields_of(desk))))


def panel_context(request: HttpRequest, desk: Desk, panel: str) -> dict[str, Any]:
    """What the open panel shows besides the problems, which are always there."""
    if panel == "cost":
        return {"costs": panels.costs_context(desk)}
    if panel == "test":
        return {"trial": trials.form_context(desk, request.GET.get("try", ""))}
    return {"settings": settings.context(desk)} if panel == "input" else {}
