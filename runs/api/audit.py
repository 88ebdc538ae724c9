"""Endpoints of the audit log: a project's, and for admins of the installation what belongs to no project."""

import json
from typing import Any

import orjson
from django.http.response import HttpResponseBase
from rest_framework.response import Response

from governance import access, clock
from governance.chain import rows, sealing
from governance.chain.entries import Entry
from governance.chain.reading import Asked, log_of
from governance.models import Project
from runs import audit_export
from runs.api import load
from runs.api.operations import Resource, operation
from runs.api.pages import PAGE, check_cursor, page
from runs.api.queries import MOMENT, SINCE, Parameter, moment, one_of, text_parameter
from runs.api.shapes.basics import TEXT, page_of

FILTERS = (
    text_parameter("actor", "Who did it: a username, or system."),
    text_parameter("action", "What was done: run.launch, or run for everything of runs."),
    text_parameter("object", "To what: agent/writer, or agent for all agents."),
    SINCE,
    Parameter("until", moment, MOMENT, None, "Only what happened before this time."),
)
FORMAT = Parameter(
    "format",
    one_of(*audit_export.FORMATS),
    {"type": "string", "enum": list(audit_export.FORMATS), "default": "jsonl"},
    "jsonl",
    "JSON lines, each with the text that its hash was computed over, or CSV.",
)
LISTED = "List who did what"
EXPORTED = "Export who did what, oldest first"
MEDIA = tuple(audit_export.MEDIA.values())


class Audit(Resource):
    @operation(LISTED, answers={200: page_of("AuditEntry")}, query=(*PAGE, *FILTERS))
    def get(self, request, project):
        return listed(self, request, load.project(request, project, "read"))


class AuditExport(Resource):
    @operation(EXPORTED, answers={200: TEXT}, query=(FORMAT, *FILTERS), media=MEDIA)
    def get(self, request, project):
        return exported(self, request, load.project(request, project, "read"))


class InstallationAudit(Resource):
    @operation(
        "List who did what outside projects", answers={200: page_of("AuditEntry")}, query=(*PAGE, *FILTERS),
        refusals=(403,),
    )  # fmt: skip
    def get(self, request):
        access.require_staff(request.user, load.token(request))
        return listed(self, request, None)


class InstallationAuditExport(Resource):
    @operation(
        "Export who did what outside projects, oldest first", answers={200: TEXT}, query=(FORMAT, *FILTERS),
        refusals=(403,), media=MEDIA,
    )  # fmt: skip
    def get(self, request):
        access.require_staff(request.user, load.token(request))
        return exported(self, request, None)


def listed(resource: Resource, request, project: Project | None) -> Response:
    query = resource.query()
    sealing.seal()  # what happened before this request has its number then
    numbers = asked_of(query).apply(log_of(project)).order_by("-id").values_list("id", flat=True)
    if keys := check_cursor(query["cursor"], int):
        numbers = numbers.filter(id__lt=keys[0])
    return Response(page(request, numbers, query["limit"], lambda number: [number], show_entries))


def exported(resource: Resource, request, project: Project | None) -> HttpResponseBase:
    query = resource.query()
    return audit_export.answer(request, project, asked_of(query), query["format"], request.user)


def asked_of(query: dict[str, Any]) -> Asked:
    texts = {name: query[name] or "" for name in ("actor", "action", "object")}
    return Asked(**texts, since=query["since"], until=query["until"])


def show_entries(numbers: list[int]) -> list[dict]:
    """Newest first. Read as they lie in the database: also where somebody has written nonsense there."""
    return [show_entry(entry) for entry in reversed(rows.named(numbers))]


def show_entry(entry: Entry) -> dict:
    return {
        "seq": entry.seq,
        "at": clock.show(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "object": entry.object,
        "data": as_json(entry.data),
        "origin": as_json(entry.origin),
        "prev": entry.prev or None,
        "hash": entry.hash or None,
    }


def as_json(text: str) -> orjson.Fragment:
    """Stored JSON as it is; what is none any more as a text."""
    try:
        json.loads(text)
    except ValueError:
        return orjson.Fragment(json.dumps(text))
    return orjson.Fragment(text)
