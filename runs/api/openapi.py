"""The OpenAPI document, drawn from the operations, and its pages, which need nothing from outside."""

from collections.abc import Iterator
from functools import cache

import orjson
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import get_resolver
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings

from runs.api.operations import Operation
from runs.api.problems import CONTENT_TYPE, TITLES
from runs.api.shapes import approvals, documents, people, reports, runs
from runs.api.shapes.basics import IDENTIFIER, PROBLEM, SLUG, Shape, named

DESCRIPTION = """Agents, tools and flows as documents; runs with a journal; people who decide.

Every address asks for `Authorization: Bearer TOKEN` or the session of a page. Errors are problems (RFC 9457):
401 without a valid token, 403 for a member without the right, 404 for a stranger to the project, 422 with pointers
into what was sent. Lists come in pages: follow `next`."""
PATHS: dict[str, Shape] = {
    "project": SLUG,
    "slug": SLUG,
    "kind": SLUG,
    "kinds": {"type": "string", "enum": ["agents", "tools", "flows", "providers"]},
    "number": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
    "run": IDENTIFIER,
    "token": IDENTIFIER,
    "approval": IDENTIFIER,
    "hash": {"type": "string", "pattern": "^[0-9a-f]{1,64}$"},
    "user": {"type": "string", "pattern": r"^[A-Za-z0-9_.@+-]{1,150}$"},
    "name": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"},
}
COMPONENTS = {
    "Problem": PROBLEM,
    **people.COMPONENTS,
    **documents.COMPONENTS,
    **runs.COMPONENTS,
    **approvals.COMPONENTS,
    **reports.COMPONENTS,
}
HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "Bearer"}},
    405: {"Allow": {"schema": {"type": "string"}}},
    429: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}},
}


@require_safe
def openapi_show(request: HttpRequest) -> HttpResponse:
    return HttpResponse(document(), content_type="application/json")


@require_safe
@csp_update({"img-src": ["data:"]})
def docs_show(request: HttpRequest) -> HttpResponse:
    """Swagger UI of the sidecar, started by a script of ours: its own page would need an inline one."""
    return render(request, "runs/api_docs.html")


@cache
def document() -> bytes:
    """The OpenAPI document as JSON, made once a process."""
    with patched_settings({"OAS_VERSION": "3.1.0", "DESCRIPTION": DESCRIPTION}):
        drawn = SchemaGenerator().get_schema(request=None, public=True)
    operations = dict(operations_of(get_resolver().url_patterns))
    drawn["components"] = {
        "schemas": COMPONENTS,
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
        },
    }
    for path, methods in drawn["paths"].items():
        for method, shown in methods.items():
            complete(
                shown, path, operations[shown["operationId"]] if False else found_operation(path, method)
            )
    return orjson.dumps(drawn)
