"""What is wrong with a flow: every problem with its place, its nodes, and a sentence that says what to do.

Rules 1, 3, 5 and 9 of the contract's section 4, and whatever else can be seen before a run. A document that does not
fit the schema is not looked at further. Errors stop publishing; warnings stop nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from flows.checks.drawing import Drawing, Lookup
from flows.checks.fields import fields
from flows.checks.fits import fits
from flows.checks.loops import loops
from flows.checks.references import references
from flows.checks.schemas import schemas
from flows.checks.scope import scope
from flows.checks.structure import structure
from flows.schema import SCHEMA
from governance.refusals import Problem
from governance.schemas import instance_problems


def check(document: Mapping, lookup: Lookup) -> list[Problem]:
    """Every problem of a flow document, in the order of what to mend first.

    `lookup(kind, ref)` gives the content of an agent, a tool or a flow ("slug" or "slug@3"), None where there is
    none. Nothing else is read, so the same document and the same answers give the same problems.
    """
    problems = instance_problems(SCHEMA, document)
    if problems:
        return [named(document, problem) for problem in problems]
    drawing = Drawing(document, lookup)
    return [problem for part in CHECKS for problem in part(drawing)]


def named(document: Mapping, problem: Problem) -> Problem:
    """A problem of the schema with the node that it lies in."""
    match problem.pointer.split("/"):
        case ["", "nodes", place, *_] if place.isdigit():
            node = document["nodes"][int(place)]
            if isinstance(node, dict) and isinstance(node.get("id"), str):
                return replace(problem, nodes=(node["id"],))
    return problem


def configs(drawing: Drawing) -> Iterator[Problem]:
    """What each node's type finds in its config."""
    for node, node_type in drawing.typed:
        for problem in node_type.problems(node):
            yield drawing.at_node(problem, node.id)


CHECKS = (structure, loops, configs, schemas, references, scope, fields, fits)
