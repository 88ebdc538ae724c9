"""Expressions while they are typed: what is wrong and where, and which names may stand at the caret."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_POST

from flows.checks.drawing import Drawing
from flows.checks.expressions import Single, singles
from flows.checks.fields import RUN, TEXT
from flows.checks.fields import problems_of as fields_of
from flows.checks.scope import in_scope, names_in_scope
from flows.checks.scope import problems_of as scope_of
from flows.checks.shapes import types
from flows.checks.state import problems_of as state_of
from flows.fields import closed
from flows.graph import Node
from flows.nodes import TYPES
from flows.nodes.base import Expression
from governance.expressions import Flaw, check_condition, check_text
from governance.refusals import Problem
from runs.views import frame
from runs.views.builder.desk import Desk, desk_of

LONGEST = 200_000
MOST_OFFERED = 50
FLAVOURS = {"template": "text", "condition": "condition", "value": "value"}
TYPED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*\.?\Z|\Z")
NAMED = re.compile(
    r"steps\.([a-z][a-z0-9_]*)|There is no (\w+)|, not (\w+)|has no field (\w+)|state\.(\w+) is read"
)
NUMBER: dict = {"type": "integer"}
MESSAGE = closed({"agent": TEXT, "text": TEXT, "position": TEXT, "to": TEXT, "by": TEXT})
ANYWHERE = closed(
    {"input": {}, "run": RUN, "item": {}, "index": NUMBER, "iteration": NUMBER, "steps": {}, "state": {}}
)


@require_POST
def expression_check(request: HttpRequest, project: str, flow: str) -> JsonResponse:
    """`{flaws: [{reason, position}], complete: [{label, insert, from, to, detail}]}` of `source` in `?node=`."""
    desk = desk_of(request, project, flow, "edit")
    source, kind, at = posted(request)
    found = place_of(desk, request.GET.get("node", ""))
    if found is None:
        return free(source, kind, at)
    drawing, node = found
    own = ("output",) if request.GET.get("own") == "output" else ()
    flaws = [*flaws_of(source, kind), *(unknown(drawing, node, source, kind, own))]
    return JsonResponse(
        {"flaws": flaws, "complete": completions(scope_at(drawing, node, kind, own), source, kind, at)}
    )


@require_POST
def expression_check_free(request: HttpRequest, project: str) -> JsonResponse:
    """The same outside of a flow, for the texts of an agent: whoever calls it brings the names."""
    frame.project(request, project, "edit")
    return free(*posted(request))


def free(source: str, kind: str, at: int) -> JsonResponse:
    return JsonResponse(
        {"flaws": flaws_of(source, kind), "complete": completions(ANYWHERE, source, kind, at)}
    )


def posted(request: HttpRequest) -> tuple[str, str, int]:
    source = request.POST.get("source", "")[:LONGEST].replace("\r\n", "\n")
    kind = request.POST.get("kind", "template")
    at = request.POST.get("at", "")
    caret = int(at) if at.isascii() and at.isdigit() and len(at) < 8 else len(source)
    return source, kind if kind in FLAVOURS else "template", min(caret, len(source))


def place_of(desk: Desk, node: str) -> tuple[Drawing, Node] | None:
    drawing = desk.inspection.drawing
    found = drawing.graph.nodes.get(node) if drawing else None
    return (drawing, found) if drawing and found else None


def flaws_of(source: str, kind: str) -> list[dict[str, Any]]:
    """Syntax, functions, limits. A value that is JSON, not an expression, is checked when it is kept."""
    if kind == "condition":
        return [shown(flaw) for flaw in check_condition(source)] if source.strip() else []
    if kind == "value" and source.startswith("="):
        return [shown(flaw, 1) for flaw in check_condition(source[1:])]
    return [shown(flaw) for flaw in check_text(source)]


def shown(flaw: Flaw, offset: int = 0) -> dict[str, Any]:
    position = None if flaw.position is None else flaw.position + offset
    return {"reason": flaw.reason, "position": position}


def unknown(
    drawing: Drawing, node: Node, source: str, kind: str, own: tuple[str, ...] = ()
) -> Iterator[dict[str, Any]]:
    """Names that cannot have a value here, and keys that nothing writes. `own` names are this field's alone."""
    if not source.strip():
        return
    for single in singles(Expression(FLAVOURS[kind], source, "", (*extra_of(drawing, node, kind), *own))):
        if single.flaws():
            continue
        found = (
            *scope_of(drawing, node, single),
            *fields_of(drawing, node, single),
            *state_of(drawing, single),
        )
        for problem in found:
            yield {"reason": problem.message, "position": position_of(problem, source)}


