"""What of a document fits the schema, so that the checks can go on where a node is not finished yet.

A field that does not fit is left out. A node whose config does not fit stays where it is as a node of no known type:
it is connected like any other, and nobody knows its ports, its expressions and its output.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flows.schema import EDGE, NODE_SCHEMA, SCHEMA
from governance.refusals import Problem
from governance.schemas import compiled, fits, instance_problems, plain_problems

MINIMAL = {"kind": "flow", "slug": "flow"}
UNFINISHED = "unfinished"  # a type that no node has
LISTS = ("nodes", "edges")
BARE = frozenset({"start", "end"})  # what they are for the graph does not hang on their config
PLACE = re.compile(r"/(nodes|edges)/(\d+)")
MOST_TOLD = 100


@dataclass(frozen=True)
class Fitted:
    """`document` fits the schema (None: nothing of it does); `problems` says what did not, with its nodes.

    `nodes` and `edges` are the places that the kept ones have in the document that was given.
    """

    document: Mapping[str, Any] | None
    problems: tuple[Problem, ...] = ()
    unfinished: frozenset[str] = frozenset()
    nodes: tuple[int, ...] = ()
    edges: tuple[int, ...] = ()

    def placed(self, problem: Problem) -> Problem:
        """A problem of what fits, as one of the document that was given."""

        def given(found: re.Match[str]) -> str:
            return f"/{found[1]}/{getattr(self, found[1])[int(found[2])]}"

        return (
            replace(problem, pointer=PLACE.sub(given, problem.pointer, count=1)) if self.problems else problem
        )

    def told(self, problem: Problem) -> bool:
        """Whether this comes only from a node being unfinished, which is told already."""
        return problem.code == "unknown_type" and not self.unfinished.isdisjoint(problem.nodes)


def fitted(document: Mapping[str, Any]) -> Fitted:
    """Nothing of a document is looked at where it holds what no JSON may: NUL, half a surrogate, too much depth."""
    if spoilt := plain_problems(document):
        return Fitted(None, tuple(named(document, problem) for problem in spoilt))
    if fits(SCHEMA, document):
        return Fitted(document)
    if not isinstance(document, dict) or not all(isinstance(document.get(key), list) for key in LISTS):
        return Fitted(None, tuple(instance_problems(SCHEMA, document)))
    problems = list(of_fields(document))
    kept = {key: value for key, value in document.items() if key not in broken(problems)}
    node_fits, edge_fits = compiled(NODE_SCHEMA).is_valid, compiled(EDGE).is_valid
    nodes, edges = {}, {}
    for place, node in enumerate(document["nodes"]):
        fit = node if node_fits(node) else fit_node(node)
        if fit is not node:
            problems += of_part(NODE_SCHEMA, node, f"/nodes/{place}", id_of(node))
        if fit is not None:
            nodes[place] = fit
    for place, edge in enumerate(document["edges"]):
        if edge_fits(edge):
            edges[place] = edge
        else:
            problems += of_part(EDGE, edge, f"/edges/{place}", ())
    whole = {**MINIMAL, **kept, "nodes": list(nodes.values()), "edges": list(edges.values())}
    unfinished = frozenset(node["id"] for node in nodes.values() if node["type"] == UNFINISHED)
    found = Fitted(whole, tuple(problems[:MOST_TOLD]), unfinished, tuple(nodes), tuple(edges))
    return found if fits(SCHEMA, whole) else replace(found, document=None)


def of_fields(document: Mapping[str, Any]) -> Iterator[Problem]:
    """The problems of the document without its nodes and edges."""
    yield from instance_problems(SCHEMA, {**document, "nodes": [], "edges": []})
    for key in LISTS:
        most = SCHEMA["properties"][key]["maxItems"]
        if len(document[key]) > most:
            yield Problem(f"/{key}", f"This may have at most {most} entries.", "maxItems")


def broken(problems: list[Problem]) -> set[str]:
    """The fields of the document that do not fit."""
    return {problem.pointer.split("/")[1] for problem in problems if problem.pointer}


def fit_node(node: Any) -> dict[str, Any] | None:
    """A node that does not fit, as far as it does; None without an id and a type."""
    if not isinstance(node, dict) or not fits(NODE_SCHEMA, {"id": node.get("id"), "type": UNFINISHED}):
        return None
    wrong = broken(instance_problems(NODE_SCHEMA, node))
    kept = {key: value for key, value in node.items() if key not in wrong}
    if not fits(NODE_SCHEMA, kept) or "config" in wrong:
        bare = kept.get("type") in BARE
        kept = {**kept, "type": kept["type"] if bare else UNFINISHED}
    return kept if fits(NODE_SCHEMA, kept) else {"id": node["id"], "type": UNFINISHED}


def named(document: Mapping[str, Any], problem: Problem) -> Problem:
    """A problem with the node that it lies in."""
    found = PLACE.match(problem.pointer)
    node = document["nodes"][int(found[2])] if found and found[1] == "nodes" else None
    return replace(problem, nodes=id_of(node))


def of_part(schema: Mapping, part: Any, at: str, nodes: tuple[str, ...]) -> list[Problem]:
    return [replace(problem, nodes=nodes) for problem in instance_problems(schema, part, at)]


def id_of(node: Any) -> tuple[str, ...]:
    name = node.get("id") if isinstance(node, dict) else None
    return (name,) if isinstance(name, str) else ()
