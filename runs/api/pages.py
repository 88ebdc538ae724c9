"""Pages of a list: `{next, results}`, cut by key, so that page 1,000 costs what page 1 costs."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from django.db.models import QuerySet
from rest_framework.request import Request

from runs.api.queries import LIMIT, Parameter, wrong

MAX_CURSOR = 600


def decode_cursor(text: str) -> list:
    """The keys in a cursor: integers below 2**63 or short strings."""
    try:
        keys = orjson.loads(base64.urlsafe_b64decode(text[:MAX_CURSOR].encode("ascii")))
    except (ValueError, binascii.Error) as error:
        raise ValueError("is not a cursor: follow the address in `next`") from error
    if not isinstance(keys, list) or not all(is_key(key) for key in keys):
        raise ValueError("is not a cursor: follow the address in `next`")
    return keys


def is_key(key: Any) -> bool:
    if isinstance(key, str):
        return "\0" not in key
    return isinstance(key, int) and not isinstance(key, bool) and -(2**63) <= key < 2**63


def encode_cursor(keys: Sequence) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(keys))).decode("ascii")


CURSOR = Parameter(
    "cursor",
    decode_cursor,
    {"type": "string", "maxLength": MAX_CURSOR},
    None,
    "From `next` of the page before.",
)
PAGE = (LIMIT, CURSOR)


def check_cursor(keys: list | None, *types: type) -> list | None:
    """The cursor of this list. Raises Refusal 422 for one of another list."""
    if keys is not None and [type(key) for key in keys] != list(types):
        raise wrong("cursor", "belongs to another list: follow the address in `next`")
    return keys


def page(
    request: Request,
    rows: QuerySet | Sequence,
    limit: int,
    key: Callable[[Any], Sequence],
    show: Callable[[list], list],
    parameter: str = "cursor",
) -> dict:
    """One page of `rows` (ordered, and cut off before the cursor). `show` turns all of its rows into JSON at once."""
    found = list(rows[: limit + 1])
    shown = found[:limit]
    following = None
    if len(found) > limit:
        value = encode_cursor(key(shown[-1])) if parameter == "cursor" else str(key(shown[-1])[0])
        following = address(request, parameter, value)
    return {"next": following, "results": show(shown)}


def address(request: Request, parameter: str, value: str) -> str:
    query = request.GET.copy()
    query[parameter] = value
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
