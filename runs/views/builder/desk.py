"""What the builder's views work on: one flow of one project, its draft, and what this person may do with it."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from flows.cards import CardView, cards
from governance import access, documents
from governance.models import Document, Project
from governance.refusals import Problem
from runs.inspection import Inspection
from runs.views import frame

KIND = "flow"
STAND_IN = "__id__"  # what stands in addresses for a node that is not there yet


class Desk:
    """The draft, or the active version where there is no draft. Reading costs a fixed number of queries."""

    def __init__(self, request: HttpRequest, project: Project, document: Document):
        self.request, self.project, self.document = request, project, document
        self.body: Mapping[str, Any] = body_of(document)

    @property
    def slug(self) -> str:
        return self.document.slug

    @property
    def name(self) -> str:
        name = self.body.get("name")
        return name if isinstance(name, str) and name else self.slug

    @cached_property
    def may_edit(self) -> bool:
        return access.may(self.request.user, self.project, "edit")

    @cached_property
    def may_launch(self) -> bool:
        return access.may(self.request.user, self.project, "launch")

    @property
    def mode(self) -> str:
        return "edit" if self.may_edit else "read"

    @cached_property
    def inspection(self) -> Inspection:
        return Inspection(self.project, self.body)

    @cached_property
    def problems(self) -> list[Problem]:
        return self.inspection.problems

    @cached_property
    def hints(self) -> list[Problem]:
        return self.inspection.hints

    @cached_property
    def cards(self) -> list[CardView]:
        return cards(self.body, self.inspection.lookup, self.problems, self.node_url)

    def node(self, node: str | None) -> Mapping[str, Any] | None:
        return next((found for found in self.body["nodes"] if found["id"] == node), None)

    def take(self, document: Document) -> None:
        """Goes on with the document as it was just saved."""
        self.document, self.body = document, body_of(document)
        for name in ("inspection", "problems", "hints", "cards"):
            self.__dict__.pop(name, None)

    def url(self, name: str, *more: Any) -> str:
        return reverse(name, args=[self.project.slug, self.slug, *more])

    def node_url(self, node: str) -> str:
        if not hasattr(self, "_node_url"):
            self._node_url = self.url("flow-node", STAND_IN)  # reversing 500 times costs more than the cards
        return self._node_url.replace(STAND_IN, node)

    @property
    def summary(self) -> dict[str, Any]:
        """`{errors, warnings, nodes: {id: error | warning}}`."""
        severities = [problem.severity for problem in self.problems]
        marked = {card.id: card.problem for card in self.cards if card.problem}
        return {"errors": severities.count("error"), "warnings": severities.count("warning"), "nodes": marked}


def desk_of(request: HttpRequest, project: str, slug: str, right: str = "read") -> Desk:
    """The access loader of every builder view. Raises SignInNeeded, NotFound, Forbidden."""
    found = frame.project(request, project, right)
    return Desk(request, found, documents.load(found, KIND, slug))


def body_of(document: Document) -> Mapping[str, Any]:
    if document.draft is not None:
        return documents.draft(document)
    if document.active is not None:
        return documents.content(document.active)
    return {"kind": KIND, "slug": document.slug, "nodes": [], "edges": []}
