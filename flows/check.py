"""What is wrong with a flow: every problem with its place, its nodes, and a sentence that says what to do.

Rules 1, 3, 5 and 9 of the contract's section 4, and whatever else can be seen before a run. Where a node does not fit
the schema the checks go on with everything else. Errors stop publishing; warnings stop nothing.
"""

from collections.abc import Iterator, Mapping

from flows.checks.crews import crews
from flows.checks.drawing import Drawing, Lookup
from flows.checks.fields import fields
from flows.checks.fits import fits
from flows.checks.fitting import Fitted, fitted
from flows.checks.loops import loops
from flows.checks.references import references
from flows.checks.schemas import schemas
from flows.checks.scope import scope
from flows.checks.state import state
from flows.checks.structure import structure
from governance.refusals import Problem


def check(document: Mapping, lookup: Lookup) -> list[Problem]:
    """Every problem of a flow document, in the order of what to mend first.

    `lookup(kind, ref)` gives the content of an agent, a tool or a flow ("slug" or "slug@3"), None where there is
    none. Nothing else is read, so the same document and the same answers give the same problems.
    """
    found = fitted(document)
    return check_drawing(found, drawing_of(found, lookup))


def drawing_of(found: Fitted, lookup: Lookup) -> Drawing | None:
    return None if found.document is None else Drawing(found.document, lookup)


def check_drawing(found: Fitted, drawing: Drawing | None) -> list[Problem]:
    """The same, of a document that was looked at already."""
    problems = list(found.problems)
    if drawing is not None:
        for part in CHECKS:
            problems += [found.placed(problem) for problem in part(drawing) if not found.told(problem)]
    return problems


def configs(drawing: Drawing) -> Iterator[Problem]:
    """What each node's type finds in its config."""
    for node, node_type in drawing.typed:
        for problem in node_type.problems(node):
            yield drawing.at_node(problem, node.id)


CHECKS = (structure, loops, configs, schemas, references, scope, fields, fits, crews, state)
