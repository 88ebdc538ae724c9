"""The kinds of documents: what an upper layer registers when it starts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from governance import schemas
from governance.models import Project
from governance.refusals import NotFound, Problem

Body = Mapping[str, Any]
Checks = Callable[[Body, Project], Iterable[Problem]]
References = Callable[[Body], Iterable[tuple[str, str, str]]]


class UnknownKind(NotFound):
    """There is no such kind of document."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of document.

    `schema` is the published JSON Schema; `check` finds what a schema cannot say, for bodies that fit it;
    `references` lists (kind, "slug" or "slug@3", JSON pointer) of the documents that a body names; `mentions` those
    that it can do without: a run pins them where they exist.
    """

    name: str
    plural: str
    schema: Mapping
    check: Checks
    references: References
    mentions: References

    @property
    def validator(self) -> jsonschema_rs.Validator:
        return schemas.compiled(self.schema)


KINDS: dict[str, Kind] = {}  # by plural, as in addresses and folders: "agents"
_by_name: dict[str, Kind] = {}


def register_kind(
    kind: str,
    plural: str,
    schema: Mapping,
    check: Checks | None = None,
    references: References | None = None,
    mentions: References | None = None,
) -> Kind:
    """Makes `kind` known, from AppConfig.ready. Registering again replaces it; a wrong schema raises at the start."""
    made = Kind(
        kind, plural, schema, check or _nothing_more, references or _nothing_named, mentions or _nothing_named
    )
    _ = made.validator
    KINDS[plural] = _by_name[plural] = _by_name[kind] = made
    return made


def kind_named(name: str) -> Kind:
    """The kind called `name`, singular or plural. Raises UnknownKind."""
    kind = _by_name.get(name)
    if kind is None:
        raise UnknownKind(
            f"There is no kind of document called {name!r}; there are {', '.join(sorted(KINDS))}."
        )
    return kind


def _nothing_more(body: Body, project: Project) -> list[Problem]:
    return []


def _nothing_named(body: Body) -> list[tuple[str, str, str]]:
    return []
