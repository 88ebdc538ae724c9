"""Reading documents: by slug, by reference, by moment, and what is wrong with a body besides its schema."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from governance.access import SLUG
from governance.documents.kinds import Kind, kind_named
from governance.models import Activation, Document, Project, Version
from governance.refusals import NotFound, Problem

PARSED_KEPT = 1024
_parsed: dict[str, dict[str, Any]] = {}


def load(project: Project, kind: str, slug: str, *, archived: bool = False) -> Document:
    """The document with its active version. Raises NotFound, also for an archived one unless `archived`."""
    name = kind_named(kind).name
    documents = Document.objects.select_related("active", "project")
    found = documents.filter(project=project, kind=name, slug=slug).first() if SLUG.match(slug) else None
    if found is None or (found.archived_at and not archived):
        raise NotFound(f"There is no {name} {slug!r} in this project.")
    return found


def all_of(project: Project, kind: str) -> QuerySet[Document]:
    """The documents of a kind that are not archived, with their active versions, newest first."""
    found = Document.objects.filter(project=project, kind=kind_named(kind).name, archived_at=None)
    return found.select_related("active").order_by("-id")


def find(project: Project, kind: str, ref: str) -> Version:
    """The version behind "slug" (the active one) or "slug@3". Raises NotFound with a sentence on what to do."""
    kind = kind_named(kind).name
    version = resolve(project, [(kind, ref)]).get((kind, ref))
    if version is None:
        raise NotFound(missing_sentence(project, kind, ref))
    return version


def content(version: Version) -> dict[str, Any]:
    """The parsed document of a version. It is shared between callers: read it, don't change it."""
    # By hash, not by id: an id can come again after a rollback, a hash cannot.
    found = _parsed.get(version.hash)
    if found is None:
        found = json.loads(version.content)
        if len(_parsed) >= PARSED_KEPT:
            _parsed.pop(next(iter(_parsed)), None)
        _parsed[version.hash] = found
    return found


def draft(document: Document) -> dict[str, Any] | None:
    """The parsed draft, or None."""
    return None if document.draft is None else json.loads(document.draft)


def as_of(document: Document, moment: datetime) -> Activation | None:
    """The activation in force at `moment`, with its version; None where nothing was active."""
    made = document.activations.filter(at__lte=moment).select_related("version", "by")
    found = made.order_by("-at", "-id").first()
    return found if found and found.version_id else None


def pinned(project: Project, pins: Mapping[str, int]) -> dict[str, Version]:
    """The versions that `pins` name, by the same keys, archived ones too: {"agents/x": 3} and {"agents/x@3": 3}."""
    wanted = {
        key: (kind_named(plural).name, f"{ref.partition('@')[0]}@{number}")
        for key, number in pins.items()
        for plural, _, ref in (key.partition("/"),)
    }
    found = resolve(project, wanted.values(), archived=True)
    return {key: found[name] for key, name in wanted.items() if name in found}


def problems_of(project: Project, kind: str, body: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with a body that fits its schema: the kind's own check, and dead references."""
    found = kind_named(kind)
    own = list(found.check(body, project))
    told = {problem.pointer for problem in own}
    return own + [problem for problem in dead_references(project, found, body) if problem.pointer not in told]


def dead_references(project: Project, kind: Kind, body: Mapping[str, Any]) -> list[Problem]:
    """A problem for each reference of `body` that leads to no version."""
    references = list(kind.references(body))
    live = resolve(project, [(to, ref) for to, ref, _ in references])
    return [
        Problem(at, missing_sentence(project, to, ref), "dead_reference")
        for to, ref, at in references
        if (to, ref) not in live
    ]


def resolve(
    project: Project, refs: Iterable[tuple[str, str]], *, archived: bool = False
) -> dict[tuple[str, str], Version]:
    """The versions behind (kind, "slug" or "slug@3"), those that there are, in two queries at most."""
    active, numbered = _sorted_out(refs)
    found: dict[tuple[str, str], Version] = {}
    if active:
        documents = Document.objects.filter(_any_of(active), project=project, active__isnull=False)
        for document in documents.select_related("active"):
            document.active.document = document
            found[document.kind, document.slug] = document.active
    if numbered:
        versions = Version.objects.select_related("document").filter(
            _any_of({name[:2] for name in numbered}, "document__"),
            document__project=project,
            number__in={number for _, _, number in numbered},
        )
        for version in versions if archived else versions.filter(document__archived_at=None):
            kind, slug = version.document.kind, version.document.slug
            if (kind, slug, version.number) in numbered:
                found[kind, f"{slug}@{version.number}"] = version
    return found


def missing_sentence(project: Project, kind: str, ref: str) -> str:
    """Why `ref` leads nowhere, and what to do."""
    slug, at, number = ref.partition("@")
    if not SLUG.match(slug):
        return f"{slug[:64]!r} is no slug: name the {kind} by up to 64 of the characters a-z, 0-9 and the hyphen."
    document = Document.objects.filter(project=project, kind=kind, slug=slug, archived_at=None).first()
    if document is None:
        return f"There is no {kind} {slug!r} in this project: create and publish it, or name another."
    newest = document.versions.order_by("-number").first()
    if newest is None:
        return f"The {kind} {slug!r} was never published: publish it first."
    if at:
        return f"The {kind} {slug!r} has no version {number}: its newest is {newest.number}."
    return f"The {kind} {slug!r} has no active version: activate one first."


def _sorted_out(
    refs: Iterable[tuple[str, str]],
) -> tuple[set[tuple[str, str]], set[tuple[str, str, int]]]:
    active, numbered = set(), set()
    for kind, ref in refs:
        slug, at, number = ref.partition("@")
        if not SLUG.match(slug):
            continue
        if not at:
            active.add((kind, slug))
        elif number.isascii() and number.isdigit() and len(number) < 10 and number == str(int(number)):
            numbered.add((kind, slug, int(number)))
    return active, numbered


def _any_of(names: Iterable[tuple[str, str]], prefix: str = "") -> Q:
    by_kind: dict[str, list[str]] = {}
    for kind, slug in names:
        by_kind.setdefault(kind, []).append(slug)
    conditions = Q()
    for kind, slugs in by_kind.items():
        conditions |= Q(**{f"{prefix}kind": kind, f"{prefix}slug__in": slugs})
    return conditions
