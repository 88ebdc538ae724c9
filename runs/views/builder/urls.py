"""Addresses of the builder: a flow's page, the parts of it, and what edits its draft."""

from django.urls import include, path

from runs.views.builder import (
    expressions,
    fixing,
    flow,
    inspector,
    operations,
    panels,
    papers,
    settings,
    trials,
)

of_a_flow = [
    path("", flow.flow_show, name="flow"),
    path("operations/", operations.operation_create, name="flow-operations"),
    path("nodes/", inspector.node_list, name="flow-nodes"),
    path("nodes/<slug:node>/", inspector.node_edit, name="flow-node"),
    path("problems/", panels.problem_list, name="flow-problems"),
    path("estimate/", panels.estimate_show, name="flow-estimate"),
    path("fixes/", fixing.fix_create, name="flow-fixes"),
    path("settings/", settings.settings_edit, name="flow-settings"),
    path("trials/", trials.trial_new, name="flow-trials"),
    path("trials/<opaque:run_id>/", trials.trial_show, name="flow-trial"),
    path("document/", papers.document_show, name="flow-document"),
    path("expressions/", expressions.expression_check, name="expressions"),
]

urlpatterns = [
    path(
        "projects/<a-slug:project>/expressions/", expressions.expression_check_free, name="expressions-free"
    ),
    path("projects/<a-slug:project>/flows/<a-slug:flow>/", include(of_a_flow)),
]