def position_of(problem: Problem, source: str) -> int | None:
    named = NAMED.search(problem.message)
    word = next((group for group in named.groups() if group), None) if named else None
    return word_at(word, source) if word else None


def word_at(word: str, source: str) -> int | None:
    """Where a word stands first; None where it does not."""
    found = re.search(rf"\b{re.escape(word)}\b", source)
    return found.start() if found else None


def extra_of(drawing: Drawing, node: Node, kind: str) -> tuple[str, ...]:
    """Names that only some fields know: those of an item, of a talk."""
    drawn = next((each for each in drawing.document["nodes"] if each["id"] == node.id), {})
    if "items" in drawn.get("config", {}) or node.type == "map":
        return ("item", "index")
    if node.type == "team" and kind == "condition":
        return ("transcript", "last", "rounds")
    return ("item",) if node.type == "join" and kind == "condition" else ()


def scope_at(drawing: Drawing, node: Node, kind: str, own: tuple[str, ...] = ()) -> dict[str, Any]:
    """The JSON Schema of the names that may stand in an expression of this node."""
    known = names_in_scope(drawing, node, Single("", True, "", (*extra_of(drawing, node, kind), *own)))
    steps = {
        step: closed({"output": output_of(drawing, step), "port": TEXT, "ports": {"type": "array"}})
        for step in drawing.graph.nodes
        if in_scope(drawing, node.id, step)
    }
    schemas: dict[str, Mapping] = {
        "input": drawing.input_schema or {},
        "steps": closed(steps),
        "run": RUN,
        "index": NUMBER,
        "iteration": NUMBER,
        "rounds": NUMBER,
        "transcript": {"type": "array", "items": MESSAGE},
        "last": MESSAGE,
        "error": closed({"code": TEXT, "message": TEXT}),
        "state": drawing.state_schema or {},
        "output": drawing.output_of(node.id) or {},
    }
    return closed(
        {name: schemas.get(name, {}) for name in ("input", "steps", "run", *sorted(known)) if name in known}
    )


def output_of(drawing: Drawing, step: str) -> Mapping[str, Any]:
    """What a step gives when it succeeds: for whoever types, also of one that may fail onto its error port."""
    found = drawing.graph.nodes[step]
    if found.type in TYPES and found.type != "start" and drawing.outputs.get(step) is None:
        return TYPES[found.type].output_schema(found.config, drawing.around(step)) or {}
    return drawing.outputs.get(step) or {}


def completions(scope: Mapping[str, Any], source: str, kind: str, at: int) -> list[dict[str, Any]]:
    """The names that go on with what stands before the caret, inside a tag or after `=`."""
    start = expression_start(source, kind, at)
    if start is None:
        return []
    typed = TYPED.search(source[start:at])
    *path, partial = typed[0].split(".") if typed else [""]
    schema: Any = scope
    for key in path:
        schema = schema.get("properties", {}).get(key) if isinstance(schema, Mapping) else None
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping):
        return []
    offered = [key for key in properties if key.startswith(partial) and key != partial]
    return [offer(key, properties[key], at - len(partial), at) for key in offered[:MOST_OFFERED]]


def expression_start(source: str, kind: str, at: int) -> int | None:
    """Where the expression around the caret begins; None in plain text."""
    if kind == "condition":
        return 0
    if kind == "value" and source.startswith("="):
        return 1
    opened = max(source.rfind("{{", 0, at), source.rfind("{%", 0, at))
    closed_at = max(source.rfind("}}", 0, at), source.rfind("%}", 0, at))
    return opened + 2 if opened >= 0 and opened > closed_at and at >= opened + 2 else None


def offer(key: str, schema: Any, begin: int, end: int) -> dict[str, Any]:
    """A key that is no name is written in brackets, which people do by hand: only names are inserted with a dot."""
    found = schema if isinstance(schema, Mapping) else {}
    named = sorted(types(found)) if found else []
    detail = " or ".join(named) if 0 < len(named) < 4 else ""
    description = found.get("description")
    help = description if isinstance(description, str) else ""
    return {"label": key, "insert": key, "from": begin, "to": end, "detail": detail, "help": help[:120]}
