"""Documents as files: `{kind}s/{slug}.yaml`, out and in again.

Exporting, applying and exporting again gives the same bytes; applying the same text makes no new version.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from governance.access import SLUG
from governance.documents import lookup, verbs, yaml_text
from governance.documents.kinds import KINDS, UnknownKind, kind_named
from governance.models import Document, Project, User, Version
from governance.refusals import Problem, Refused, refuse_errors


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one file: the version it is now, whether that is new, and which was active before."""

    file: str
    kind: str
    slug: str
    version: int
    created: bool
    was: int | None = None


@dataclass(frozen=True, slots=True)
class _Source:
    file: str
    kind: str
    slug: str
    body: Mapping[str, Any]


def export_documents(project: Project) -> dict[str, str]:
    """{"flows/support.yaml": text} of every active version, in the order of the paths."""
    active = Document.objects.filter(project=project, active__isnull=False).select_related("active")
    plurals = {kind.name: kind.plural for kind in KINDS.values()}
    texts = {
        f"{plurals[document.kind]}/{document.slug}.yaml": yaml_text.dump(lookup.content(document.active))
        for document in active
        if document.kind in plurals
    }
    return dict(sorted(texts.items()))


def apply(project: Project, texts: Mapping[str, str], by: User | None) -> list[Applied]:
    """Publishes and activates the documents in `texts` {file name: YAML}, all of them or none.

    They may name each other in any order. Raises Refused with every problem of every file, each with its file.
    """
    sources, problems = _read(texts)
    with transaction.atomic():
        before = [_active_number(project, source) for source in sources]
        made = [_write(project, source, by) for source in sources]
        for source, (version, _) in zip(sources, made, strict=True):
            found = lookup.problems_of(project, source.kind, lookup.content(version))
            problems += _in_file(source.file, found)
        refuse_errors(problems)
    return [
        Applied(source.file, source.kind, source.slug, version.number, created, was)
        for source, (version, created), was in zip(sources, made, before, strict=True)
    ]


def _active_number(project: Project, source: _Source) -> int | None:
    found = Document.objects.filter(project=project, kind=source.kind, slug=source.slug)
    return found.values_list("active__number", flat=True).first()


def _write(project: Project, source: _Source, by: User | None) -> tuple[Version, bool]:
    return verbs.write_body(project, source.kind, source.slug, source.body, by, keep_active=True)


def _read(texts: Mapping[str, str]) -> tuple[list[_Source], list[Problem]]:
    """The documents of all files, and what is wrong with them before anything is written."""
    sources: list[_Source] = []
    problems: list[Problem] = []
    seen: dict[tuple[str, str], str] = {}
    for file, text in texts.items():
        try:
            bodies = [body for body in yaml_text.load_all(text) if body is not None]
        except yaml_text.NotYaml as error:
            problems.append(
                Problem("", f"This is not the YAML of a document: {error}.", "not_yaml", file=file)
            )
            continue
        if not bodies:
            problems.append(Problem("", "There is no document in this file.", "not_yaml", file=file))
        for body in bodies:
            problems += _in_file(file, _add_source(file, body, sources, seen))
    return sources, problems


def _add_source(
    file: str, body: Any, sources: list[_Source], seen: dict[tuple[str, str], str]
) -> list[Problem]:
    if not isinstance(body, dict):
        return [Problem("", "A document is an object with the fields kind and slug.", "type")]
    name, slug = body.get("kind"), body.get("slug")
    if not isinstance(name, str) or not isinstance(slug, str) or not SLUG.match(slug):
        sentence = (
            "A document needs its kind, and its slug of 1 to 64 of the characters a-z, 0-9 and the hyphen."
        )
        return [Problem("", sentence, "missing_field")]
    try:
        kind = kind_named(name)
        verbs.refuse_unfit(kind.name, slug, body)
    except UnknownKind as error:
        return [Problem("/kind", str(error), "unknown_kind")]
    except Refused as refused:
        return list(refused.problems)
    if (kind.name, slug) in seen:
        other = seen[kind.name, slug]
        return [Problem("/slug", f"The {kind.name} {slug!r} is in {other} too: keep one.", "given_twice")]
    seen[kind.name, slug] = file
    sources.append(_Source(file, kind.name, slug, body))
    return []


def _in_file(file: str, problems: Iterable[Problem]) -> list[Problem]:
    return [replace(problem, file=file) for problem in problems]
