"""Test runs: a draft as it stands, or one of its nodes, runs without being published.

Design note. Trying something out takes no second path: a test run is a run like any other, through the same gate, the
same gateway and the same journal. It has no version to be pinned to, so its document stands in its first event, next
to its input (`version` is 0); everything that the document names is pinned as at any launch. Storing drafts as
versions that nobody sees was rejected: every reader of versions would have to know better.
"""

from collections.abc import Mapping
from typing import Any

from governance import documents, ids
from governance.models import Document, Project, User, Version
from governance.refusals import Problem, Refused
from runs import launch
from runs.engine.library import DRAFT
from runs.engine.rows import dumps
from runs.inspection import Inspection
from runs.models import Run

TRIGGER = "test"
ENVIRONMENT = "test"


def start(
    project: Project,
    document: Mapping[str, Any],
    input: Any,
    *,
    user: User,
    environment: str = ENVIRONMENT,
    of: Run | None = None,
) -> Run:
    """A run of a flow document that need not be published. `of` is the run whose input this is, as that one holds it.

    Raises Refused with what would stop publishing it, LaunchRefused for an input that does not fit, or a policy's no.
    """
    errors = Inspection(project, document).errors
    if errors:
        raise Refused(errors)
    launch.check_input(document, launch.meant_of(of, input))
    run = Run(
        id=ids.new_id(),
        project=project,
        flow=document["slug"],
        version=DRAFT,
        pins=dumps(documents.pins(project, unpublished(project, document))),
        user=user,
        environment=environment,
        trigger=TRIGGER,
    )
    born, _ = launch.start(run, input, labels={}, document=document, of=of)
    return born


def unpublished(project: Project, document: Mapping[str, Any]) -> Version:
    """The document in the shape of a version, not stored: what it names is looked up as at any launch."""
    flow = Document(project=project, kind="flow", slug=document["slug"])
    return Version(
        document=flow,
        number=DRAFT,
        content=documents.canonical(document),
        hash=documents.digest(document),
    )


def problems_of(refusal: launch.LaunchRefused) -> list[Problem]:
    """What to show of a refusal: the problems of the input, else its one sentence."""
    return list(refusal.errors) or [Problem("", refusal.detail, refusal.code)]
