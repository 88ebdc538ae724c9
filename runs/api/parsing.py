"""Bodies: JSON as RFC 8259 means it, within bounds, checked against the shape of its operation."""

import json
import math
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from governance import schemas
from runs.api.problems import Refusal, refused

MAX_BYTES = 2_000_000
INT64 = range(-(2**63), 2**63)


class StrictJSON(BaseParser):
    """Everything that a lenient parser would let through changed: NaN, duplicate names, NUL, lone surrogates."""

    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None) -> Any:
        return parse(stream.read(MAX_BYTES + 1))


def body_of(request: Request, shape: Mapping) -> Any:
    """The request's body, checked against `shape`. Raises Refusal 400, 413, 415 or 422.

    Read here and not as `request.data`: Django REST framework takes a chunked body for an empty one.
    """
    value = parse(read(request))
    problems = schemas.instance_problems(shape, value)
    if problems:
        raise refused(problems)
    return value


def optional_body_of(request: Request, shape: Mapping) -> Any:
    """As `body_of`; None where the request has no body at all."""
    return body_of(request, shape) if has_body(request) else None


def has_body(request: Request) -> bool:
    """Whether a body was sent: an empty one counts as none."""
    length = request.META.get("CONTENT_LENGTH")
    return length not in ("", "0", None) or bool(request.META.get("HTTP_TRANSFER_ENCODING"))


def read(request: Request) -> bytes:
    kind = request.content_type.partition(";")[0].strip().lower()
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > MAX_BYTES:
        raise Refusal(413, f"The body has {length} bytes; it may have {MAX_BYTES}.")
    raw = request._request.read(MAX_BYTES + 1)
    if raw and kind != "application/json":
        raise UnsupportedMediaType(kind)
    return raw


def parse(raw: bytes) -> Any:
    """The value of a JSON text. Raises Refusal 400 (no JSON), 413 (too long), 422 (outside the bounds).

    Integers beyond 64 bit become doubles, as in expressions (contract, section 3).
    """
    if len(raw) > MAX_BYTES:
        raise Refusal(413, f"The body is longer than {MAX_BYTES} bytes.")
    if not raw.strip():
        raise Refusal(400, "The body is empty; send a JSON value.", code="invalid_json")
    try:
        value = json.loads(
            raw.decode("utf-8"),
            parse_constant=refuse_constant,
            parse_int=integer,
            parse_float=number,
            object_pairs_hook=members,
        )
    except UnicodeDecodeError as error:
        raise Refusal(400, f"The body is not UTF-8 (byte {error.start}).", code="invalid_json") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Refusal(400, f"The body is not JSON: {error.msg} ({where}).", code="invalid_json") from error
    except RecursionError as error:
        raise Refusal(422, f"The body is nested deeper than {schemas.MAX_DEPTH} levels.") from error
    problems = schemas.plain_problems(value)
    if problems:
        raise refused(problems)
    return value


def refuse_constant(name: str) -> None:
    raise Refusal(400, f"The body is not JSON: {name} is no JSON number.", code="invalid_json")


def integer(digits: str) -> int | float:
    if len(digits) < 19 or (len(digits) < 21 and int(digits) in INT64):
        return int(digits)
    return number(digits)


def number(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise Refusal(422, f"The number {shorten(digits)} is too large for a double.")
    return value


def members(pairs: list[tuple[str, Any]]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        double = next(name for name, _ in pairs if name in seen or seen.add(name))
        raise Refusal(422, f"The name {shorten(json.dumps(double))} occurs twice in one object.")
    return found


def shorten(text: str, length: int = 80) -> str:
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= length else f"{text[: length - 1]}…"
