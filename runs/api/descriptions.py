"""How an operation is described in the OpenAPI document."""

import re
from collections.abc import Iterator

from drf_spectacular.openapi import AutoSchema

from governance.documents import KINDS
from runs.api.problems import CONTENT_TYPE, TITLES
from runs.api.shapes.basics import IDENTIFIER, SLUG, Shape, named

PATHS: dict[str, Shape] = {
    "project": SLUG,
    "slug": SLUG,
    "kind": SLUG,
    "number": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
    "run": IDENTIFIER,
    "token": IDENTIFIER,
    "approval": IDENTIFIER,
    "breaker": IDENTIFIER,
    "hash": {"type": "string", "pattern": "^[0-9a-f]{1,64}$"},
    "user": {"type": "string", "pattern": r"^[A-Za-z0-9_.@+-]{1,150}$"},
    "name": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"},
}
HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "required": True}},
    405: {"Allow": {"schema": {"type": "string"}, "required": True}},
    429: {"Retry-After": {"schema": {"type": "string"}, "required": True}},
}
SUCCESSES = {
    200: "It is so.",
    201: "It was made.",
    202: "It was asked for.",
    204: "Done; there is nothing to show.",
}
JSON = "application/json"


class OperationSchema(AutoSchema):
    """drf-spectacular finds the addresses; what stands there is in the view's own operations."""

    def get_operation(self, path, path_regex, path_prefix, method, registry) -> dict | None:
        operation = getattr(getattr(self.view, method.lower(), None), "operation", None)
        if operation is None:
            return None
        shown = {
            "operationId": operation_id(path, method),
            "summary": operation.summary,
            "tags": [tag_of(path)],
            "parameters": [
                *path_parameters(path),
                *map(query_parameter, operation.query),
                *operation.headers,
            ],
            "security": [{"bearer": []}, {"session": []}],
            "responses": {
                str(status): answer for status, answer in (*successes(operation), *refusals(operation))
            },
        }
        if operation.body is not None:
            content = {JSON: {"schema": operation.body}}
            shown["requestBody"] = {"content": content, "required": operation.body_required}
        return shown


def successes(operation) -> Iterator[tuple[int, dict]]:
    for status, shape in operation.answers.items():
        content = (
            {} if shape is None else {"content": {media: {"schema": shape} for media in operation.media}}
        )
        yield status, {"description": SUCCESSES[status], **content}


def refusals(operation) -> Iterator[tuple[int, dict]]:
    for status in operation.refusals:
        answer = {
            "description": f"{TITLES[status][1]}.",
            "content": {CONTENT_TYPE: {"schema": named("Problem")}},
        }
        yield status, {**answer, "headers": HEADERS[status]} if status in HEADERS else answer


def path_parameters(path: str) -> Iterator[dict]:
    for name in re.findall(r"{(\w+)}", path):
        schema = {"type": "string", "enum": sorted(KINDS)} if name == "kinds" else PATHS[name]
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def query_parameter(parameter) -> dict:
    described = {"description": parameter.description} if parameter.description else {}
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "schema": parameter.schema,
        **described,
    }


def operation_id(path: str, method: str) -> str:
    """`get_projects_project_runs`: the method and the words of the address."""
    return "_".join([method.lower(), *re.findall(r"\w+", path.removeprefix("/api/v1/").replace("-", "_"))])


def tag_of(path: str) -> str:
    """The noun that an address is about."""
    words = path.removeprefix("/api/v1/").strip("/").split("/")
    if words == [""]:
        return "entry"
    if words[0] == "projects" and len(words) > 2:
        return "documents" if words[2] == "{kinds}" else words[2]
    return words[0]
