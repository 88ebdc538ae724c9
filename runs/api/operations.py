"""What every endpoint is made of: its operation (summary, shapes, parameters) and the one base class.

An operation says once what the API checks and what its OpenAPI shows (runs.api.descriptions).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from runs.api import parsing, queries
from runs.api.descriptions import OperationSchema
from runs.api.problems import Refusal
from runs.api.queries import Parameter
from runs.api.rendering import JSON
from runs.api.shapes.basics import Shape, named


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. `answers` maps a status to the shape of its body, None for none."""

    summary: str
    answers: Mapping[int, Shape | None]
    body: Shape | None
    body_required: bool
    query: tuple[Parameter, ...]
    headers: tuple[Mapping, ...]
    refusals: tuple[int, ...]
    media: tuple[str, ...] = ("application/json",)


def operation(
    summary: str,
    *,
    answers: Mapping[int, Shape | str | None],
    body: Shape | None = None,
    body_required: bool = True,
    query: tuple[Parameter, ...] = (),
    headers: tuple[Mapping, ...] = (),
    refusals: tuple[int, ...] = (),
    media: tuple[str, ...] = ("application/json",),
) -> Callable:
    """Declares a method's operation. A text in `answers` names a shape; `headers` are OpenAPI parameters; `media` are
    the types of its answers; `refusals` are the statuses besides those that any such operation has: 422 too, for a
    parameter nobody knows."""
    shapes = {status: named(shape) if isinstance(shape, str) else shape for status, shape in answers.items()}
    statuses = {401, 404, 406, 422, *refusals}
    statuses |= {400, 413, 415} if body else set()

    def declare(method: Callable) -> Callable:
        method.operation = Operation(
            summary, shapes, body, body_required, query, headers, tuple(sorted(statuses)), media
        )
        return method

    return declare


class IgnoreFormat(DefaultContentNegotiation):
    """Answers are JSON whatever `?format=` says: it is no parameter of this API."""

    class settings:
        URL_FORMAT_OVERRIDE = None


class Resource(APIView):
    """One address. A method loads what it is about (which refuses strangers), reads its body, calls one verb."""

    renderer_classes = [JSON]
    content_negotiation_class = IgnoreFormat
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    schema = OperationSchema()

    @property
    def operation(self) -> Operation | None:
        """That of the method asked for; None where this address does not take it."""
        return getattr(getattr(self, self.request.method.lower(), None), "operation", None)

    def initial(self, request: Request, *args, **path) -> None:
        """A NUL in an address finds nothing; PostgreSQL would not even take the question. A parameter that nobody
        reads would be taken for one that works."""
        super().initial(request, *args, **path)
        if self.operation is not None:
            queries.refuse_unknown(request.GET, self.operation.query)
        if any("\0" in part for part in path.values() if isinstance(part, str)):
            raise Refusal(404, "There is no such address.")

    def body(self) -> Any:
        """The checked body of this request. Raises Refusal."""
        return parsing.body_of(self.request, self.operation.body)

    def optional_body(self) -> Any:
        """As `body`; None where none was sent."""
        return parsing.optional_body_of(self.request, self.operation.body)

    def query(self) -> dict[str, Any]:
        """The query parameters by name, with defaults. Raises Refusal naming the one that is wrong."""
        return queries.read_all(self.request.GET, self.operation.query)


def nothing() -> HttpResponse:
    """204: done, and nothing to show."""
    return HttpResponse(status=204)
