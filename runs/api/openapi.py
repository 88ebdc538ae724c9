"""The OpenAPI document, drawn from the operations, and its page, which needs nothing from outside."""

from functools import cache

import orjson
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings

from runs.api.shapes import approvals, breakers, budgets, documents, people, policies, privacy, reports, runs
from runs.api.shapes.basics import PROBLEM

DESCRIPTION = """Agents, tools and flows as documents; runs with a journal; people who decide.

Every address asks for `Authorization: Bearer TOKEN` or the session of a page. Errors are problems (RFC 9457):
401 without a valid token, 403 for a member without the right, 404 for a stranger to the project, 422 with pointers
into what was sent. Lists come in pages: follow `next`."""
COMPONENTS = {
    "Problem": PROBLEM,
    **people.COMPONENTS,
    **documents.COMPONENTS,
    **runs.COMPONENTS,
    **approvals.COMPONENTS,
    **breakers.COMPONENTS,
    **budgets.COMPONENTS,
    **policies.COMPONENTS,
    **privacy.COMPONENTS,
    **reports.COMPONENTS,
}


@require_safe
def openapi_show(request: HttpRequest) -> HttpResponse:
    return HttpResponse(document(), content_type="application/json")


@require_safe
@csp_update({"img-src": ["data:"]})
def docs_show(request: HttpRequest) -> HttpResponse:
    """Swagger UI of the sidecar, started by a script of ours: its own page would need an inline one."""
    theme = request.COOKIES.get("theme")
    return render(request, "runs/api_docs.html", {"theme": theme if theme in ("light", "dark") else ""})


@cache
def document() -> bytes:
    """The OpenAPI document as JSON, made once a process."""
    with patched_settings({"OAS_VERSION": "3.1.0", "DESCRIPTION": DESCRIPTION}):
        drawn = SchemaGenerator().get_schema(request=None, public=True)
    drawn["components"] = {
        "schemas": COMPONENTS,
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
        },
    }
    return orjson.dumps(drawn)
