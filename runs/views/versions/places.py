"""Where a problem of a document can be mended: the node in the builder, or the field of the form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from governance.refusals import Problem
from runs.views.forms.names import id_of
from runs.views.registry.document_form import PREFIX
from runs.views.versions.shown import Subject


@dataclass(frozen=True, slots=True)
class Placed:
    """A problem, the name of the place it is at (a node's name, a field), and the address of that place."""

    problem: Problem
    place: str
    url: str


def placed(shown: Subject, body: Mapping[str, Any], problem: Problem) -> Placed:
    if shown.document.kind == "flow":
        node = problem.nodes[0] if problem.nodes else ""
        query = f"?{urlencode({'node': node})}" if node else ""
        return Placed(problem, _name_of(body, node) or problem.pointer, f"{shown.home}{query}")
    return Placed(problem, problem.pointer.lstrip("/"), f"{shown.home}#{id_of(PREFIX + problem.pointer)}")


def _name_of(body: Mapping[str, Any], node: str) -> str:
    nodes = body.get("nodes")
    found = next(
        (one for one in nodes if isinstance(one, dict) and one.get("id") == node)
        if isinstance(nodes, list)
        else iter(()),
        {},
    )
    name = found.get("name")
    return name if isinstance(name, str) and name else node
