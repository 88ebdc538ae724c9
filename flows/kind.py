"""The kind `flow` among the documents: its schema, its check, and what it refers to."""

from collections.abc import Iterable, Mapping

from flows.check import check
from flows.checks.drawing import Lookup
from flows.checks.fitting import Fitted, fitted
from flows.checks.references import references_of
from flows.schema import SCHEMA
from governance.documents.kinds import kind_named, register_kind
from governance.documents.lookup import content, resolve
from governance.models import Project, Version
from governance.refusals import Problem

CHECKED = frozenset({"agent", "tool", "flow"})


def register() -> None:
    register_kind("flow", "flows", SCHEMA, check_in, references_of)


def check_in(document: Mapping, project: Project) -> list[Problem]:
    """What is wrong with a flow that would be published in `project`."""
    return check(document, lookup_in(project, document))


def lookup_in(project: Project, document: Mapping) -> Lookup:
    """Reads what the document names, and what lies behind that."""
    return lookup_of(project, fitted(document))


def lookup_of(project: Project, found: Fitted) -> Lookup:
    """The same, for a document that was looked at already; of one that does not fit, what does is read.

    What its agents and flows name is read along, level by level: as many queries as flows lie within flows, however
    many nodes there are.
    """
    named: set[tuple[str, str]] = set()
    versions: dict[tuple[str, str], Version] = {}
    missing = names(references_of(found.document or {}))
    while missing:
        named |= missing
        new = resolve(project, missing)
        versions |= new
        below = (kind_named(kind).references(content(version)) for (kind, _), version in new.items())
        missing = {name for references in below for name in names(references)} - named

    def lookup(kind: str, ref: str) -> Mapping | None:
        if (kind, ref) not in named:
            named.add((kind, ref))
            versions.update(resolve(project, [(kind, ref)]))
        version = versions.get((kind, ref))
        return version and content(version)

    return lookup


def names(references: Iterable[tuple[str, str, str]]) -> set[tuple[str, str]]:
    """(kind, ref) of those that a flow can be checked by."""
    return {(kind, ref) for kind, ref, _ in references if kind in CHECKED}
