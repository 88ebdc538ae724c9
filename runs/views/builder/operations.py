"""The canvas's one address: gestures come in as operations, what they changed goes back as JSON."""

import json
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_POST

from flows.drawing import CannotDraw
from governance import documents
from governance.refusals import Refused
from runs.views.builder import answers
from runs.views.builder.desk import Desk, desk_of
from runs.views.builder.editing import edit, refusal

LONGEST_NUMBER = 19  # digits: more is no 64-bit integer, which neither database nor browser would keep


@require_POST
def operation_create(request: HttpRequest, project: str, flow: str) -> JsonResponse:
    """200 with what changed · 409 with the draft as it is now · 422 with the operation that cannot be done."""
    desk = desk_of(request, project, flow, "edit")
    body = read(request)
    if isinstance(body, str):
        return JsonResponse({"detail": body, "operation": 0}, status=422)
    if not body["operations"]:
        return standing(desk, body["revision"])
    try:
        done = edit(desk, body["operations"], revision=body["revision"])
    except documents.Stale as stale:
        return JsonResponse(answers.of_conflict(desk, stale.document), status=409)
    except CannotDraw as error:
        return JsonResponse({"detail": error.detail, "operation": error.operation}, status=422)
    except Refused as error:
        return JsonResponse({"detail": refusal(error), "operation": len(body["operations"]) - 1}, status=422)
    return JsonResponse(answers.of_edit(desk, done.nodes))


def standing(desk: Desk, revision: int) -> JsonResponse:
    """To a canvas that learned that the draft moved on, and asks how with no operation at all: 409, or 422 if it did
    not."""
    if revision != desk.document.revision:
        return JsonResponse(answers.of_conflict(desk, desk.document), status=409)
    return JsonResponse(
        {"detail": "`operations` must have at least one operation.", "operation": 0}, status=422
    )


def read(request: HttpRequest) -> dict[str, Any] | str:
    """`{revision, operations}`, or a sentence on what is wrong with the body."""
    try:
        body = json.loads(request.body, parse_int=whole_number)
    except RequestDataTooBig:
        return "One gesture may have at most 2 MB: do it in several."
    except (ValueError, RecursionError):
        return "The body is no JSON with numbers of at most 64 bit: send {revision, operations}."
    if not isinstance(body, dict) or not isinstance(body.get("operations"), list):
        return "`operations` must be a list of operations."
    if not isinstance(body.get("revision"), int) or isinstance(body["revision"], bool):
        return "`revision` must be the number of the draft's revision that was drawn on."
    return body


def whole_number(digits: str) -> int:
    """Raises ValueError for what has more than 64 bit."""
    if len(digits.lstrip("-")) > LONGEST_NUMBER:
        raise ValueError(digits[:40])
    return int(digits)
