"""The addresses under /api/v1/."""

from django.urls import include, path, re_path

from runs.api import (
    approvals,
    audit,
    budgets,
    documents,
    entry,
    journals,
    openapi,
    people,
    policies,
    privacy,
    reports,
    requests,
    runs,
    secrets,
    tokens,
    trials,
)
from runs.api.nowhere import unknown_address

document = [
    path("", documents.OneDocument.as_view()),
    path("versions/", documents.Versions.as_view()),
    path("versions/<number:number>/", documents.OneVersion.as_view()),
    path("activations/", documents.Activations.as_view()),
    path("as-of/", documents.AsOf.as_view()),
]
project = [
    path("", people.OneProject.as_view()),
    path("members/", people.Members.as_view()),
    path("members/<str:user>/", people.OneMember.as_view()),
    path("groups/", people.Groups.as_view()),
    path("groups/<a-slug:slug>/", people.OneGroup.as_view()),
    path("secrets/", secrets.Secrets.as_view()),
    path("secrets/<str:name>/", secrets.OneSecret.as_view()),
    path("flows/<a-slug:slug>/check/", trials.FlowCheck.as_view()),
    path("providers/<a-slug:slug>/test/", trials.ProviderTrial.as_view()),
    path("tools/<a-slug:slug>/test/", trials.ToolTrial.as_view()),
    path("budgets/<a-slug:slug>/usage/", budgets.BudgetUsage.as_view()),
    path("privacy/scan/", privacy.PrivacyScan.as_view()),
    path("policies/simulation/", policies.Simulation.as_view()),
    path("runs/", runs.Runs.as_view()),
    path("approvals/", approvals.Approvals.as_view()),
    path("usage/", reports.UsageReport.as_view()),
    path("audit/", audit.Audit.as_view()),
    path("audit/export/", audit.AuditExport.as_view()),
    path("decisions/", reports.Decisions.as_view()),
    path("metrics/", reports.Metrics.as_view()),
    path("<kinds:kinds>/", documents.Documents.as_view()),
    path("<kinds:kinds>/<a-slug:slug>/", include(document)),
]
run = [
    path("", runs.OneRun.as_view()),
    path("steps/", journals.Steps.as_view()),
    path("events/", journals.Events.as_view()),
    path("state/", journals.State.as_view()),
    path("parts/<hash:hash>/", journals.OnePart.as_view()),
    path("cancellation/", requests.Cancellation.as_view()),
    path("forks/", requests.Forks.as_view()),
    path("feedback/", requests.Feedbacks.as_view()),
]
urlpatterns = [
    path("v1/openapi.json", openapi.openapi_show, name="openapi"),
    path("docs/", openapi.docs_show, name="api-docs"),
    path("v1/", entry.Entry.as_view()),
    path("v1/me/", people.Me.as_view()),
    path("v1/audit/", audit.InstallationAudit.as_view()),
    path("v1/audit/export/", audit.InstallationAuditExport.as_view()),
    path("v1/tokens/", tokens.Tokens.as_view()),
    path("v1/tokens/<opaque:token>/", tokens.OneToken.as_view()),
    path("v1/schemas/", documents.Kinds.as_view()),
    path("v1/schemas/<a-slug:kind>/", documents.OneSchema.as_view()),
    path("v1/projects/", people.Projects.as_view()),
    path("v1/projects/<a-slug:project>/", include(project)),
    path("v1/runs/<opaque:run>/", include(run)),
    path("v1/approvals/<opaque:approval>/", approvals.OneApproval.as_view()),
    path("v1/approvals/<opaque:approval>/decision/", approvals.Decision.as_view()),
    re_path("", unknown_address),
]
