"""The kind `flow` among the documents: its schema, its check, and what it refers to."""

from collections.abc import Mapping

from flows.check import check
from flows.checks.drawing import Lookup
from flows.checks.references import references_of
from flows.schema import SCHEMA
from governance.documents.kinds import register_kind
from governance.documents.lookup import content, resolve
from governance.models import Project
from governance.refusals import Problem


def register() -> None:
    register_kind("flow", "flows", SCHEMA, check_in, references_of)


def check_in(document: Mapping, project: Project) -> list[Problem]:
    """What is wrong with a flow that would be published in `project`."""
    return check(document, lookup_in(project, document))


def lookup_in(project: Project, document: Mapping) -> Lookup:
    """Reads what the document names in two queries, and what lies behind that (flows of flows) one by one."""
    named = {(kind, ref) for kind, ref, _ in references_of(document)}
    found = resolve(project, named)

    def lookup(kind: str, ref: str) -> Mapping | None:
        if (kind, ref) not in found and (kind, ref) not in named:
            named.add((kind, ref))
            found.update(resolve(project, [(kind, ref)]))
        version = found.get((kind, ref))
        return version and content(version)

    return lookup
