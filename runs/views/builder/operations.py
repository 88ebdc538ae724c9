"""The canvas's one address: gestures come in as operations, what they changed goes back as JSON."""

import json
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_POST

from flows.drawing import CannotDraw
from governance import documents
from governance.refusals import Refused
from runs.views.builder import answers
from runs.views.builder.desk import desk_of
from runs.views.builder.editing import edit, refusal

MOST_BYTES = 4_000_000


@require_POST
def operation_create(request: HttpRequest, project: str, flow: str) -> JsonResponse:
    """200 with what changed · 409 with the draft as it is now · 422 with the operation that cannot be done."""
    desk = desk_of(request, project, flow, "edit")
    body = read(request)
    if isinstance(body, str):
        return JsonResponse({"detail": body, "operation": 0}, status=422)
    try:
        done = edit(desk, body["operations"], revision=body["revision"])
    except documents.Stale as stale:
        return JsonResponse(answers.of_conflict(desk, stale.document), status=409)
    except CannotDraw as error:
        return JsonResponse({"detail": error.detail, "operation": error.operation}, status=422)
    except Refused as error:
        return JsonResponse({"detail": refusal(error), "operation": len(body["operations"]) - 1}, status=422)
    return JsonResponse(answers.of_edit(desk, done.nodes))


def read(request: HttpRequest) -> dict[str, Any] | str:
    """`{revision, operations}`, or a sentence on what is wrong with the body."""
    if len(request.body) > MOST_BYTES:
        return f"One gesture may have at most {MOST_BYTES:,} bytes: do it in several."
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return "The body is no JSON: send {revision, operations}."
    if not isinstance(body, dict) or not isinstance(body.get("operations"), list) or not body["operations"]:
        return "`operations` must be a list with at least one operation."
    if not isinstance(body.get("revision"), int) or isinstance(body["revision"], bool):
        return "`revision` must be the number of the draft's revision that was drawn on."
    return body
