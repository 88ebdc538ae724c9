"""The audit log as a file, as far as it is filtered."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from runs import audit_export
from runs.views.audit import place
from runs.views.audit.filters import AuditFilters


@require_safe
def audit_export_show(request: HttpRequest, project: str | None = None) -> HttpResponseBase:
    """`?format=csv` or JSON lines, with the filters of the list."""
    found = place.log_named(request, project)
    format = "csv" if request.GET.get("format") == "csv" else "jsonl"
    return audit_export.answer(request, found, AuditFilters.of(request.GET).asked, format, request.user)
