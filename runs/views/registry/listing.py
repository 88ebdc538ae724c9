"""One page of a list of documents: filtered by the address, cut by slug, so that page 100 costs what page 1 costs."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from governance import documents
from governance.documents import digest
from governance.models import Document, Project
from runs.views import frame

SIZE = 30
LONGEST = 100
STATES = ("live", "changed", "never")


@dataclass(frozen=True, slots=True)
class Listed:
    """A row's document: `body` is the live version, else the draft."""

    document: Document
    body: dict[str, Any]
    changed: bool

    @property
    def slug(self) -> str:
        return self.document.slug

    @property
    def name(self) -> str:
        return self.document.name or self.document.slug

    @property
    def version(self) -> int | None:
        return self.document.active.number if self.document.active else None


@dataclass(frozen=True, slots=True)
class Page:
    """The rows, the addresses of the pages around them ("" for none), and what was asked."""

    rows: list[Listed]
    before: str
    after: str
    asked: dict[str, str]

    @property
    def is_filtered(self) -> bool:
        return any(self.asked.values())


def listed(document: Document) -> Listed:
    draft = documents.draft(document)
    if document.active is None:
        return Listed(document, draft or {}, False)
    changed = draft is not None and digest(draft) != document.active.hash
    return Listed(document, documents.content(document.active), changed)


def page(request: HttpRequest, project: Project, kind: str, fields: tuple[str, ...] = ()) -> Page:
    """One query. `q` looks into slug, name and purpose; `fields` are those of the document that the address filters."""
    asked = {name: request.GET.get(name, "").replace("\0", "")[:LONGEST] for name in ("q", *fields)}
    rows = matching(documents.all_of(project, kind), asked)
    before, after = (request.GET.get(name, "").replace("\0", "")[:LONGEST] for name in ("before", "after"))
    if before:
        found = list(rows.filter(slug__lt=before).order_by("-slug")[: SIZE + 1])
        shown, more_before, more_after = found[:SIZE][::-1], len(found) > SIZE, True
    else:
        found = list((rows.filter(slug__gt=after) if after else rows).order_by("slug")[: SIZE + 1])
        shown, more_before, more_after = found[:SIZE], bool(after), len(found) > SIZE
    kept = {name: text for name, text in asked.items() if text}
    return Page(
        [listed(document) for document in shown],
        address(kept, before=shown[0].slug) if shown and more_before else "",
        address(kept, after=shown[-1].slug) if shown and more_after else "",
        asked,
    )


def matching(rows: QuerySet[Document], asked: dict[str, str]) -> QuerySet[Document]:
    for name, text in asked.items():
        if name == "q" and text:
            said = {"__iregex": f'"(purpose|description)":"([^"\\\\]|\\\\.)*{re.escape(inside(text))}'}
            rows = rows.filter(Q(slug__icontains=text) | Q(name__icontains=text) | body_has(said))
        elif text:
            rows = rows.filter(body_has({"__contains": f'{json.dumps(name)}:"{inside(text)}'}))
    return rows


def body_has(what: dict[str, str]) -> Q:
    """Documents are kept in one canonical form, so that a field and its start can be looked for as they stand."""
    ((lookup, text),) = what.items()
    return Q(**{f"active__content{lookup}": text}) | Q(active=None, **{f"draft{lookup}": text})


def inside(text: str) -> str:
    """The text as it stands between the quotes of JSON."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def address(kept: dict[str, str], **place: str) -> str:
    return "?" + urlencode({**kept, **place})


def wants_part(request: HttpRequest) -> bool:
    """Whether htmx swaps the list alone; where it restores a page of its history, it wants the whole one."""
    return frame.is_fragment(request) and "HX-History-Restore-Request" not in request.headers


def part(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A part of a page: browsers must not keep it for the page itself."""
    answer = render(request, template, context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer
