"""One edit of the draft: operations are applied, the draft is kept, all or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.drawing import CannotDraw, apply
from governance import documents
from governance.refusals import Problem, Refused
from runs.views.builder import answers
from runs.views.builder.desk import KIND, Desk


@dataclass(frozen=True)
class Edit:
    """What was done and what undoes it, the revision it was done on, and the nodes that look different now."""

    label: str
    base: int
    operations: Sequence[Mapping[str, Any]]
    inverse: Sequence[Mapping[str, Any]]
    nodes: set[str]

    def event(self, desk: Desk) -> dict[str, Any]:
        return answers.event_of(desk, self.label, self.base, self.operations, self.inverse, self.nodes)


def edit(
    desk: Desk, operations: Sequence[Mapping[str, Any]], label: str = "", revision: int | None = None
) -> Edit:
    """Applies operations to the draft and keeps it; `desk` goes on with what was saved.

    Raises CannotDraw, governance's Stale where the draft is not at `revision` (its own where None), Refused.
    """
    base = desk.document.revision if revision is None else revision
    if base != desk.document.revision:
        raise documents.Stale(desk.document)
    before = desk.body
    drawn = apply(before, operations)
    saved = documents.keep_working_draft(
        desk.project, KIND, desk.slug, drawn.document, desk.request.user, base
    )
    desk.take(saved)
    desk.body = drawn.document  # what was saved, with the nodes that did not change as the same objects
    return Edit(label, base, operations, drawn.inverse, answers.changed(before, drawn.document))


def refusal(error: CannotDraw | Refused) -> str:
    """One sentence for whoever drew it."""
    if isinstance(error, CannotDraw):
        return error.detail
    return " ".join(sentence(problem) for problem in error.problems[:3])


def sentence(problem: Problem) -> str:
    return f"{problem.pointer}: {problem.message}" if problem.pointer else problem.message
